"""Turns pydantic models into JSON schemas: one for each model, with the description of each field."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from vectorlog.api.input.json_text import Json
from vectorlog.api.openapi import requests

REF = "#/components/schemas/"

_PARSED_BY_HAND: Mapping[tuple[str, str], Sequence[type[BaseModel]]] = {
    (model, "filters"): (requests.Comparison, requests.Membership, requests.CompoundFilter)
    for model in ("SearchRequest", "SearchOfStores")
}
"""What a field accepts that no model parses, by the name of its model and its own."""
_UNSUPPORTED = {("StoreCreation", "extraction_model"), ("StoreCreation", "max_hops")}
"""Fields that are known only so that they are refused with a sentence of their own."""


def components(models: Iterable[type[BaseModel]]) -> dict[str, Json]:
    """Returns the schemas of these models and of all that they refer to, by name."""
    besides = {each for several in _PARSED_BY_HAND.values() for each in several}
    every = sorted({*models, *besides}, key=lambda model: model.__name__)
    _, made = models_json_schema(
        [(model, "validation") for model in every], schema_generator=_Generator, ref_template=REF + "{model}"
    )
    schemas: dict[str, Json] = made["$defs"]
    for (model, field), accepted in _PARSED_BY_HAND.items():
        if model in schemas:
            choices = [reference(each) for each in accepted]
            schemas[model]["properties"][field]["anyOf"] = [*choices, {"type": "null"}]
    for model, field in _UNSUPPORTED:
        if model in schemas:
            del schemas[model]["properties"][field]
    return schemas


def reference(model: type[BaseModel]) -> Json:
    """Returns a reference to the schema of a model."""
    return {"$ref": REF + model.__name__}


def field_texts(model: type[BaseModel]) -> dict[str, str]:
    """Returns the texts of the fields of a model and of those that it extends: from the docstring's section
    "Attributes", or from below the field.
    """
    texts: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each.__module__.startswith("vectorlog."):
            texts |= _texts_in(each.__module__).get(each.__name__, {})
    return texts


class _Generator(GenerateJsonSchema):
    """Makes schemas without pydantic's titles and without defaults that are null."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  # as in pydantic
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Json:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> Json:
        made = super().model_schema(schema)
        made.pop("title", None)
        model: type[BaseModel] = schema["cls"]
        about, _ = _sections(model.__doc__ or "")
        if about:
            made["description"] = about
        names = {name: field.alias or name for name, field in model.model_fields.items()}
        for field, text in field_texts(model).items():
            made["properties"][names[field]]["description"] = text
        return made


@cache
def _texts_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """Returns the texts of the fields of a module's classes, by class and field."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: _texts_of(each) for each in tree.body if isinstance(each, ast.ClassDef)}


def _texts_of(definition: ast.ClassDef) -> Mapping[str, str]:
    _, texts = _sections(ast.get_docstring(definition) or "")
    for field, text in pairwise(definition.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(written))):
                texts[name] = _one_line(written)
    return texts


def _sections(docstring: str) -> tuple[str, dict[str, str]]:
    """Returns a docstring's text, and the texts of its section "Attributes" by name."""
    about, _, attributes = inspect.cleandoc(docstring).partition("\n\nAttributes:\n")
    named = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", attributes, re.MULTILINE)
    return _one_line(about), {name: f"{text[:1].upper()}{_one_line(text)[1:]}" for name, text in named}


def _one_line(text: str) -> str:
    return " ".join(text.split())
