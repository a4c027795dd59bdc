"""Which operations take the id that an operation answers: OpenAPI's links, by which a tool can walk through the API."""

from __future__ import annotations

import re

from vectorlog.api.dialect import OPENAI, Dialect
from vectorlog.api.input.json_text import Json
from vectorlog.api.routes import ROUTES, Route

_AS_A_FIELD = {"uploadFile": {"createVectorStoreFile": "file_id"}}
"""Operations whose body names the id in a field, by the operation that made it."""


def links(dialect: Dialect, route: Route, *, several: bool) -> Json:
    """Returns the links of an operation that creates something."""
    if route.method != "POST" or route.effect != "write":
        return {}
    prefix = f"{'openai' if dialect is OPENAI else 'mka1'}." if several else ""
    here = re.findall(r"<(\w+)>", route.path)
    known = {name: f"$request.path.{name}" for name in here}
    made: Json = {}
    for other in ROUTES:
        below = re.fullmatch(rf"{re.escape(route.path)}/<(\w+)>(/[^<]*)?", other.path)
        if below:
            parameters = {**known, below[1]: "$response.body#/id"}
            made[other.operation] = {"operationId": prefix + other.operation, "parameters": parameters}
    for operation, field in _AS_A_FIELD.get(route.operation, {}).items():
        made[operation] = {"operationId": prefix + operation, "requestBody": {field: "$response.body#/id"}}
    return made
