"""The storage of an export: a folder, or one tar file."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import IO, Protocol

from vectorlog.files.private import PRIVATE_FOLDER, private_file
from vectorlog.operations.transfer.contents import CONTENTS, OBJECTS, NotAnExport


class Sink(Protocol):
    """Stores the parts of an export."""

    def keep(self, name: str, content: Path) -> None:
        """Stores a copy of a file under a name."""
        ...


class Source(Protocol):
    """Reads the parts of an export, one at a time."""

    def part(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Opens one part, until the context is closed.

        Raises:
            NotAnExport: the part is missing.
        """
        ...

    def objects(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Yields each object's key, size in bytes and content. Read the content before taking the next object."""
        ...


@contextmanager
def writing(path: Path) -> Iterator[Sink]:
    """Creates an export: a tar file if the path ends in `.tar`, else a folder.

    Only this user may read it. A tar file gets its name when it is complete.

    Raises:
        NotAnExport: the path already exists, and is not an empty folder.
    """
    if path.suffix != ".tar":
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise NotAnExport(f"{path} already exists; an export creates a new folder.")
        path.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        path.chmod(PRIVATE_FOLDER)  # it may have been there, empty
        yield _Folder(path)
        return
    if path.exists():
        raise NotAnExport(f"{path} already exists; an export creates a new file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.partial")
    try:
        with private_file(draft) as file, tarfile.open(fileobj=file, mode="w") as opened:
            yield _TarSink(opened)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Source]:
    """Opens an export.

    Raises:
        NotAnExport: there is no export at the path.
    """
    if path.is_dir():
        yield _Folder(path)
    elif path.is_file() and tarfile.is_tarfile(path):
        yield _TarSource(path)
    else:
        raise NotAnExport(f"There is no export at {path}.")


class _Folder:
    """Implements Sink and Source."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: Path) -> None:
        target = self._folder / name
        for folder in reversed([each for each in target.parents if each.is_relative_to(self._folder)]):
            folder.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)
        with content.open("rb") as source, private_file(target) as copy:
            shutil.copyfileobj(source, copy)

    def part(self, name: str) -> IO[bytes]:
        try:
            return (self._folder / name).open("rb")
        except FileNotFoundError:
            raise _missing(self._folder, name) from None

    def objects(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        root = self._folder / OBJECTS
        for path in root.rglob("*"):
            if path.is_file():
                with path.open("rb") as opened:
                    yield path.relative_to(root).as_posix(), path.stat().st_size, opened


class _TarSink:
    def __init__(self, opened: tarfile.TarFile) -> None:
        self._tar = opened

    def keep(self, name: str, content: Path) -> None:
        self._tar.add(content, name, recursive=False)
        self._tar.getmembers().clear()  # tarfile keeps every member in memory, for a listing that is not needed


class _TarSource:
    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        with closing(self._members()) as members:
            for member, _, opened in members:
                if member == name:
                    yield opened
                    return
        raise _missing(self._path, name)

    def objects(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        for name, size, opened in self._members():
            if name.startswith(OBJECTS):
                yield name.removeprefix(OBJECTS), size, opened

    def _members(self) -> Generator[tuple[str, int, IO[bytes]], None, None]:
        with tarfile.open(self._path, "r:") as tar:
            while (member := tar.next()) is not None:
                opened = tar.extractfile(member)
                if opened is not None:
                    yield member.name, member.size, opened
                tar.members.clear()  # type: ignore[attr-defined]  # typeshed lacks it; getmembers() would read the whole file


def _missing(path: Path, name: str) -> NotAnExport:
    reason = " The export was interrupted." if name == CONTENTS else ""
    return NotAnExport(f"{path} holds no {name}.{reason}")
