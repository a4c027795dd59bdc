"""The errors for invalid requests (docs/contract.md, section 8). Each function takes the field's path first."""

from __future__ import annotations

from collections.abc import Iterable

from vectorlog.domain.errors import Invalid

ECHO_CHARS = 100
"""How many characters of a value an error repeats."""


def wrong_type(path: str, expected: str, value: object) -> Invalid:
    """A value of the wrong type. `expected` has its article: `an integer`."""
    return Invalid(
        f"Invalid type for '{path}': expected {expected}, but got {kind(value)} instead.",
        param=path,
        code="invalid_type",
    )


def missing(path: str) -> Invalid:
    """A required field is missing."""
    return Invalid(f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter")


def unreadable(why: str) -> Invalid:
    """A body that is not JSON, or not JSON that is accepted."""
    return Invalid(f"We could not parse the JSON body of your request: {why}", code=None)


def unknown(path: str) -> Invalid:
    """A field of an unknown name."""
    return Invalid(f"Unknown parameter: '{path}'.", param=path, code="unknown_parameter")


def duplicate(path: str) -> Invalid:
    """A field that occurs twice."""
    return Invalid(f"Duplicate parameter: '{path}'.", param=path, code="duplicate_parameter")


def unsupported(path: str, value: object, supported: Iterable[str]) -> Invalid:
    """A value that is not in the list of supported values."""
    *others, last = (f"'{each}'" for each in supported)
    listed = f"{', '.join(others)}{',' if len(others) > 1 else ''} and {last}" if others else last
    return Invalid(f"Invalid value: '{echo(value)}'. Supported values are: {listed}.", param=path)


def wrong_id(path: str, value: str, prefix: str) -> Invalid:
    """An id of another kind, or a value that does not have the form of an id."""
    if not value.startswith(prefix):
        return Invalid(f"Invalid '{path}': '{echo(value)}'. Expected an ID that begins with '{prefix}'.", param=path)
    rule = f"After '{prefix}' an ID has 1 to 64 letters, digits, '_' and '-'."
    return Invalid(f"Invalid '{path}': '{echo(value)}'. {rule}", param=path)


def number_too_large(path: str, maximum: float, value: object) -> Invalid:
    """A number above the limit. The type of `maximum` tells whether the field is an integer."""
    kind = "integer" if isinstance(maximum, int) else "decimal"
    message = (
        f"Invalid '{path}': {kind} above maximum value. Expected a value <= {maximum}, but got {echo(value)} instead."
    )
    return Invalid(message, param=path, code=f"{kind}_above_max_value")


def number_too_small(path: str, minimum: float, value: object) -> Invalid:
    """A number below the limit. The type of `minimum` tells whether the field is an integer."""
    kind = "integer" if isinstance(minimum, int) else "decimal"
    message = (
        f"Invalid '{path}': {kind} below minimum value. Expected a value >= {minimum}, but got {echo(value)} instead."
    )
    return Invalid(message, param=path, code=f"{kind}_below_min_value")


def not_finite(path: str) -> Invalid:
    """A number that is too large for a double."""
    return Invalid(f"Invalid '{path}': the number is too large. Expected a finite number.", param=path)


def array_too_long(path: str, maximum: int, length: int) -> Invalid:
    """An array with more items than the limit."""
    expected = f"Expected an array with maximum length {maximum}, but got an array with length {length} instead."
    return Invalid(f"Invalid '{path}': array too long. {expected}", param=path, code="array_above_max_length")


def empty_array(path: str) -> Invalid:
    """An empty array where at least one item is required."""
    expected = "Expected an array with minimum length 1, but got an empty array instead."
    return Invalid(f"Invalid '{path}': empty array. {expected}", param=path, code="empty_array")


def string_too_long(path: str, maximum: int, length: int) -> Invalid:
    """A string that is longer than the limit. Lengths are in characters (code points)."""
    expected = f"Expected a string with maximum length {maximum}, but got a string with length {length} instead."
    return Invalid(f"Invalid '{path}': string too long. {expected}", param=path, code="string_above_max_length")


def string_too_short(path: str, minimum: int) -> Invalid:
    """A string that is empty or only white space where text is required."""
    expected = f"Expected a string with minimum length {minimum}, but got an empty string instead."
    return Invalid(f"Invalid '{path}': empty string. {expected}", param=path, code="string_below_min_length")


def too_many_keys(path: str, maximum: int, length: int) -> Invalid:
    """An object with more keys than the limit."""
    expected = (
        f"Expected an object with at most {maximum} properties, but got an object with {length} properties instead."
    )
    return Invalid(f"Invalid '{path}': too many properties. {expected}", param=path, code="object_above_max_properties")


def both(one: str, other: str) -> Invalid:
    """Two fields that exclude each other."""
    message = f"Mutually exclusive parameters: '{one}' and '{other}'. Send one of them."
    return Invalid(message, param=other, code="mutually_exclusive_parameters")


def neither(one: str, other: str) -> Invalid:
    """Two fields of which one is required, and neither is present."""
    return Invalid(f"Missing required parameter: '{one}' or '{other}'.", param=one, code="missing_required_parameter")


def kind(value: object) -> str:
    """Returns the name of a JSON value's type, with its article."""
    if value is None:
        return "null"
    kinds: dict[type, str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a decimal",
        str: "a string",
        list: "an array",
    }
    return kinds.get(type(value), "an object")


def echo(value: object) -> str:
    """Returns a value as text, cut to the length that an error may repeat."""
    text = str(value)
    return text if len(text) <= ECHO_CHARS else f"{text[:ECHO_CHARS]}…"
