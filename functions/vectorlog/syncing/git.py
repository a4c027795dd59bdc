"""Files of a git repository: fetched by the system's git, without its history."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from vectorlog.syncing.folder import Folder
from vectorlog.syncing.items import Item, SourceUnusable, Unreadable

_SCHEMES = frozenset({"https", "http", "ssh", "file"})
_FETCH_S = 3600
_QUOTED = 400
"""Characters of git's own message that are shown."""

_OF_A_REPOSITORY = frozenset(
    f"GIT_{name}"
    for name in (
        *("ALTERNATE_OBJECT_DIRECTORIES", "CONFIG", "CONFIG_PARAMETERS", "CONFIG_COUNT", "OBJECT_DIRECTORY", "DIR"),
        *("WORK_TREE", "IMPLICIT_WORK_TREE", "GRAFT_FILE", "INDEX_FILE", "NO_REPLACE_OBJECTS", "REPLACE_REF_BASE"),
        *("PREFIX", "SHALLOW_FILE", "COMMON_DIR", "NAMESPACE"),
    )
)
"""Variables that make git work on the user's repository instead of ours, as `git rev-parse --local-env-vars` lists."""


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A branch, tag or commit of a repository, as it is at the moment of reading.

    Attributes:
        url: what git fetches from; it may hold a password.
        ref: a branch, tag or commit; `HEAD` is the default branch.
        folder: the folder in it that is taken; empty for all.
        work: an empty folder, where it is kept while this process runs.
        hidden, ignore_files: as in `Folder`.
    """

    url: str
    ref: str
    folder: str
    work: Path
    hidden: bool = False
    ignore_files: bool = True

    @classmethod
    def parse(cls, text: str, work: Path) -> GitRepository:
        """Returns the repository of a URL in pip's form: `git+https://host/path[@ref][#subdirectory=folder]`.

        Raises:
            SourceUnusable: it is none.
        """
        parts = urlsplit(text.removeprefix("git+"))
        if parts.scheme not in _SCHEMES:
            raise SourceUnusable(f"{text.split('://')[0]}:// is not known; git+https, git+ssh and git+file are.")
        path, at, ref = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
        folder = parse_qs(parts.fragment).get("subdirectory", [""])[0].strip("/")
        if (at and not ref) or ref.startswith("-") or ".." in folder.split("/") or not path.strip("/"):
            raise SourceUnusable("It should look like git+https://host/path@branch#subdirectory=folder.")
        url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
        return cls(url, ref or "HEAD", folder, work)

    @property
    def name(self) -> str:
        """The URL without a password, with what is taken of it."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        where = urlunsplit((parts.scheme, host, parts.path, "", f"subdirectory={self.folder}" if self.folder else ""))
        bare, mark, fragment = where.partition("#")
        return f"git+{bare}{'' if self.ref == 'HEAD' else f'@{self.ref}'}{mark}{fragment}"

    def items(self) -> Iterator[Item | Unreadable]:
        """See `Source.items`; the repository is fetched first."""
        if not (self.work / ".git").exists():
            self._git("init", "--quiet", str(self.work))
        self._git("-C", str(self.work), "fetch", "--quiet", "--depth", "1", "--no-tags", "--", self.url, self.ref)
        self._git("-C", str(self.work), "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        self._git("-C", str(self.work), "clean", "--quiet", "-ffdx")
        root = self.work / self.folder
        if not root.is_dir() or not root.resolve().is_relative_to(self.work.resolve()):
            raise SourceUnusable(f"{self.name}: there is no folder {self.folder!r}.")
        for each in Folder(root, self.name, hidden=self.hidden, ignore_files=self.ignore_files).items():
            yield replace(each, modified=None) if isinstance(each, Item) else each  # git does not keep that time

    def _git(self, *arguments: str) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceUnusable("There is no git on this machine. Install it, or sync a folder instead.")
        safe: Sequence[str] = ("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null")
        environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                [program, *safe, *arguments], env=environment, capture_output=True, timeout=_FETCH_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise SourceUnusable(f"{self.name}: git took longer than {_FETCH_S} s.") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().replace(self.url, self.name)
            raise SourceUnusable(f"{self.name} cannot be fetched: {said[-_QUOTED:] or 'git says no more'}")
