"""Files of a git repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vectorlog.syncing.git import GitRepository
from vectorlog.syncing.items import Item, SourceUnusable

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(folder: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example", "GIT_CONFIG_GLOBAL": "/dev/null"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example"}
    subprocess.run(["git", "-C", str(folder), *arguments], env=os.environ | identity, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a branch `other`, on which a file has another text."""
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    (root / "a.txt").write_text("one")
    (root / "docs" / "b.txt").write_text("two")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    git(root, "checkout", "--quiet", "-b", "other")
    (root / "a.txt").write_text("other")
    git(root, "commit", "--quiet", "-am", "second")
    git(root, "checkout", "--quiet", "main")
    return root


def texts(source: GitRepository) -> dict[str, bytes]:
    found = {}
    for each in source.items():
        assert isinstance(each, Item)
        assert each.modified is None
        with each.open() as content:
            found[each.path] = content.read()
    return found


@needs_git
def test_default_branch(repository: Path, tmp_path: Path) -> None:
    """The default branch is taken, and its next commit when it is read again."""
    (tmp_path / "work").mkdir()
    source = GitRepository.parse(f"git+file://{repository}", tmp_path / "work")
    assert texts(source) == {"a.txt": b"one", "docs/b.txt": b"two"}
    (repository / "c.txt").write_text("three")
    git(repository, "rm", "--quiet", "a.txt")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "next")
    assert texts(source) == {"c.txt": b"three", "docs/b.txt": b"two"}


@needs_git
def test_a_repository_of_the_user(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that name another repository, as hooks and dotfiles set them, do not lead a fetch there."""
    mine = tmp_path / "mine"
    mine.mkdir()
    git(mine, "init", "--quiet")
    (mine / "untracked.txt").write_text("keep me")
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("GIT_DIR", str(mine / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(mine))
    source = GitRepository.parse(f"git+file://{repository}", tmp_path / "work")
    assert texts(source) == {"a.txt": b"one", "docs/b.txt": b"two"}
    assert (mine / "untracked.txt").read_text() == "keep me"


@needs_git
def test_branch_and_folder(repository: Path, tmp_path: Path) -> None:
    """A branch and a folder can be named."""
    for number, (text, wanted) in enumerate(
        {"@other": {"a.txt": b"other", "docs/b.txt": b"two"}, "#subdirectory=docs": {"b.txt": b"two"}}.items()
    ):
        (tmp_path / str(number)).mkdir()
        source = GitRepository.parse(f"git+file://{repository}{text}", tmp_path / str(number))
        assert texts(source) == wanted
        assert source.name == f"git+file://{repository}{text}"


@needs_git
@pytest.mark.parametrize("what", ["@none", "#subdirectory=none", "#subdirectory=a.txt"])
def test_not_there(repository: Path, tmp_path: Path, what: str) -> None:
    """A branch or folder that is not there makes the source unusable, not empty."""
    (tmp_path / "work").mkdir()
    with pytest.raises(SourceUnusable, match="git\\+file"):
        list(GitRepository.parse(f"git+file://{repository}{what}", tmp_path / "work").items())


def test_name_has_no_password(tmp_path: Path) -> None:
    """Attributes and messages never have the password of a URL; git gets it."""
    source = GitRepository.parse("git+https://me:secret@example.org/team/docs.git@v1.2", tmp_path)
    assert source.name == "git+https://example.org/team/docs.git@v1.2"
    assert (source.url, source.ref) == ("https://me:secret@example.org/team/docs.git", "v1.2")
    assert GitRepository.parse("git+ssh://git@example.org/docs", tmp_path).url == "ssh://git@example.org/docs"


@pytest.mark.parametrize(
    "text",
    [
        "git+ext://sh -c id",
        "git+https://example.org",
        "git+https://example.org/a@",
        "git+https://example.org/a@--upload-pack=x",
        "git+https://example.org/a#subdirectory=../x",
    ],
)
def test_refused(text: str, tmp_path: Path) -> None:
    """What is no such URL, or would be an option of git, is refused."""
    with pytest.raises(SourceUnusable):
        GitRepository.parse(text, tmp_path)
