"""Reads the JSON texts of states, and remembers them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

REMEMBERED_CHARS = 2_000
"""The length of a text up to which its state is remembered: most have some 500 characters."""
REMEMBERED_STATES = 2_048
"""How many states are remembered. They take about 5 MB."""

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Returns what converts values of a type to JSON and back."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def read(kind: type[Any], current: int, text: str) -> tuple[int, Any, tuple[tuple[str, str], ...]]:
    """Returns the schema version of a state's text; the state, or None if that version is not the current one; and the
    idempotency keys. States are immutable, so requests that find the same text again get the same state.
    """
    if len(text) > REMEMBERED_CHARS:
        return _read(kind, current, text)
    return _remembered(kind, current, text)  # type: ignore[arg-type]  # types are hashable


def _read(kind: type[Any], current: int, text: str) -> tuple[int, Any, tuple[tuple[str, str], ...]]:
    stored = json.loads(text)
    state = adapter(kind).validate_python(stored["data"]) if stored["v"] == current else None
    return stored["v"], state, tuple((key, body) for key, body in stored["keys"])


_remembered = lru_cache(REMEMBERED_STATES)(_read)
