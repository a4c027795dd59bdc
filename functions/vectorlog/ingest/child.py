"""The process that reads files for a sandbox: `python -m vectorlog.ingest.child BYTES`, with at most BYTES of memory.

BYTES limits the address space, unless the host allows less. Requests are lines of JSON on stdin. A response on stdout
is the length of a JSON header (8 bytes, big-endian), the header, and the text in UTF-8, whose length is in the header.
The child sends a first response without a request, when it is ready.
"""

from __future__ import annotations

import json
import math
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from vectorlog.domain.file_warning import bounded
from vectorlog.ingest.cpu_limit import CpuLimit
from vectorlog.ingest.document import Document, Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.grid import windows
from vectorlog.ingest.host_limits import exhausted
from vectorlog.ingest.language import language_of
from vectorlog.ingest.ocr import Picture, Recognition, Recognized, Recognizer, switched_on
from vectorlog.ingest.places import locations
from vectorlog.ingest.split import split
from vectorlog.ingest.tokens import count

Read = Callable[[Path, str, int, int, bool], Document]


def main() -> None:
    """Loads the tokenizer and serves until stdin ends."""
    count("Loading the tokenizer takes longer than reading a small file, so it is done first.")
    serve(read)


def read(path: Path, filename: str, max_tokens: int, overlap: int, by_windows: bool) -> Document:
    """Reads a file and cuts its text into chunks, and these into windows if they are embedded `by_windows`."""
    text = extract(path, filename)
    spans = split(text, max_tokens, overlap)
    return Document(
        text.text,
        text.pages,
        spans,
        locations(text, spans),
        text.title,
        bounded(text.warnings),
        language_of(text.text),
        windows(text, spans) if by_windows else (),
    )


def serve(read: Read) -> None:
    """Handles requests with `read`, under the limits. Exits when stdin ends, even in the middle of a file."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they reach all processes; the parent decides
        signal.signal(each, signal.SIG_IGN)
    responses = _claim_stdout()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS has this limit but does not enforce it
        _limit_memory(int(sys.argv[1]))
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _write(responses, {})
    while True:
        request = requests.get()
        _write(responses, *_respond(read, request))


def _claim_stdout() -> BinaryIO:
    """Reserves stdout for responses and redirects what libraries print to stderr."""
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return responses


def _listen(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)  # the parent has exited or closed the pipe, so nobody needs the result


def _limit_memory(size: int) -> None:
    """Limits the address space to `size` bytes, or to what the host allows (`ulimit -v`) if that is less."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def _limit_cpu(limit: CpuLimit, path: Path) -> None:
    """Limits the process to the CPU time that the file at `path` may take. SIGXCPU ends it then."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + limit.seconds), hard))  # reading the size is limited too
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + limit.of_file(path)), hard))


def _allow_cpu(seconds: int) -> None:
    """Moves the limit of CPU time by so many seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft != resource.RLIM_INFINITY:
        most = soft + seconds if hard == resource.RLIM_INFINITY else min(soft + seconds, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


@cache
def _recognizer() -> Recognizer:
    from vectorlog.ingest.rapid_ocr import RapidOcr

    return RapidOcr()


class _OnDemand:
    """Implements Recognizer. Loads the library with the first picture."""

    def recognize(self, picture: Picture) -> Sequence[Recognized]:
        return _recognizer().recognize(picture)


def _respond(read: Read, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        path = Path(request["path"])
        seconds = request.get("ocr", 0.0)
        _limit_cpu(CpuLimit(*request["cpu"]), path)
        with switched_on(Recognition(_OnDemand(), seconds, allow=_allow_cpu) if seconds else None):
            document = read(path, request["filename"], request["max_tokens"], request["overlap"], request["by_windows"])
        spans = [(span.start, span.end, span.tokens, span.before, span.after) for span in document.spans]
        places = [location.code for location in document.locations]
        warnings = [(warning.code, warning.message, warning.where) for warning in document.warnings]
        header = {"pages": document.pages, "spans": spans, "locations": places, "title": document.title}
        parts = [(window.start, window.end, window.before) for window in document.windows]
        found = {"warnings": warnings, "language": document.language, "windows": parts}
        return {**header, **found}, document.text.encode()
    except Unreadable as error:
        return {"unreadable": [error.code, str(error)]}, b""
    except MemoryError:
        return {
            "unreadable": [
                "invalid_file",
                "Reading the file takes more memory than is allowed. Split it into smaller files.",
            ],
            "memory": True,
        }, b""
    except Exception as error:  # noqa: BLE001 (the parent raises it)
        lack = exhausted(error)
        return {"lack": lack} if lack else {"error": f"{type(error).__name__}: {error}"}, b""


def _write(responses: BinaryIO, header: dict[str, Any], text: bytes = b"") -> None:
    encoded = json.dumps({**header, "bytes": len(text), "resident": _resident()}).encode()
    responses.write(len(encoded).to_bytes(8, "big") + encoded)
    responses.write(text)
    responses.flush()


def _resident() -> int:
    """Returns the resident memory in bytes: the current value on Linux, the peak on macOS."""
    statm = Path("/proc/self/statm")
    if statm.exists():  # on Linux, ru_maxrss of a new process starts at its parent's value
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
