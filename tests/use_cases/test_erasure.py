"""Erased things: nothing of their names, attributes and texts is left anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench
from tests.support.parts import begun, done, part
from vectorlog.domain import project_limits
from vectorlog.domain.errors import NotFound
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.domain.upload import direct_parts
from vectorlog.event_log.codec import API_KEY, UPLOAD
from vectorlog.event_log.decision import AnyDecision
from vectorlog.files import answers
from vectorlog.operations.erase import Wanted, erase
from vectorlog.operations.progress import silent
from vectorlog.operations.verify import Difference, UnderWay, verify
from vectorlog.use_cases import (
    access,
    api_keys,
    erasure,
    file_batches,
    limits,
    permissions,
    store_files,
    uploaded_files,
    uploads,
    vector_stores,
)
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.upload_parts import DIRECT, part_key

PIECES = (b"quokkas ", b"are ", b"small")
SECRETS = (
    *(b"ottilie", b"wolpertinger", b"quokkas", b"8472.txt", b"hedwig"),
    *(hashlib.sha256(each).hexdigest().encode() for each in (*PIECES, b"".join(PIECES))),
)
"""A name, an attribute, a text, a filename and a grantee that occur nowhere else, and hashes of bytes."""
HEDWIG = Actor(Caller("acme", "hedwig"), "req_3")


def found_in(folder: Path) -> dict[str, list[bytes]]:
    """Returns the files that hold one of the secrets, also inside packed manifests."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("spool"):
            content = path.read_bytes()
            content += b"".join(unpacked(content))
            held = [secret for secret in SECRETS if secret in content.lower()]
            if held:
                found[str(path.relative_to(folder))] = held
    return found


def unpacked(content: bytes) -> Iterator[bytes]:
    """Yields what is packed in a manifest: as a blob, or in Base64 in an event."""
    for start in range(1):
        if content[start : start + 1] == b"x":
            yield _inflated(content)
    for each in content.split(b'"inline":"')[1:]:
        yield _inflated(base64.b64decode(each.split(b'"')[0] + b"=="))


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed)
    except zlib.error:
        return b""


def settle(bench: Bench) -> None:
    """Does all work, also what is repeated a day later."""
    bench.pump.settle()
    bench.clock.advance(2 * DAY_MS)
    bench.pump.settle()


def assert_erased(bench: Bench) -> None:
    settle(bench)
    assert found_in(bench.folder) == {}
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()


def not_erased(bench: Bench) -> list[Difference]:
    differing = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None).differing
    return [each for each in differing if each.kind == "erasure"]


def secret_file(bench: Bench) -> str:
    return bench.upload("quokkas are small", name="8472.txt")


def secret_upload(bench: Bench, *, end: bool = True, direct: bool = False) -> tuple[str, str]:
    """A file that was sent in parts, out of order and one of them not used; returns the upload and the file, which is
    "" if the upload is pending. With `direct`, the bytes went straight to the storage.
    """
    size = sum(map(len, PIECES))
    upload = begun(bench, size, name="8472.txt", direct_part_size=size if direct else None)
    if direct:
        [only] = direct_parts(upload, bench.deployment.streams.load(UPLOAD, upload).state)
        bench.blobs.put([(part_key(upload, only, DIRECT), b"".join(PIECES))])
    parts = [] if direct else [part(bench, upload, piece) for piece in reversed(PIECES)]
    part(bench, upload, b"quokkas ")
    if not end:
        return upload, ""
    view = done(bench, upload, None if direct else parts[::-1])
    assert view.file is not None
    return upload, view.file.id


def secret_store(bench: Bench, **fields: Any) -> str:
    return bench.store(**{"name": "Ottilie", "metadata": {"of": "wolpertinger"}, **fields})


def decisions(bench: Bench, stream: str) -> list[AnyDecision]:
    return [bench.deployment.streams.decode(each) for each in bench.log.read(stream)]


def test_the_scan_finds_what_there_is(bench: Bench) -> None:
    """Before an erasure the secrets are in the log, the views, the blobs and the index: the scan is not blind."""
    store, file = secret_store(bench), secret_file(bench)
    bench.batch(store, [file], of="wolpertinger")
    bench.pump.settle()
    places = " ".join(found_in(bench.folder))
    assert all(part in places for part in ("log.db", "derived.db", "blobs/files", "blobs/artefacts", "index/chunks"))


class TestFile:
    def test_in_stores(self, bench: Bench) -> None:
        """An erased file is gone from every store, batch and list, and other files stay."""
        file, other = secret_file(bench), bench.upload("alpha")
        stores = [bench.store(), bench.store()]
        bench.attach(stores[0], file, of="wolpertinger")
        batch = bench.batch(stores[1], [file, other], of="x")
        bench.pump.settle()
        store_files.change_attributes(bench.deployment, PROJECT, stores[1], file, {"of": "wolpertinger"})
        erasure.erase_file(bench.deployment, PROJECT, file)
        assert bench.find(stores[1], "quokkas") != [file]
        assert_erased(bench)
        assert bench.find(stores[1], "alpha") == [other]
        counts = file_batches.get(bench.deployment, PROJECT, stores[1], batch.id).counts
        assert (counts.completed, counts.total) == (2, 2)
        assert vector_stores.get(bench.deployment, PROJECT, stores[1]).counts.total == 1
        for stream in (file, *(store_file_stream(store, file) for store in stores)):
            [decision] = decisions(bench, stream)
            assert type(decision.events[-1]).__name__ in ("FileErased", "StoreFileErased")

    @pytest.mark.parametrize("large", [False, True])
    def test_attributes_in_manifests(self, bench: Bench, large: bool) -> None:
        """A batch keeps the list of its files and the settings of the others, and loses those of the erased file."""
        file, other = secret_file(bench), bench.upload("alpha")
        store = bench.store()
        listed = [file, other, *(bench.upload(f"word{n}") for n in range(90 if large else 0))]
        items = [
            BatchItem(each, {"of": "wolpertinger" if each == file else bench.random.randbytes(60).hex()})
            for each in listed
        ]
        batch = file_batches.create(bench.deployment, PROJECT, store, items, "files")
        bench.pump.settle()
        assert bool(list(bench.blobs.list("manifests/"))) == large
        erasure.erase_file(bench.deployment, PROJECT, file)
        assert_erased(bench)
        assert file_batches.get(bench.deployment, PROJECT, store, batch.id).counts.completed == len(listed)

    def test_first_batch_of_a_store(self, bench: Bench) -> None:
        """The event that creates a store with files holds their attributes too."""
        file = secret_file(bench)
        store = bench.store(files=(BatchItem(file, {"of": "wolpertinger"}),))
        bench.pump.settle()
        erasure.erase_file(bench.deployment, PROJECT, file)
        assert_erased(bench)
        assert vector_stores.get(bench.deployment, PROJECT, store).counts.total == 0

    def test_deleted_before(self, bench: Bench) -> None:
        """The history of a file that was deleted long ago can still be erased, once."""
        store, file = bench.store(), secret_file(bench)
        bench.attach(store, file, of="wolpertinger")
        bench.pump.settle()
        uploaded_files.delete(bench.deployment, PROJECT, file)
        settle(bench)
        bench.clock.advance(30 * DAY_MS)
        bench.pump.sweep()
        erasure.erase_file(bench.deployment, PROJECT, file)
        with pytest.raises(NotFound):
            erasure.erase_file(bench.deployment, PROJECT, file)
        assert_erased(bench)

    def test_in_deleted_stores(self, bench: Bench) -> None:
        """A file is erased from stores that were deleted before."""
        store, file = bench.store(), secret_file(bench)
        bench.attach(store, file, of="wolpertinger")
        bench.pump.settle()
        vector_stores.delete(bench.deployment, PROJECT, store)
        settle(bench)
        erasure.erase_file(bench.deployment, PROJECT, file)
        assert_erased(bench)


class TestStoreFile:
    def test_upload_stays(self, bench: Bench) -> None:
        """The history of a file in one store is erased; the upload, and what it is in other stores, stays."""
        store, other, file = bench.store(), bench.store(), bench.upload("alpha")
        bench.attach(store, file, of="wolpertinger")
        bench.attach(other, file, of="x")
        bench.pump.settle()
        erasure.erase_store_file(bench.deployment, PROJECT, store, file)
        assert_erased(bench)
        assert bench.find(store, "alpha") == []
        assert bench.find(other, "alpha") == [file]

    def test_attached_again(self, bench: Bench) -> None:
        """A file that is attached again before its history is erased stays, with its new settings."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, of="wolpertinger")
        bench.pump.settle()
        erasure.erase_store_file(bench.deployment, PROJECT, store, file)
        bench.attach(store, file, of="x")
        assert_erased(bench)
        assert bench.find(store, "alpha") == [file]
        assert store_files.get(bench.deployment, PROJECT, store, file).state.attributes == {"of": "x"}


class TestStore:
    def test_with_its_files(self, bench: Bench) -> None:
        """An erased store takes with it what was ever in it; the uploads stay."""
        store, other = secret_store(bench), bench.store()
        files = [bench.upload(text) for text in ("alpha", "beta", "gamma")]
        bench.attach(store, files[0], of="wolpertinger")
        bench.attach(store, files[1], of="wolpertinger")
        bench.batch(store, files, of="wolpertinger")
        bench.attach(other, files[0])
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, files[1])
        bench.pump.settle()
        erasure.erase_store(bench.deployment, PROJECT, store)
        assert_erased(bench)
        assert bench.find(other, "alpha") == [files[0]]
        with pytest.raises(NotFound):
            vector_stores.get(bench.deployment, PROJECT, store)
        with pytest.raises(NotFound):
            erasure.erase_store(bench.deployment, PROJECT, store)

    def test_deleted_before(self, bench: Bench) -> None:
        """The history of a store that was deleted and purged can still be erased."""
        store, file = secret_store(bench), bench.upload("alpha")
        bench.batch(store, [file], of="wolpertinger")
        bench.pump.settle()
        vector_stores.delete(bench.deployment, PROJECT, store)
        settle(bench)
        erasure.erase_store(bench.deployment, PROJECT, store)
        assert_erased(bench)


class TestBatchesThatAreBehind:
    @pytest.mark.parametrize("cancelled", [False, True])
    def test_unreached_file(self, tmp_path: Path, cancelled: bool) -> None:
        """A batch that reaches an erased file afterwards writes nothing of it, and loses its settings too."""
        (tmp_path / "b").mkdir()
        bench = Bench(tmp_path / "b", inline_files=0)
        file, other, store = secret_file(bench), bench.upload("alpha"), bench.store()
        batch = bench.batch(store, [file, other], of="wolpertinger" if cancelled else "x")
        items = [BatchItem(file, {"of": "wolpertinger"}), BatchItem(other)]
        second = file_batches.create(bench.deployment, PROJECT, store, items, "files")
        erasure.erase_file(bench.deployment, PROJECT, file)
        if cancelled:
            erasure.erase_file(bench.deployment, PROJECT, other)
            file_batches.cancel(bench.deployment, PROJECT, store, batch.id)
        assert_erased(bench)
        for each in (batch, second):
            counts = file_batches.get(bench.deployment, PROJECT, store, each.id).counts
            assert (counts.in_progress, counts.total) == (0, 2)
        bench.close()

    def test_late_attach(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that joins an erased store at the same moment is found by the second look, a day later."""
        store, file = secret_store(bench), bench.upload("alpha")
        load = access.store

        def erased_meanwhile(*given: Any, **more: Any) -> Any:
            loaded = load(*given, **more)
            monkeypatch.undo()
            erasure.erase_store(bench.deployment, PROJECT, store)
            bench.pump.settle()
            return loaded

        monkeypatch.setattr(access, "store", erased_meanwhile)
        bench.attach(store, file, of="wolpertinger")
        assert_erased(bench)


class TestUploadInParts:
    @pytest.mark.parametrize("direct", [False, True])
    def test_of_a_file(self, bench: Bench, direct: bool) -> None:
        """With a file goes the upload that it came from, and every part of that; parts of others stay."""
        upload, file = secret_upload(bench, direct=direct)
        other = begun(bench, 4)
        parts = [part(bench, other, b"al"), part(bench, other, b"so")]
        store = bench.store()
        bench.attach(store, file, of="wolpertinger")
        bench.pump.settle()
        assert "log.db" in " ".join(found_in(bench.folder))
        erasure.erase_file(bench.deployment, PROJECT, file)
        while bench.pump.project():
            pass
        left = {each.where for each in not_erased(bench)}
        assert {upload, file, store_file_stream(store, file)} <= left
        bench.pump.settle()
        view = done(bench, other, parts)
        assert_erased(bench)
        streams = {each.stream for each in bench.log.scan() if each.stream.startswith(upload)}
        assert len(streams) == (2 if direct else 5)
        for stream in (*streams, file):
            [decision] = decisions(bench, stream)
            assert type(decision.events[-1]).__name__ in ("UploadErased", "UploadPartErased", "FileErased")
        assert view.file is not None
        assert bench.blobs.read(f"files/{view.file.id}/{view.file.state.sha256}") == b"also"
        with pytest.raises(NotFound):
            done(bench, upload, None)
        with pytest.raises(NotFound):
            part(bench, upload, b"more")

    def test_many_parts(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """More parts than one step erases are all erased."""
        monkeypatch.setattr("vectorlog.reactions.erasure.STEP", 2)
        upload, file = secret_upload(bench)
        bench.pump.settle()
        erasure.erase_file(bench.deployment, PROJECT, file)
        assert_erased(bench)
        assert sum(each.stream.startswith(f"{upload}/") for each in bench.log.scan()) == 4

    def test_only_the_upload_is_asked(self, bench: Bench) -> None:
        """If the server dies between the upload's commit and the file's, the file is erased all the same."""
        upload, file = secret_upload(bench)
        erasure.request_upload(bench.deployment, upload, "{}")
        assert_erased(bench)
        with pytest.raises(NotFound):
            uploaded_files.get(bench.deployment, PROJECT, file)

    def test_late_part(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A part that arrives while its upload is being erased is found by the second look, a day later."""
        upload, _ = secret_upload(bench, end=False)
        load = uploads.own_upload

        def erased_meanwhile(*given: Any) -> Any:
            loaded = load(*given)
            monkeypatch.undo()
            erasure.request_upload(bench.deployment, upload, "{}")
            bench.pump.settle()
            return loaded

        monkeypatch.setattr(uploads, "own_upload", erased_meanwhile)
        part(bench, upload, b"quokkas ")
        bench.pump.settle()
        bench.clock.advance(2 * DAY_MS)
        bench.blobs.delete(list(bench.blobs.list(f"uploads/{upload}/")))  # as the daily pass over leftovers does
        assert_erased(bench)


def test_shared_store(bench: Bench) -> None:
    """Of an erased store nobody is kept who had a role on it, nor who created a batch in it."""
    store, file = secret_store(bench), bench.upload("alpha", HEDWIG)
    permissions.grant(bench.deployment, PROJECT, store, "hedwig", "writer")
    batch = bench.batch(store, [file], HEDWIG).id
    permissions.revoke(bench.deployment, PROJECT, store, "hedwig")
    permissions.grant(bench.deployment, PROJECT, store, "hedwig", "reader")
    bench.pump.settle()
    erasure.erase_store(bench.deployment, PROJECT, store)
    settle(bench)
    kept = [f"{commit}" for commit in bench.log.scan() if commit.stream != file]  # an upload keeps its owner
    kept += [f"{row}" for row in bench.deployment.views.table.scan()]
    assert any(store in each for each in kept)
    assert any(batch in each for each in kept)
    assert [each for each in kept if "hedwig" in each and (store in each or batch in each)] == []
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()


class TestLargeAnswers:
    """Objects by which answers are sent on AWS; the AWS test makes them by requests."""

    def test_go_with_what_they_show(self, bench: Bench) -> None:
        """The answers of the project are deleted, for any thing that is erased; those of others stay."""
        rival = f"{answers.folder('rival')}req_9"
        bench.blobs.put([(rival, b"mine")])
        store, files = secret_store(bench), [secret_file(bench), bench.upload("alpha"), bench.upload("beta")]
        for file in files:
            bench.attach(store, file)
        bench.pump.settle()
        erasures: list[Callable[[], object]] = [
            lambda: erasure.erase_file(bench.deployment, PROJECT, files[0]),
            lambda: erasure.erase_store_file(bench.deployment, PROJECT, store, files[1]),
            lambda: erasure.erase_store(bench.deployment, PROJECT, store),
        ]
        for number, erase_it in enumerate(erasures):
            bench.blobs.put([(f"{answers.folder('acme')}req_{number}", b"quokkas")])
            erase_it()
            bench.pump.settle()
            assert list(bench.blobs.list("answers/")) == [rival]
        assert_erased(bench)

    def test_verify(self, bench: Bench) -> None:
        """An answer that is older than an erasure in its project is reported."""
        file, key = secret_file(bench), f"{answers.folder('acme')}req_1"
        erasure.erase_file(bench.deployment, PROJECT, file)
        settle(bench)
        bench.blobs.put([(key, b"quokkas")])
        assert not_erased(bench) == []
        os.utime(bench.folder / "blobs" / key, (1, 1))
        assert [each.where for each in not_erased(bench)] == [key]


class TestByAnOperator:
    def test_all_of_a_project(self, bench: Bench) -> None:
        """With a project go its uploads, pending ones too, its limits and its large answers."""
        uploads_of = [secret_upload(bench)[0], secret_upload(bench, end=False)[0]]
        limits.change(bench.deployment, PROJECT, "acme", {"files": 8472}, ceilings=True)
        bench.blobs.put([(f"{answers.folder('acme')}req_1", b"quokkas")])
        bench.pump.settle()
        found = erase(bench.deployment, Wanted(project="acme"), silent)
        assert (found.uploads, len(found.parts), len(found.limits)) == (set(uploads_of), 8, 1)
        assert_erased(bench)
        assert list(bench.blobs.list("")) == []
        [commit] = bench.log.read(project_limits.stream_of("acme"))
        assert "8472" not in commit.events + commit.state
        assert limits.get(bench.deployment, "acme").limits.files == 0
        assert json.loads(commit.meta)["actor"] == "operator"

    def test_upload_of_a_file(self, bench: Bench) -> None:
        """The upload of a file that is erased already is found too."""
        upload, file = secret_upload(bench)
        bench.pump.settle()
        erasure.request_file(bench.deployment, file, "{}")
        settle(bench)
        assert [each.where for each in not_erased(bench)] == [upload]
        erase(bench.deployment, Wanted(file=file), silent)
        assert_erased(bench)

    def test_project(self, bench: Bench) -> None:
        """All uploads and stores of a project are erased, deleted ones too, and nothing of other projects."""
        store, file = secret_store(bench), secret_file(bench)
        bench.batch(store, [file], of="wolpertinger")
        bench.pump.settle()
        vector_stores.delete(bench.deployment, PROJECT, store)
        settle(bench)
        rival = Actor(Caller("rival"), "req_2")
        kept, other = bench.store(rival), bench.upload("alpha", rival)
        bench.attach(kept, other, rival)
        secret_store(bench)
        bench.pump.settle()
        made = bench.deployment
        ours, _ = api_keys.create(made, "acme", "ours", "write")
        others, _ = api_keys.create(made, "rival", "theirs", "write")
        operator, _ = api_keys.create(made, "acme", "operator", "admin", all_projects=True)
        found = erase(made, Wanted(project="acme"), silent)
        assert (len(found.files), len(found.stores), len(found.store_files), len(found.batches)) == (1, 2, 1, 1)
        assert found.keys == {ours.id}
        keys = [made.streams.load(API_KEY, each.id).state.revoked_at for each in (ours, others, operator)]
        assert (keys[0] is not None, *keys[1:]) == (True, None, None)
        assert_erased(bench)
        assert bench.find(kept, "alpha", rival) == [other]

    def test_file_that_a_deleted_store_never_reached(self, tmp_path: Path) -> None:
        """A manifest that only the log still has is found too."""
        (tmp_path / "b").mkdir()
        bench = Bench(tmp_path / "b", inline_files=0)
        store, file = bench.store(), secret_file(bench)
        bench.batch(store, [file], of="wolpertinger")
        vector_stores.delete(bench.deployment, PROJECT, store)
        settle(bench)
        erase(bench.deployment, Wanted(file=file), silent)
        assert_erased(bench)
        bench.close()

    def test_nothing(self, bench: Bench) -> None:
        """What the log does not have is refused."""
        for wanted in (Wanted(file="file-1"), Wanted(store="vs_1"), Wanted(project="rival")):
            with pytest.raises(NotFound):
                erase(bench.deployment, wanted, silent)


class TestCrash:
    def test_verify_sees_what_is_left(self, bench: Bench) -> None:
        """Until the work is done, verify says which streams still hold something."""
        store, file = bench.store(), secret_file(bench)
        bench.attach(store, file, of="wolpertinger")
        bench.pump.settle()
        erasure.erase_file(bench.deployment, PROJECT, file)
        while bench.pump.project():
            pass
        report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
        erasures = {each.where for each in report.differing if each.kind == "erasure"}
        assert erasures == {file, store_file_stream(store, file)}
        assert_erased(bench)

    def test_the_checkpoint_is_lost(self, bench: Bench) -> None:
        """The feed may be read again from the beginning, or from a commit that is erased: the outcome is the same."""
        store, files = bench.store(), [secret_file(bench), bench.upload("alpha")]
        bench.batch(store, files, of="x")
        bench.attach(store, files[0], of="wolpertinger")
        bench.pump.settle()
        erasure.erase_file(bench.deployment, PROJECT, files[0])
        bench.pump.settle()
        for position in (0, 2):
            bench.pump.position = position
            assert_erased(bench)
        assert bench.find(store, "alpha") == [files[1]]
