"""Downloads by checksum, from a repository of the test."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local_aws import fetch as fetching
from local_aws.fetch import FetchError, fetch

JAR = b"jar" * 1000


@dataclass
class Repository:
    """The files of a repository by path, and the requests that it got."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: {"/org/a/1/a-1.jar": JAR, "/org/b/2/b-2.jar": b"b"})
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    made = Repository()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            content = made.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """No log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def listing(tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of a server's files; cache and repository belong to the test."""
    made = tmp_path / "packages" / "server.sha256"
    made.parent.mkdir()
    made.write_text(
        "".join(f"{hashlib.sha256(content).hexdigest()}  {path[1:]}\n" for path, content in repository.files.items())
    )
    monkeypatch.setattr(fetching, "PACKAGES", made.parent)
    monkeypatch.setattr(fetching, "REPOSITORY", repository.url)
    monkeypatch.setenv("VECTORLOG_CACHE", str(tmp_path / "cache"))
    return made


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))


class TestFetch:
    def test_once(self, listing: Path, repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
        """Files are downloaded and prepared once, with log lines; afterwards the repository may be gone."""
        prepared: list[Path] = []
        folder = fetch("server", prepared.append)
        assert (folder / "a-1.jar").read_bytes() == JAR
        assert (folder / "b-2.jar").read_bytes() == b"b"
        assert "server: fetching" in capsys.readouterr().err
        repository.files.clear()
        assert fetch("server", prepared.append) == folder
        assert len(prepared) == 1
        assert len(repository.asked) == 2
        assert capsys.readouterr().err == ""

    def test_at_once(self, listing: Path, repository: Repository) -> None:
        """Several processes that need the same files in parallel download them once."""
        with ThreadPoolExecutor(4) as pool:
            folders = set(pool.map(lambda _: fetch("server"), range(4)))
        assert len(folders) == 1
        assert len(repository.asked) == 2

    def test_other_bytes(self, listing: Path, repository: Repository, tmp_path: Path) -> None:
        """A file that differs from the tested one is refused, and nothing is kept."""
        repository.files["/org/a/1/a-1.jar"] = b"evil"
        with pytest.raises(FetchError, match=r"a-1\.jar is not the file that was tested"):
            fetch("server")
        assert left_in(tmp_path / "cache") == []

    def test_missing(self, listing: Path, repository: Repository, tmp_path: Path) -> None:
        """The error for a missing file names the repository and the remedy."""
        del repository.files["/org/b/2/b-2.jar"]
        with pytest.raises(FetchError, match=r"b-2\.jar answered 404; set MAVEN_REPOSITORY"):
            fetch("server")
        assert left_in(tmp_path / "cache") == []

    def test_broken_preparation(self, listing: Path, tmp_path: Path) -> None:
        """Files that could not be prepared are not kept; the next call starts again."""

        def fail(_: Path) -> None:
            raise FetchError("no compiler")

        with pytest.raises(FetchError, match="no compiler"):
            fetch("server", fail)
        assert left_in(tmp_path / "cache") == []
        assert fetch("server").is_dir()

    def test_new_list(self, listing: Path, tmp_path: Path) -> None:
        """A changed list is downloaded again, and the files of the old one are removed."""
        old = fetch("server")
        listing.write_text(listing.read_text().splitlines(keepends=True)[0])
        new = fetch("server")
        assert [path.name for path in new.iterdir()] == ["a-1.jar"]
        assert left_in(tmp_path / "cache") == [new.name]
        assert not old.exists()
