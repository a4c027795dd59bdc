"""Formats log lines: readable text on a terminal, JSON otherwise. Both show the fields that `telemetry` names."""

from __future__ import annotations

import json
import logging
import sys
import time
from functools import lru_cache

from vectorlog.runtime.local.request_id import RequestIdFilter
from vectorlog.runtime.local.request_log import RequestLine
from vectorlog.telemetry.telemetry import FIELDS

requests = logging.getLogger("vectorlog.requests")
_REQUEST = "request"
_encode = json.JSONEncoder(ensure_ascii=False).encode

_COLOURS = {2: "\033[32m", 3: "\033[36m", 4: "\033[33m", 5: "\033[31m"}
_PLAIN = "\033[0m"
_DIM = "\033[2m"


def configure(*, people: bool, level: str = "info") -> None:
    """Sends log lines from a level on to standard error: readable text if `people`, else JSON. The lines of requests
    have the level `info`. What libraries say below `warning` is shown only at `debug`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(_ForPeople() if people else _AsJson())
    least = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=least, handlers=[handler], force=True)
    if least > logging.DEBUG:
        logging.getLogger("uvicorn").setLevel(max(least, logging.WARNING))


def request(line: RequestLine) -> None:
    """Logs a request that has ended. The record is made here, because `Logger.info` looks for its caller each time,
    which takes longer than the rest.
    """
    if requests.isEnabledFor(logging.INFO):
        record = logging.LogRecord(requests.name, logging.INFO, __file__, 0, _REQUEST, (), None)
        record.request = line
        requests.handle(record)


class _ForPeople(logging.Formatter):
    """A request as `12:00:01  200  POST   /v1/files  3.1 ms`; other records as level, message and fields."""

    def format(self, record: logging.LogRecord) -> str:
        now = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = getattr(record, "request", None)
        if not isinstance(line, RequestLine):
            text = f"{now}  {record.levelname.lower()}: {record.getMessage()}{_short(record)}"
            text = printable(text)
            return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text
        colour = _COLOURS.get(line.status // 100, "")
        project = f"  {line.project}" if line.project and line.project != "default" else ""
        said = f"{line.method:<6} {printable(line.path)}  {line.ms:.1f} ms{project}"
        return f"{now}  {colour}{line.status}{_PLAIN}  {said}  {_DIM}{line.request_id}{_PLAIN}"


def printable(text: str) -> str:
    """Escapes control characters, so that a request cannot forge lines or steer the terminal."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class _AsJson(logging.Formatter):
    """One object per line, times in ISO 8601 (UTC)."""

    def format(self, record: logging.LogRecord) -> str:
        at = f"{_second(int(record.created))}.{int(record.msecs):03d}Z"
        fields: dict[str, object] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        line = getattr(record, "request", None)
        if isinstance(line, RequestLine):
            fields |= {
                "method": line.method,
                "path": line.path,
                "status": line.status,
                "ms": round(line.ms, 2),
                "request_id": line.request_id,
                "project": line.project,
                "operation": line.operation,
                "bytes_in": line.bytes_in,
                "bytes_out": line.bytes_out,
            }
        else:
            fields["message"] = record.getMessage()
            fields |= _fields(record)
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return _encode(fields)


@lru_cache(maxsize=1)
def _second(at: int) -> str:
    """Returns a second in ISO 8601 (UTC). Many lines are of the same one."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


_IN_MESSAGE = {"event", "reason"}
"""Fields that the message already contains."""


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """Returns those of `telemetry`'s fields that a record has, in the order of `FIELDS`."""
    return {name: vars(record)[name] for name in FIELDS if name in vars(record)}


def _short(record: logging.LogRecord) -> str:
    fields = [f"{name}={value}" for name, value in _fields(record).items() if name not in _IN_MESSAGE]
    return f"  ({' '.join(fields)})" if fields else ""
