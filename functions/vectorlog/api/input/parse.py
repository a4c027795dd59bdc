"""Validates input with pydantic, and converts its errors to the contract's codes and sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from vectorlog.api.input import refusals
from vectorlog.api.input.json_text import dotted, read_object
from vectorlog.domain import ids
from vectorlog.domain.errors import Invalid

M = TypeVar("M", bound=BaseModel)
Refusal = Callable[[str], Invalid]

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_parsing_size": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
}


def json_body(schema: type[M], body: bytes) -> M:
    """Parses and validates a JSON body.

    Raises:
        Invalid: it is not valid; the error has the code, sentence and field of the contract.
    """
    return checked(schema, read_object(body))


def query_string(schema: type[M], query: Mapping[str, Sequence[str]]) -> M:
    """Validates a query string. A known parameter with an empty value counts as absent. Values of a list are given as
    `name=…&name=…` or as `name[]=…&name[]=…`.

    Raises:
        Invalid: it is not valid; the error has the code, sentence and field of the contract.
    """
    lists: dict[str, list[str]] = {}
    single: dict[str, str] = {}
    for key, values in query.items():
        if _is_list(schema, key.removesuffix("[]")):
            lists.setdefault(key.removesuffix("[]"), []).extend(values)
        elif len(values) > 1:
            raise refusals.duplicate(key)
        elif values[0] or key not in schema.model_fields:
            single[key] = values[0]
    return checked(schema, {**single, **lists})


def _is_list(schema: type[BaseModel], name: str) -> bool:
    kind = schema.model_fields[name].annotation if name in schema.model_fields else None
    return any(get_origin(each) is list for each in (kind, *get_args(kind)))


def checked(schema: type[M], value: Mapping[str, Any]) -> M:
    """Validates an object against a schema.

    Raises:
        Invalid: it is not valid; the error has the code, sentence and field of the contract.
    """
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False)[0]) from None


def identifier(kind: ids.Kind, value: str, param: str) -> str:
    """Returns the value if it has the form of an id of this kind.

    Raises:
        Invalid: it does not.
    """
    if not ids.is_well_formed(kind, value):
        raise refusals.wrong_id(param, value, ids.PREFIX[kind])
    return value


def few_keys(schema: type[BaseModel], value: object) -> object:
    """Returns an object that has no more keys than its schema. For validators that run before all others.

    pydantic makes an error for each unknown key, of which a client is told only the first.

    Raises:
        PydanticCustomError: it has more keys, so one of them is unknown.
    """
    if isinstance(value, dict) and len(value) > len(schema.model_fields):
        known = {field.alias or name for name, field in schema.model_fields.items()}
        unknown = next(key for key in value if key not in known)
        raise refused(refusals.unknown, unknown)
    return value


def refused(refusal: Refusal, *at: str | int) -> PydanticCustomError:
    """Wraps a refusal, for validators in schemas to raise. `at` is the path from the validated field to the fault."""
    return PydanticCustomError("refused", "refused", {"refusal": refusal, "at": at})


def invalid(details: ErrorDetails) -> Invalid:
    """Converts an error of pydantic to the contract's."""
    path, value, limits = dotted(details["loc"]), details["input"], details.get("ctx", {})
    match details["type"]:
        case "refused":
            refusal: Refusal = limits["refusal"]
            return refusal(dotted((*details["loc"], *limits["at"])))
        case "missing":
            return refusals.missing(path)
        case "extra_forbidden":
            return refusals.unknown(path)
        case "literal_error" if not isinstance(value, str):
            return refusals.wrong_type(path, "a string", value)
        case "literal_error":
            return refusals.unsupported(path, value, re.findall(r"'([^']*)'", limits["expected"]))
        case "less_than_equal":
            return refusals.number_too_large(path, limits["le"], value)
        case "greater_than_equal":
            return refusals.number_too_small(path, limits["ge"], value)
        case "finite_number":
            return refusals.not_finite(path)
        case "string_too_long":
            return refusals.string_too_long(path, limits["max_length"], len(value))
        case "string_too_short":
            return refusals.string_too_short(path, limits["min_length"])
        case "too_long" if isinstance(value, dict):
            return refusals.too_many_keys(path, limits["max_length"], len(value))
        case "too_long":
            return refusals.array_too_long(path, limits["max_length"], len(value))
        case "too_short":
            return refusals.empty_array(path)
        case known if known in _EXPECTED:
            return refusals.wrong_type(path, _EXPECTED[known], value)
        case _:
            return Invalid(f"Invalid '{path}': {details['msg']}.", param=path or None)
