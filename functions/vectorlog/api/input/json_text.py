"""Parses JSON request bodies, and refuses strings that cannot be stored."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from vectorlog.api.input import json_size, refusals
from vectorlog.domain.errors import Invalid

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Json = dict[str, Any]
"""A JSON object."""

_Path = tuple[str | int, ...]


def read_object(body: bytes) -> Json:
    """Parses a body to a JSON object; an empty body is `{}`.

    Raises:
        Invalid: it is not JSON (the message says where), it is too large (see `json_size`), it is not an object, a key
            occurs twice in an object, or a string in it contains a NUL or half a surrogate pair.
    """
    if not body.strip():
        return {}
    json_size.check(body)
    value = _read(body)
    if not isinstance(value, dict):
        raise Invalid(f"Invalid body: expected an object, but got {refusals.kind(value)} instead.", code="invalid_type")
    # JSON can hold such characters only as escapes, so a body without a \u escape needs no check.
    if b"\\u" in body:
        _refuse_unstorable(value)
    return value


def dotted(path: _Path) -> str:
    """Formats a path as OpenAI does: `files[3].file_id`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part[: refusals.ECHO_CHARS]}" for part in path)
    return "".join(parts).removeprefix(".")


def _read(body: bytes) -> object:
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except UnicodeDecodeError as error:
        raise refusals.unreadable(f"it is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise refusals.unreadable(f"{error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise refusals.unreadable("it is nested too deeply.") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise refusals.unreadable("it holds a number with too many digits.") from None


def _distinct(pairs: list[tuple[str, object]]) -> Json:
    value = dict(pairs)
    if len(value) < len(pairs):
        [(twice, _), *_] = Counter(key for key, _ in pairs).most_common(1)
        raise refusals.duplicate(_UNSTORABLE.sub("�", refusals.echo(twice)))
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise refusals.unreadable(f"{name} is no JSON number.")


def _refuse_unstorable(value: object) -> None:
    stack: list[tuple[_Path, object]] = [((), value)]
    while stack:
        path, each = stack.pop()
        if isinstance(each, dict):
            stack += [(path, key) for key in each]
            stack += [((*path, key), inner) for key, inner in each.items()]
        elif isinstance(each, list):
            stack += [((*path, place), inner) for place, inner in enumerate(each)]
        elif isinstance(each, str) and _UNSTORABLE.search(each):
            param = _UNSTORABLE.sub("�", dotted(path))
            what = "a NUL character" if "\0" in each else "half a surrogate pair"
            raise Invalid(f"Invalid '{param}': the string holds {what}.", param=param or None)
