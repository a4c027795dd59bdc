"""Files of a folder, without what its ignore files name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vectorlog.syncing.items import LONGEST_PATH, Item, SourceUnusable, Unreadable, text_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".vectorlogignore")
"""Names of ignore files, in git's format; the later one decides where both do."""
_NEVER = frozenset({".git", ".hg", ".svn", ".DS_Store", "__pycache__", "node_modules", ".venv"})
_DEEPEST = 200
"""Levels of folders: more are a loop of mounts, or nothing that anyone made."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files below a folder.

    Symbolic links are left out and told, unless `links`: then they are followed, a folder at most once on a way down.
    What begins with a dot is left out unless `hidden`.

    Attributes:
        root: the folder.
        name: see `Source`.
        prefix: stands before each path; empty, or ends with a slash.
        hidden: whether files and folders whose name begins with a dot are taken.
        links: whether symbolic links are followed.
        ignore_files: whether ignore files count.
    """

    root: Path
    name: str
    prefix: str = ""
    hidden: bool = False
    links: bool = False
    ignore_files: bool = True

    def items(self) -> Iterator[Item | Unreadable]:
        """See `Source.items`."""
        try:
            at = os.stat(self.root)
        except OSError as error:
            raise SourceUnusable(f"{self.root}: {error.strerror}") from None
        if not stat.S_ISDIR(at.st_mode):
            raise SourceUnusable(f"{self.root} is no folder.")
        if not os.access(self.root, os.R_OK | os.X_OK):
            raise SourceUnusable(f"{self.root}: Permission denied")
        yield from self._below(str(self.root), "", ((at.st_dev, at.st_ino),), _Rules())

    def _below(
        self, folder: str, path: str, above: tuple[tuple[int, int], ...], rules: _Rules
    ) -> Iterator[Item | Unreadable]:
        shown = self.prefix + text_of(path)
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda each: each.name)
        except OSError as error:
            yield Unreadable(shown, error.strerror or str(error))
            return
        if self.ignore_files:
            rules = rules.below(folder, path)
        for entry in entries:
            yield from self._entry(entry, path + entry.name, above, rules)

    def _entry(
        self, entry: os.DirEntry[str], path: str, above: tuple[tuple[int, int], ...], rules: _Rules
    ) -> Iterator[Item | Unreadable]:
        if entry.name in _NEVER or (entry.name.startswith(".") and not self.hidden):
            return
        shown = self.prefix + text_of(path)
        try:
            if rules.leave_out(path, folder=entry.is_dir()):
                return
            if entry.is_symlink() and not self.links:
                yield Unreadable(shown, "a symbolic link; --follow-links takes it", skipped=True)
                return
            at = entry.stat()
        except OSError as error:
            yield Unreadable(shown, error.strerror or str(error))
            return
        if stat.S_ISDIR(at.st_mode):
            here = (at.st_dev, at.st_ino)
            if here in above or len(above) > _DEEPEST:
                yield Unreadable(f"{shown}/", "a symbolic link to a folder above it", skipped=True)
                return
            yield from self._below(entry.path, f"{path}/", (*above, here), rules)
        elif stat.S_ISREG(at.st_mode):
            yield _item(entry.path, shown, at)
        else:
            yield Unreadable(shown, "no ordinary file", skipped=True)


@dataclass(frozen=True, slots=True)
class SingleFile:
    """One file as a source; its path is its name."""

    file: Path
    name: str

    def items(self) -> Iterator[Item | Unreadable]:
        """See `Source.items`."""
        try:
            at = os.stat(self.file)
        except OSError as error:
            raise SourceUnusable(f"{self.file}: {error.strerror}") from None
        yield _item(str(self.file), text_of(self.file.name), at)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore files from the root down to a folder."""

    found: tuple[tuple[str, GitIgnoreSpec], ...] = field(default=())

    def below(self, folder: str, path: str) -> _Rules:
        """Adds the ignore files of a folder, whose path is empty or ends with a slash."""
        lines: list[str] = []
        for name in IGNORE_FILES:
            file = Path(folder, name)
            try:
                lines += file.read_text(errors="surrogateescape").splitlines()
            except (FileNotFoundError, IsADirectoryError):
                continue
            except OSError as error:
                raise SourceUnusable(f"{file}: {error.strerror}") from None
        if not lines:
            return self
        from pathspec import GitIgnoreSpec

        try:
            return _Rules(((path, GitIgnoreSpec.from_lines(lines)), *self.found))
        except ValueError as error:
            raise SourceUnusable(f"An ignore file of {folder} cannot be read: {error}") from None

    def leave_out(self, path: str, *, folder: bool) -> bool:
        """Whether a path is ignored: the nearest ignore file that says something of it decides."""
        for base, spec in self.found:
            said = spec.check_file(path[len(base) :] + ("/" if folder else "")).include
            if said is not None:
                return said
        return False


def _item(file: str, path: str, at: os.stat_result) -> Item | Unreadable:
    if len(path) > LONGEST_PATH:
        return Unreadable(path, f"its path has more than {LONGEST_PATH} characters")
    version = f"{at.st_dev} {at.st_ino} {at.st_size} {at.st_mtime_ns} {at.st_ctime_ns}"
    return Item(path, at.st_size, int(at.st_mtime), version, partial(_open, file))


def _open(file: str) -> BinaryIO:
    return open(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")
