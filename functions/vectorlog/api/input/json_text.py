"""JSON text → an object of which every string can be stored."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from vectorlog.api.input import refusals
from vectorlog.domain.errors import Invalid

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Json = dict[str, Any]
"""An object of JSON."""

_Path = tuple[str | int, ...]


def read_object(body: bytes) -> Json:
    """The object that the body is; an empty body is `{}`.

    Raises:
        Invalid: no JSON (the message says where), no object, or a string with a NUL or half a surrogate pair.
    """
    if not body.strip():
        return {}
    value = _read(body)
    if not isinstance(value, dict):
        raise Invalid(f"Invalid body: expected an object, but got {refusals.kind(value)} instead.", code="invalid_type")
    # Such characters pass JSON only as escapes, so most bodies need no walk.
    if b"\\u" in body:
        _refuse_unstorable(value)
    return value


def dotted(path: _Path) -> str:
    """A path as OpenAI writes it: `files[3].file_id`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part[: refusals.ECHO_CHARS]}" for part in path)
    return "".join(parts).removeprefix(".")


def _read(body: bytes) -> object:
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _unreadable(f"it is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"{error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise _unreadable("it is nested too deeply.") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise _unreadable("it holds a number with too many digits.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise _unreadable(f"{name} is no JSON number.")


def _unreadable(why: str) -> Invalid:
    return Invalid(f"We could not parse the JSON body of your request: {why}", code=None)


def _refuse_unstorable(value: object) -> None:
    waiting: list[tuple[_Path, object]] = [((), value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, dict):
            waiting += [(path, key) for key in each]
            waiting += [((*path, key), inner) for key, inner in each.items()]
        elif isinstance(each, list):
            waiting += [((*path, place), inner) for place, inner in enumerate(each)]
        elif isinstance(each, str) and _UNSTORABLE.search(each):
            param = _UNSTORABLE.sub("�", dotted(path))
            what = "a NUL character" if "\0" in each else "half a surrogate pair"
            raise Invalid(f"Invalid '{param}': the string holds {what}.", param=param or None)
