"""The process that reads files for a sandbox: `python -m vectorlog.ingest.child BYTES`, BYTES of address space at most.

Requests are lines of JSON on stdin. An answer on stdout is the length of a JSON header (8 bytes, big-endian), the
header, and the text in UTF-8, whose length the header names. The first answer comes unasked, when the child is ready.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from vectorlog.ingest.document import Document, Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.split import split
from vectorlog.ingest.tokens import count

Read = Callable[[Path, str, int, int], Document]


def main() -> None:
    """Serve until stdin ends."""
    count("Loading the tokens takes longer than reading a small file.")
    serve(read)


def read(path: Path, filename: str, max_tokens: int, overlap: int) -> Document:
    """The text of a file, and its chunks."""
    text = extract(path, filename)
    return Document(text.text, text.pages, split(text.text, max_tokens, overlap))


def serve(read: Read) -> None:
    """Answer requests with `read`, under the limits, until stdin ends, also in the middle of a file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    answers = _only_ours()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS has the limit and does not heed it
        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _write(answers, {})
    while True:
        request = requests.get()
        _limit_cpu(request["seconds"])
        _write(answers, *_answer(read, request))


def _only_ours() -> BinaryIO:
    """Stdout for the answers alone: what a library prints goes where its errors go."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _listen(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)  # the parent is gone or wants no more: no file is worth finishing


def _limit_cpu(seconds: int) -> None:
    """Ends the process `seconds` of CPU time from now, for the case that no parent is left to do it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds, hard))


def _answer(read: Read, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        document = read(Path(request["path"]), request["filename"], request["max_tokens"], request["overlap"])
        spans = [(span.start, span.end, span.tokens) for span in document.spans]
        return {"pages": document.pages, "spans": spans}, document.text.encode()
    except Unreadable as error:
        return {"unreadable": [error.code, str(error)]}, b""
    except MemoryError:
        return {
            "unreadable": [
                "invalid_file",
                "Reading the file takes more memory than is allowed. Split it into smaller files.",
            ]
        }, b""
    except Exception as error:  # noqa: BLE001 (an error of ours: the parent raises it)
        return {"error": f"{type(error).__name__}: {error}"}, b""


def _write(answers: BinaryIO, header: dict[str, Any], text: bytes = b"") -> None:
    encoded = json.dumps({**header, "bytes": len(text), "resident": _resident()}).encode()
    answers.write(len(encoded).to_bytes(8, "big") + encoded)
    answers.write(text)
    answers.flush()


def _resident() -> int:
    """Bytes of memory in use (Linux), or the most that were (macOS)."""
    statm = Path("/proc/self/statm")
    if statm.exists():  # ru_maxrss of a new process begins with its parent's there
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
