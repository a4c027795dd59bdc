"""Limits on what a project holds and sends, at the use cases that add to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.bench import PROJECT, Bench, keyed
from tests.support.parts import begun, done, part
from vectorlog.domain.errors import Forbidden, QuotaReached, RateLimited
from vectorlog.domain.project_limits import Limits
from vectorlog.domain.tenancy import Caller
from vectorlog.limits import limiter
from vectorlog.limits.limiter import Limiter
from vectorlog.use_cases import limits, uploaded_files, vector_stores

OURS = PROJECT.caller.project
OTHER = replace(PROJECT, caller=Caller("other"))


@pytest.fixture
def limited(bench: Bench) -> Bench:
    """A deployment with small limits."""
    allowed = Limits(stored_bytes=10, files=3, stores=2, requests_per_second=4, files_per_minute=5)
    bench.deployment = replace(bench.deployment, limits=Limiter(allowed))
    return bench


def test_counts_are_what_is_there(limited: Bench) -> None:
    """Counts follow creates and deletes, and projecting a commit again changes nothing."""
    bench, views = limited, limited.deployment.views
    file, store = bench.upload("alpha"), bench.store()
    bench.upload("beta", OTHER)
    assert views.project_counts(OURS) == {"stored_bytes": 5, "files": 1, "stores": 1}
    views.apply([bench.deployment.streams.decode(commit) for commit in bench.log.scan()])
    assert views.project_counts(OURS) == {"stored_bytes": 5, "files": 1, "stores": 1}
    assert views.project_counts("other") == {"stored_bytes": 4, "files": 1, "stores": 0}
    uploaded_files.delete(bench.deployment, PROJECT, file)
    vector_stores.delete(bench.deployment, PROJECT, store)
    views.apply([bench.deployment.streams.decode(commit) for commit in reversed(list(bench.log.scan()))])
    assert views.project_counts(OURS) == {"stored_bytes": 0, "files": 0, "stores": 0}


def test_bytes(limited: Bench) -> None:
    """Bytes up to the limit fit; what exceeds it is refused before anything is stored, and names the limit."""
    limited.upload("12345")
    with pytest.raises(QuotaReached, match="stored_bytes") as refused:
        limited.upload("123456")
    assert (refused.value.limit, refused.value.most, refused.value.remaining) == ("stored_bytes", 10, 5)
    assert len(list(limited.blobs.list("files/"))) == 1
    limited.upload("12345")
    limited.upload("1234567890", OTHER)


def test_repeated_requests_are_not_refused(limited: Bench) -> None:
    """A repeated request that has succeeded before succeeds again, though the project is full by then."""
    actor = keyed("k", "body", route="POST /files")
    first = limited.upload("1234567890", actor)
    assert limited.upload("1234567890", actor) == first


def test_uploads_in_parts(limited: Bench) -> None:
    """An upload is checked when it is created, with each part before it is stored, and at complete, whatever has taken
    the room meanwhile; one that is refused stays pending, and what was completed is not refused when repeated.
    """
    with pytest.raises(QuotaReached, match="stored_bytes"):
        begun(limited, 11)
    one, other = begun(limited, 6), begun(limited, 6)
    first, late = part(limited, one, b"123456"), part(limited, other, b"123456")
    done(limited, one, [first])
    kept = list(limited.blobs.list("uploads/"))
    with pytest.raises(QuotaReached, match="stored_bytes"):
        part(limited, other, b"1234")
    with pytest.raises(QuotaReached, match="stored_bytes"):
        done(limited, other, [late])
    assert list(limited.blobs.list("uploads/")) == kept
    file = done(limited, one, [first]).file
    assert file is not None
    uploaded_files.delete(limited.deployment, PROJECT, file.id)
    assert done(limited, other, [late]).file is not None


def test_repeated_uploads_in_parts(limited: Bench) -> None:
    """A repeated creation or part succeeds again, though the project is full by then."""
    creates, adds = keyed("k", "body", route="POST /uploads"), keyed("k", "body", route="POST /uploads/parts")
    id = begun(limited, 4, creates)
    first = part(limited, id, b"1234", adds)
    limited.upload("1234567890")
    assert begun(limited, 4, creates) == id
    assert part(limited, id, b"1234", adds) == first


def test_stores(limited: Bench) -> None:
    """So many stores fit; a deleted one makes room."""
    store, _ = limited.store(), limited.store()
    with pytest.raises(QuotaReached, match=" stores"):
        limited.store()
    limited.store(OTHER)
    vector_stores.delete(limited.deployment, PROJECT, store)
    limited.store()


def test_files_a_minute(limited: Bench) -> None:
    """So many files may be attached in a minute of the clock; more than that at once never fit."""
    made, clock = limited.deployment, limited.clock
    clock.advance(60_000 - clock() % 60_000)
    with pytest.raises(QuotaReached, match="smaller"):
        limits.count_files(made, OURS, 6)
    allowance = limits.count_files(made, OURS, 4)
    assert allowance is not None
    assert (allowance.most, allowance.remaining, allowance.reset_ms) == (5, 1, 60_000)
    clock.advance(1_000)
    with pytest.raises(RateLimited, match="files_per_minute") as refused:
        limits.count_files(made, OURS, 2)
    assert (refused.value.remaining, refused.value.reset_ms) == (1, 59_000)
    limits.count_files(made, "other", 5)
    limits.count_files(made, OURS, 1)
    clock.advance(59_000)
    limits.count_files(made, OURS, 5)


def test_requests(limited: Bench) -> None:
    """So many requests are admitted in a second of the clock."""
    limited.clock.advance(1000 - limited.clock() % 1000)
    for _ in range(4):
        assert limits.count_request(limited.deployment, OURS)
    with pytest.raises(RateLimited, match="requests_per_second") as refused:
        limits.count_request(limited.deployment, OURS)
    assert refused.value.reset_ms == 1000
    limited.clock.advance(1000)
    assert limits.count_request(limited.deployment, OURS)


def test_no_limits(bench: Bench) -> None:
    """Without limits nothing is counted, and nothing but the project's own limits is read."""
    assert limits.count_request(bench.deployment, OURS) is limits.count_files(bench.deployment, OURS, 2000) is None
    bench.deployment.limits.known.get(OURS, bench.clock(), lambda: pytest.fail("looked up again"))
    limits.require_room(replace(bench.deployment, views=None), OURS, stored_bytes=1, files=1, stores=1)  # type: ignore[arg-type]  # is not used


def test_changes(limited: Bench) -> None:
    """A change is in force at once where it was made, and elsewhere after a while."""
    elsewhere = replace(limited.deployment, limits=Limiter(limited.deployment.limits.defaults))
    limits.require_room(elsewhere, OURS, files=3)
    changed = limits.change(limited.deployment, PROJECT, OURS, {"files": 1}, ceilings=True)
    assert changed.limits.files == limits.get(elsewhere, OURS).limits.files == 1
    with pytest.raises(QuotaReached):
        limits.require_room(limited.deployment, OURS, files=2)
    limits.require_room(elsewhere, OURS, files=2)
    limited.clock.advance(limiter.REMEMBERED_MS)
    with pytest.raises(QuotaReached):
        limits.require_room(elsewhere, OURS, files=2)
    limits.require_room(limited.deployment, "other", files=2)


def test_the_project_only_tightens(limited: Bench) -> None:
    """An administrator of the project may not loosen what the deployment has set, and changes nothing by trying."""
    for looser in (0, 4):
        with pytest.raises(Forbidden, match="3 at most"):
            limits.change(limited.deployment, PROJECT, OURS, {"stores": 1, "files": looser}, ceilings=False)
    assert limits.get(limited.deployment, OURS).limits == limited.deployment.limits.defaults
    assert limits.change(limited.deployment, PROJECT, OURS, {"files": 2}, ceilings=False).limits.files == 2
