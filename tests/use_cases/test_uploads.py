"""Uploads in parts: nothing that was sent is lost, and nothing that was not kept stays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex, Lost, keyed
from tests.support.parts import begun, done, part
from vectorlog.domain import upload
from vectorlog.domain.errors import Conflict, Invalid, KeyReused, NoSpace, NotFound
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import UPLOAD
from vectorlog.files.blobs import BlobChanged
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.use_cases import store_files, uploaded_files, uploads
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.upload_parts import DIRECT, folder, part_key
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.use_cases.uploads import ReceivedPart, UploadView

ALL = PageRequest(100)


def files(bench: Bench) -> list[str]:
    return [view.id for view in uploaded_files.list_page(bench.deployment, PROJECT, ALL, None, None).items]


def kept(bench: Bench, id: str) -> list[str]:
    return sorted(bench.blobs.list(folder(id)))


def assert_clean(bench: Bench) -> None:
    assert list(differences(bench.deployment, folded_log.read(bench.deployment))) == []


def test_parts_at_once(bench: Bench) -> None:
    """A hundred parts that arrive in the same moment are all there: no part waits for another's stream."""
    id = begun(bench, 200)
    with ThreadPoolExecutor(100) as threads:
        parts = list(threads.map(lambda number: part(bench, id, bytes([number]) * 2), range(100)))
    view = done(bench, id, parts)
    assert view.file is not None
    assert bench.blobs.read(blob_key(view.file.id, view.file.state.sha256)) == b"".join(
        bytes([number]) * 2 for number in range(100)
    )
    assert bench.deployment.streams.load(UPLOAD, id).version == 1


def _complete(bench: Bench, id: str, parts: list[str]) -> object:
    return done(bench, id, parts)


def _add(bench: Bench, id: str, parts: list[str]) -> object:
    return part(bench, id, b"late", keyed("late", "late"))


def _cancel(bench: Bench, id: str, parts: list[str]) -> object:
    return uploads.cancel(bench.deployment, PROJECT, id)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("step", [_complete, _add, _cancel])
def test_cut(tmp_path: Path, step: Callable[[Bench, str, list[str]], object], repeated: bool, after: bool) -> None:
    """Wherever a request dies, repeating it has the effect of one; and without a repetition the work that follows
    leaves the upload either pending or wholly ended.
    """
    for call in range(1, 20):
        (tmp_path / str(call)).mkdir()
        bench = Bench(tmp_path / str(call), index=DictIndex())
        id = begun(bench, 4)
        parts = [part(bench, id, b"ab"), part(bench, id, b"cd")]
        try:
            with bench.faults.dying(call, after=after):
                step(bench, id, parts)
            died = False
        except Lost:
            died = True
        if repeated:
            step(bench, id, parts)
        bench.pump.settle()
        state = bench.deployment.streams.load(UPLOAD, id).state
        if state.ended == "completed":
            assert files(bench) == [state.file]
            assert bench.blobs.read(blob_key(state.file, state.sha256)) == b"abcd"
        else:
            assert files(bench) == []
        if state.ended:
            assert kept(bench, id) == []
            assert_clean(bench)
        elif step is _complete:  # the parts are still there, so it can be completed
            assert done(bench, id, parts).file is not None
        bench.close()
        if not died:
            return
    raise AssertionError("a request has fewer calls than this")


class TestRaces:
    """Requests that meet in the middle of a complete."""

    def joining(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
        """Has something happen once the bytes are joined."""
        join = bench.blobs.join

        def joined(*arguments: object) -> None:
            monkeypatch.setattr(bench.blobs, "join", join)
            join(*arguments)  # type: ignore[arg-type]
            meanwhile()

        monkeypatch.setattr(bench.blobs, "join", joined)

    def test_cancelled(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """If a cancel is first, there is no file, and the work that follows removes its bytes."""
        id = begun(bench, 2)
        parts = [part(bench, id, b"ab")]
        self.joining(bench, monkeypatch, lambda: uploads.cancel(bench.deployment, PROJECT, id))
        with pytest.raises(Invalid, match="cancelled"):
            done(bench, id, parts)
        bench.pump.settle()
        assert files(bench) == list(bench.blobs.list("")) == []
        assert_clean(bench)

    def test_other_parts(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of two completes with different parts one wins, and the other is refused."""
        id = begun(bench, 4)
        one, two = part(bench, id, b"ab"), part(bench, id, b"cd")
        self.joining(bench, monkeypatch, lambda: done(bench, id, [two, one]))
        with pytest.raises(Invalid, match="completed"):
            done(bench, id, [one, two])
        bench.pump.settle()
        [file] = files(bench)
        assert list(bench.blobs.list("")) == [blob_key(file, hashlib.sha256(b"cdab").hexdigest())]
        assert_clean(bench)

    def test_same_parts(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two completes with the same parts answer the same, also if the parts are gone when the second reads them."""
        id = begun(bench, 2)
        parts = [part(bench, id, b"ab")]
        join, answers = bench.blobs.join, list[UploadView]()

        def late(*arguments: object) -> None:
            monkeypatch.setattr(bench.blobs, "join", join)
            answers.append(done(bench, id, parts))
            bench.pump.settle()
            join(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(bench.blobs, "join", late)
        assert done(bench, id, parts).file == answers[0].file
        assert_clean(bench)

    def test_replaced(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """If a direct part is sent again while it is read, the request is a conflict and can be repeated."""
        id = begun(bench, 2)
        parts = [part(bench, id, b"ab")]

        def changed(*_: object) -> None:
            raise BlobChanged("key")

        with monkeypatch.context() as patch:
            patch.setattr(bench.blobs, "join", changed)
            with pytest.raises(Conflict):
                done(bench, id, parts)
        assert done(bench, id, parts).file is not None


def test_no_room(bench: Bench) -> None:
    """A file that would not fit the disk is refused in the middle, and nothing of it stays."""
    id = begun(bench, 6_000_000)
    parts = [part(bench, id, b"x" * 3_000_000) for _ in range(2)]
    left = 5_000_000

    def take(length: int) -> None:
        nonlocal left
        left -= length
        if left < 0:
            raise NoSpace("full")

    with pytest.raises(NoSpace):
        uploads.complete(bench.deployment, PROJECT, id, parts, None, take)
    assert list((bench.folder / "staging").iterdir()) == []
    assert list(bench.blobs.list("files/")) == []
    assert done(bench, id, parts).file is not None


class TestExpiry:
    def test_after_an_hour(self, bench: Bench) -> None:
        """At that millisecond nothing can be added, and the status says so; the sweep removes the parts."""
        id = begun(bench, 2)
        parts = [part(bench, id, b"ab")]
        bench.clock.advance(upload.LIFETIME_MS - 1)
        assert bench.pump.sweep() == 0
        late = part(bench, id, b"cd")
        bench.clock.advance(1)
        with pytest.raises(Invalid, match="expired"):
            part(bench, id, b"ef")
        for listed in (parts, [late]):
            with pytest.raises(Invalid, match="expired"):
                done(bench, id, listed)
        cancelled = uploads.cancel(bench.deployment, PROJECT, id)
        assert cancelled.state.status(cancelled.at) == "expired"
        assert len(kept(bench, id)) == 2
        assert bench.pump.sweep() == 1
        bench.pump.settle()
        assert bench.pump.sweep() == 0
        assert kept(bench, id) == []
        assert bench.deployment.streams.load(UPLOAD, id).state.ended == "expired"
        assert_clean(bench)

    def test_completed(self, bench: Bench) -> None:
        """A completed upload has no deadline, and can be completed again after its hour."""
        id = begun(bench, 2)
        parts = [part(bench, id, b"ab")]
        first = done(bench, id, parts)
        bench.clock.advance(2 * upload.LIFETIME_MS)
        assert bench.pump.sweep() == 0
        assert done(bench, id, parts).file == first.file


class TestExpiredFiles:
    def test_gone(self, bench: Bench) -> None:
        """A file is gone in the second in which it expires: for GET, list, content and attach. The sweep removes it
        from its stores, with its bytes.
        """
        file, store = bench.upload("alpha", expires_after_s=3600), bench.store()
        bench.attach(store, file)
        bench.pump.settle()
        expires_at = uploaded_files.get(bench.deployment, PROJECT, file).state.expires_at
        assert expires_at is not None
        bench.clock.now = expires_at - 1
        assert files(bench) == [file]
        bench.clock.advance(1)
        assert files(bench) == []
        for call in (
            lambda: uploaded_files.get(bench.deployment, PROJECT, file),
            lambda: uploaded_files.content(bench.deployment, PROJECT, file),
            lambda: bench.attach(store, file),
            lambda: bench.batch(store, [file]),
        ):
            with pytest.raises(NotFound):
                call()
        assert bench.pump.sweep() == 1
        bench.pump.settle()
        assert bench.find(store, "alpha") == []
        bench.pump.settle()
        with pytest.raises(NotFound):
            store_files.get(bench.deployment, PROJECT, store, file)
        assert list(bench.blobs.list("")) == []
        assert_clean(bench)


class TestKeys:
    def test_repeated(self, bench: Bench) -> None:
        """A repeated request makes no second upload or part; another body is refused and replaces no bytes."""
        actor = keyed("k", "one")
        id = begun(bench, 2, actor)
        assert begun(bench, 2, actor) == id
        first = part(bench, id, b"ab", actor)
        assert part(bench, id, b"ab", actor) == first
        with pytest.raises(KeyReused):
            part(bench, id, b"cd", keyed("k", "two"))
        assert done(bench, id, [first], keyed("c", "x")) == done(bench, id, [first], keyed("c", "x"))
        with pytest.raises(KeyReused):
            done(bench, id, [first], keyed("c", "y"))

    def test_repeated_after_the_end(self, bench: Bench) -> None:
        """A part that was added is answered again after its upload has ended."""
        id, actor = begun(bench, 2), keyed("k", "one")
        first = part(bench, id, b"ab", actor)
        done(bench, id, [first])
        bench.pump.settle()
        assert part(bench, id, b"ab", actor) == first
        assert kept(bench, id) == []


class TestDirect:
    def put(self, bench: Bench, id: str, part_id: str, data: bytes) -> None:
        path = bench.folder / "direct"
        path.write_bytes(data)
        uploads.put_direct(bench.deployment, id, part_id, path)

    def test_whole(self, bench: Bench) -> None:
        """Parts that went straight to the storage make a file if all are there with their sizes."""
        id = begun(bench, 5, direct_part_size=2)
        state = bench.deployment.streams.load(UPLOAD, id).state
        parts = upload.direct_parts(id, state)
        assert list(parts.values()) == [2, 2, 1]
        first, second, third = parts
        self.put(bench, id, first, b"ab")
        self.put(bench, id, second, b"c")
        for place, what, why in ((1, b"cd", "1 are stored"), (2, b"e", "none are stored")):
            with pytest.raises(Invalid, match=why) as caught:
                done(bench, id, None)
            assert caught.value.param == f"part_ids[{place}]"
            self.put(bench, id, (first, second, third)[place], what)
        view = done(bench, id, None)
        assert view.file is not None
        assert bench.blobs.read(blob_key(view.file.id, view.file.state.sha256)) == b"abcde"
        with pytest.raises(Invalid, match="completed"):
            self.put(bench, id, first, b"xy")

    def test_keys(self) -> None:
        """A direct part has one key, which the client's address names."""
        assert part_key("upload_1", "part_2", DIRECT) == "uploads/upload_1/part_2/direct"


def test_other_callers(bench: Bench) -> None:
    """An upload of another project does not exist, for any request."""
    id = begun(bench, 2)
    first = part(bench, id, b"ab")
    stranger = Actor(Caller("other"), "req_2")
    for call in (
        lambda: part(bench, id, b"x", stranger),
        lambda: done(bench, id, [first], stranger),
        lambda: uploads.cancel(bench.deployment, stranger, id),
    ):
        with pytest.raises(NotFound, match=id):
            call()
    received = ReceivedPart(Path("absent"), 1, "00")
    with pytest.raises(NotFound):
        uploads.add_part(bench.deployment, stranger, id, received)
