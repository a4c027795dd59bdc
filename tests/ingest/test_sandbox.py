"""The sandbox: limits hold, crashes are contained, and nothing outlives its parent."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vectorlog.ingest import reader_process
from vectorlog.ingest import sandbox as module
from vectorlog.ingest.cpu_limit import CpuLimit
from vectorlog.ingest.document import GaveWay, ReaderCrashed, ReaderUnavailable, Text, Unreadable
from vectorlog.ingest.grid import windows
from vectorlog.ingest.sandbox import Sandbox
from vectorlog.ingest.split import split

_UNRULY = """
import errno, os, signal, sys, threading
from pathlib import Path
from vectorlog.ingest import child
from vectorlog.ingest.document import Document

def read(path, filename, max_tokens, overlap, by_windows):
    match filename:
        case "hang": signal.pause()
        case "spin":
            while True: pass
        case "eat": return Document("x" * (1 << 40), (), ())
        case "die": os.kill(os.getpid(), signal.SIGKILL)
        case "abort": os.abort()
        case "exit": os._exit(3)
        case "print": print("noise " * 100_000)
        case "interrupt":
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): os.kill(os.getpid(), each)
        case "terminated":
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        case "slow": threading.Event().wait(0.5)
        case "full": raise OSError(errno.ENOSPC, "No space left on device")
        case "bug": raise KeyError("missing")
        case "pid": return Document(str(os.getpid()), (), ())
        case "keys": return Document(" ".join(os.environ), (), ())
    return child.read(path, filename, max_tokens, overlap, by_windows)

if __name__ == "__main__":
    child.serve(read)
"""


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("Ein Satz mit Umlaut: äöü.\n" * 100)
    return path


@pytest.fixture
def unruly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A child whose action is the file's name."""
    (tmp_path / "unruly.py").write_text(_UNRULY)
    monkeypatch.syspath_prepend(tmp_path)
    return "unruly"


@pytest.fixture
def one(unruly: str) -> Iterator[Sandbox]:
    with Sandbox(1, module=unruly, seconds=20) as sandbox:
        yield sandbox


def _pid(sandbox: Sandbox, path: Path) -> int:
    return int(sandbox.read(path, "pid", 800, 400).text)


class TestRead:
    def test_gives_text_and_chunks(self, text_file: Path) -> None:
        """A file comes back as its text and the chunks that `split` cuts."""
        with Sandbox(1) as sandbox:
            sandbox.warm()
            document = sandbox.read(text_file, "a.txt", 200, 100)
        assert document.text == text_file.read_text()
        assert document.spans == split(Text(document.text), 200, 100)
        assert document.windows == ()

    def test_gives_windows(self, text_file: Path) -> None:
        """For a model that embeds them, windows come with the chunks."""
        with Sandbox(1) as sandbox:
            document = sandbox.read(text_file, "a.txt", 200, 100, by_windows=True)
        assert document.windows == windows(Text(document.text), document.spans)

    def test_an_unreadable_file_says_why(self, tmp_path: Path) -> None:
        """The code and the sentence of Unreadable cross the process boundary."""
        (tmp_path / "empty").write_bytes(b"")
        with Sandbox(1) as sandbox, pytest.raises(Unreadable, match="empty") as raised:
            sandbox.read(tmp_path / "empty", "empty.txt", 800, 400)
        assert raised.value.code == "invalid_file"

    def test_a_missing_file_is_an_error_of_the_caller(self, tmp_path: Path, one: Sandbox) -> None:
        """A missing file is a FileNotFoundError, and no child is lost."""
        with pytest.raises(FileNotFoundError):
            one.read(tmp_path / "none", "none.txt", 800, 400)

    @pytest.mark.long
    def test_many_threads_share_few_children(self, text_file: Path, unruly: str) -> None:
        """More callers than children wait for each other; each gets its own answer."""
        with Sandbox(2, module=unruly) as sandbox, ThreadPoolExecutor(12) as pool:
            pids = set(pool.map(lambda _: _pid(sandbox, text_file), range(60)))
            texts = list(
                pool.map(lambda n: sandbox.read(text_file, f"{n}.txt", 100 + n, 50).spans[0].tokens, range(24))
            )
        assert 1 <= len(pids) <= 2
        assert all(tokens <= 100 + n for n, tokens in enumerate(texts))

    @pytest.mark.long
    def test_a_large_text_goes_through(self, tmp_path: Path) -> None:
        """Megabytes cross the pipes whole."""
        path = tmp_path / "large.txt"
        path.write_text("A line of a large file, äöü.\n" * 150_000)
        with Sandbox(1) as sandbox:
            document = sandbox.read(path, "large.txt", 4096, 0)
        assert document.text == path.read_text()
        assert document.spans[-1].end == len(document.text)


class TestLimits:
    @pytest.mark.long
    def test_a_file_that_hangs_is_given_up(self, text_file: Path, unruly: str) -> None:
        """After the time limit the child is killed, the caller told, and the next file read."""
        with Sandbox(1, module=unruly, seconds=0.3) as sandbox:
            sandbox.warm()
            with pytest.raises(ReaderCrashed, match="more than"):
                sandbox.read(text_file, "hang", 800, 400)
        with Sandbox(1, module=unruly, seconds=20) as sandbox:
            assert sandbox.read(text_file, "a.txt", 800, 400).spans

    def test_memory_is_limited(self, text_file: Path, one: Sandbox) -> None:
        """A file that needs too much memory is unreadable, says so, and does not kill the child."""
        before = _pid(one, text_file)
        with pytest.raises(Unreadable, match="memory"):
            one.read(text_file, "eat", 800, 400)
        assert _pid(one, text_file) == before

    @pytest.mark.skipif(sys.platform != "linux", reason="macOS does not heed RLIMIT_AS")
    def test_the_limit_is_the_address_space(self, tmp_path: Path, text_file: Path) -> None:
        """`memory_bytes` limits a real file; a small one is read within it."""
        path = tmp_path / "large.txt"
        path.write_bytes(b"words and words\n" * 4_000_000)
        with Sandbox(1, memory_bytes=250 << 20) as sandbox:
            assert sandbox.read(text_file, "small.txt", 800, 400).spans
            with pytest.raises(Unreadable, match="memory"):
                sandbox.read(path, "large.txt", 800, 400)

    @pytest.mark.long
    def test_cpu_time_is_limited_in_the_child(self, text_file: Path, unruly: str) -> None:
        """A child whose parent cannot kill it ends by its CPU limit."""
        with Sandbox(1, module=unruly) as sandbox:
            child = sandbox._take()
            request = {"path": str(text_file), "filename": "spin", "max_tokens": 800, "overlap": 400}
            request |= {"by_windows": False, "cpu": [1, 0]}
            child.wait_ready()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reader_process.Watch, "start", lambda _: None)
                with pytest.raises(ReaderCrashed, match="CPU"):
                    child.ask(request, 60)

    @pytest.mark.long
    def test_a_small_file_may_take_little_cpu_time(self, text_file: Path, unruly: str) -> None:
        """A file that keeps a reader busy is stopped by its CPU time, long before the limit by the clock."""
        with Sandbox(1, module=unruly, seconds=3600, cpu=CpuLimit(1.0, 8.0)) as sandbox:
            with pytest.raises(ReaderCrashed, match=r"more than the CPU time.*of its size"):
                sandbox.read(text_file, "spin", 800, 400)
            assert sandbox.read(text_file, "a.txt", 800, 400).spans

    @pytest.mark.parametrize(("name", "says"), [("die", "SIGKILL"), ("abort", "SIGABRT"), ("exit", "code 3")])
    @pytest.mark.long
    def test_a_crash_is_contained(self, name: str, says: str, text_file: Path, one: Sandbox) -> None:
        """A child that dies costs one ReaderCrashed that names the cause; the next file gets a new child."""
        before = _pid(one, text_file)
        with pytest.raises(ReaderCrashed, match=says):
            one.read(text_file, name, 800, 400)
        assert _pid(one, text_file) != before

    @pytest.mark.long
    def test_a_child_that_died_idle_is_replaced(self, text_file: Path, one: Sandbox) -> None:
        """A child killed between two files (by the system, out of memory) is noticed before the next one."""
        pid = _pid(one, text_file)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert _pid(one, text_file) != pid

    @pytest.mark.long
    def test_a_worn_child_is_replaced(self, text_file: Path, one: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """After enough files, or with too much memory in use, a child is replaced."""
        first = _pid(one, text_file)
        assert _pid(one, text_file) == first
        monkeypatch.setattr(module, "MOST_FILES", 3)
        assert _pid(one, text_file) == first
        second = _pid(one, text_file)
        assert second != first
        monkeypatch.setattr(module, "MOST_RESIDENT", 1)
        assert _pid(one, text_file) == second
        assert _pid(one, text_file) != second


class TestHost:
    """What is the host's fault is never said of the file."""

    @pytest.mark.parametrize("module", ["no_such_module", "ends_at_once", "out_of_memory"])
    def test_a_reader_that_cannot_start(
        self, text_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
    ) -> None:
        """If no child can start, for want of memory or of a library, the reader is unavailable."""
        (tmp_path / "ends_at_once.py").write_text("import sys; sys.exit(3)")
        (tmp_path / "out_of_memory.py").write_text("raise MemoryError")
        monkeypatch.syspath_prepend(tmp_path)
        with Sandbox(1, module=module) as sandbox:
            with pytest.raises(ReaderUnavailable, match="ulimit -v"):
                sandbox.read(text_file, "a.txt", 800, 400)
            with pytest.raises(ReaderUnavailable, match="no reader can be started"):
                sandbox.warm()

    @pytest.mark.parametrize(("number", "says"), [(errno.EAGAIN, "ulimit -u"), (errno.EMFILE, "ulimit -n")])
    def test_no_process_can_be_made(
        self, text_file: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
    ) -> None:
        """Without room for a process or a file handle the reader is unavailable, and says which limit to raise."""

        def full(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        with Sandbox(1) as sandbox:
            monkeypatch.setattr(subprocess, "Popen", full)
            with pytest.raises(ReaderUnavailable, match=says):
                sandbox.read(text_file, "a.txt", 800, 400)

    @pytest.mark.skipif(sys.platform != "linux", reason="macOS does not heed RLIMIT_AS")
    def test_a_limit_of_the_host_is_kept(self, text_file: Path) -> None:
        """With `ulimit -v` below the readers' own limit, a file is read within what there is."""
        program = (
            "import resource, sys\nfrom pathlib import Path\nfrom vectorlog.ingest.sandbox import Sandbox\n"
            "resource.setrlimit(resource.RLIMIT_AS, (1_500_000 << 10,) * 2)\n"
            f"print(len(Sandbox(1).read(Path({str(text_file)!r}), 'a.txt', 800, 400).spans))"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        assert int(done.stdout) > 0

    @pytest.mark.parametrize("name", ["die", "eat"])
    @pytest.mark.long
    def test_a_reader_that_can_read_nothing(self, text_file: Path, tmp_path: Path, name: str) -> None:
        """If a small text fails too, it is not the file that crashed the reader or used up its memory."""
        (tmp_path / "unfit.py").write_text(
            _UNRULY.replace(
                "match filename:", "filename = ENDS if filename == 'probe.txt' else filename\n    match filename:"
            ).replace("ENDS", repr(name))
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(tmp_path)
            with Sandbox(1, module="unfit") as sandbox, pytest.raises(ReaderUnavailable, match="even a small text"):
                sandbox.read(text_file, name, 800, 400)

    def test_no_room_for_temporary_files(self, text_file: Path, one: Sandbox) -> None:
        """A full disk is not the file's fault, and the remedy is named."""
        with pytest.raises(ReaderUnavailable, match="disk is full"):
            one.read(text_file, "full", 800, 400)

    def test_ended_from_outside(self, text_file: Path, one: Sandbox) -> None:
        """A service manager that ends every process of the service does not make a file fail."""
        with pytest.raises(ReaderUnavailable, match="SIGTERM"):
            one.read(text_file, "terminated", 800, 400)


class TestGivingWay:
    @pytest.mark.long
    def test_a_slow_file_gives_way(self, text_file: Path, one: Sandbox) -> None:
        """A file that is being read is stopped when others wait, and its reader reads the next file."""
        asked: list[float] = []

        def others_wait(seconds: float) -> bool:
            asked.append(seconds)
            return len(asked) == 3

        with pytest.raises(GaveWay, match="others waited"):
            one.read(text_file, "hang", 800, 400, others_wait)
        assert asked == sorted(asked)
        assert one.read(text_file, "a.txt", 800, 400).spans

    @pytest.mark.long
    def test_nobody_knows(self, text_file: Path, one: Sandbox) -> None:
        """A file is read on if it cannot be found out whether others wait."""

        def broken(seconds: float) -> bool:
            if seconds > 0:
                asked.append(seconds)
                raise OSError(f"stub: not known after {seconds}")
            return False

        asked: list[float] = []
        assert one.read(text_file, "slow", 800, 400, broken).spans
        assert asked


class TestIsolation:
    def test_noise_of_a_library_is_no_answer(self, text_file: Path, one: Sandbox) -> None:
        """A library's output does not mix with the answers."""
        assert one.read(text_file, "print", 800, 400).text == text_file.read_text()

    def test_an_interrupt_is_left_to_the_parent(self, text_file: Path, one: Sandbox) -> None:
        """Ctrl-C, and a stop of the whole service, do not end a child in the middle of a file: the parent decides."""
        assert one.read(text_file, "interrupt", 800, 400).spans

    def test_an_error_of_ours_is_told(self, text_file: Path, one: Sandbox) -> None:
        """An unexpected error in the child comes back by name."""
        with pytest.raises(ReaderCrashed, match="KeyError: 'missing'"):
            one.read(text_file, "bug", 800, 400)

    def test_children_do_not_know_our_keys(self, text_file: Path, unruly: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment of a child contains no secrets."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        with Sandbox(1, module=unruly) as sandbox:
            assert "KEY" not in sandbox.read(text_file, "keys", 800, 400).text


class TestLife:
    def test_close_ends_what_is_being_read(self, text_file: Path, unruly: str) -> None:
        """Closing does not wait for a file that hangs, and a closed sandbox reads no more."""
        sandbox = Sandbox(1, module=unruly)
        sandbox.warm()
        pid = _pid(sandbox, text_file)
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(sandbox.read, text_file, "hang", 800, 400)
            sandbox.close()
            with pytest.raises(ReaderUnavailable, match="stopping"):
                reading.result()
        with pytest.raises(ReaderUnavailable, match="stopping"):
            sandbox.read(text_file, "a.txt", 800, 400)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    @pytest.mark.parametrize("doing", ["a.txt", "hang"])
    @pytest.mark.long
    def test_children_die_with_their_parent(self, doing: str, text_file: Path, unruly: str) -> None:
        """A parent that is killed leaves no child behind, idle or in the middle of a file."""
        program = (
            "import sys, threading\nfrom pathlib import Path\nfrom vectorlog.ingest.sandbox import Sandbox\n"
            f"s = Sandbox(1, module='unruly')\nprint(s.read(Path({str(text_file)!r}), 'pid', 800, 400).text, "
            f"flush=True)\n"
            f"s.read(Path({str(text_file)!r}), {doing!r}, 800, 400)\nthreading.Event().wait()"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        assert _gone(pid)


def _gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process that is not our child ends in time; an uncollected zombie counts as ended."""
    wait = threading.Event()
    for _ in range(int(seconds / 0.02)):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state or state.startswith("Z"):
            return True
        wait.wait(0.02)
    return False
