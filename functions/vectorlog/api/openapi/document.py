"""Builds the OpenAPI document of one dialect, or of both (OpenAPI 3.1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from pydantic import BaseModel

from vectorlog.api.call import KINDS
from vectorlog.api.dialect import DIALECTS, OPENAI, Dialect
from vectorlog.api.input.json_text import Json
from vectorlog.api.input.parse import id_schema
from vectorlog.api.openapi import refused
from vectorlog.api.openapi.answers.answer import ByDialect, Error
from vectorlog.api.openapi.links import links
from vectorlog.api.openapi.operations import OPERATIONS, Described
from vectorlog.api.openapi.schemas import components, reference
from vectorlog.api.routes import ROUTES, Route
from vectorlog.defaults import VERSION

_ABOUT = """\
OpenAI's Files and Vector Stores API under `/v1`, and MKA1's superset of it under `/api/v1/llm`.
Both have the same data and the same keys.
Every answer carries `x-request-id`.
The query parameter `api-version`, which some clients always send, is ignored."""
_HEADERS: Mapping[str, Json] = {
    "x-request-id": {"description": "The id of this request, for logs and reports.", "schema": {"type": "string"}},
    "openai-poll-after-ms": {
        "description": "When to ask again, in ms. It is sent while something is in progress.",
        "schema": {"type": "integer"},
    },
}
_PARAMETERS: Mapping[str, Json] = {
    "OnBehalfOf": {
        "name": "X-On-Behalf-Of",
        "in": "header",
        "description": "The end user for whom the key acts. Without it, the key acts for its project.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 256},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repeating a request with the same key and body has one effect, and gives the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 256},
    },
}

_PATH_TEXTS: Mapping[str, str] = {
    "model": "As `provider:model`.",
    "project_id": "The name of a project.",
    "rate_limit_id": "`rl-project`, which holds all limits.",
    "user_id": "An end user as in `X-On-Behalf-Of`, or `team`.",
}
"""What the path parameters are that are no ids."""


def document(dialects: Sequence[Dialect] = DIALECTS) -> Json:
    """Returns the document of these dialects.

    Raises:
        KeyError: a route is not described in `OPERATIONS`.
    """
    served = [(dialect, route, OPERATIONS[route.operation]) for dialect in dialects for route in ROUTES]
    schemas = components(model for dialect, _, described in served for model in _models(dialect, described))
    paths: dict[str, Json] = {}
    for dialect, route, described in served:
        operation = _operation(dialect, route, described, schemas, several=len(dialects) > 1)
        paths.setdefault(template(dialect.prefix + route.path), {})[route.method.lower()] = operation
    for described in OPERATIONS.values():
        schemas.pop(described.parameters.__name__, None)  # they are part of the operations
    up = "/".join([".."] * (dialects[0].prefix.count("/"))) if len(dialects) == 1 else "."
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vectorlog", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": up}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def template(path: str) -> str:
    """Returns a route's path in OpenAPI's notation."""
    return re.sub(r"<(\w+)>", r"{\1}", path)


def operation_id(dialect: Dialect, operation: str, *, several: bool) -> str:
    """Returns the id of an operation, which is unique in its document."""
    return f"{'openai' if dialect is OPENAI else 'mka1'}.{operation}" if several else operation


def answer_of(described: Described, dialect: Dialect) -> type[BaseModel] | None:
    """Returns the schema of an operation's answer in a dialect; None if it is bytes."""
    match described.answer:
        case "bytes":
            return None
        case ByDialect() as each:
            return each.openai if dialect is OPENAI else each.mka1
        case type() as model:
            return model
        case _ as never:
            assert_never(never)


def _models(dialect: Dialect, described: Described) -> Iterable[type[BaseModel]]:
    answer = answer_of(described, dialect)
    return (model for model in (described.body, described.parameters, answer, Error) if model is not None)


def _operation(
    dialect: Dialect, route: Route, described: Described, schemas: Mapping[str, Json], *, several: bool
) -> Json:
    tag = route.path.split("/")[1]
    made: Json = {
        "operationId": operation_id(dialect, route.operation, several=several),
        "summary": described.summary,
        "tags": [f"{tag} ({dialect.prefix})" if several else tag],
        "parameters": [
            *map(_path_parameter, re.findall(r"<(\w+)>", route.path)),
            *_query(schemas[described.parameters.__name__]),
            {"$ref": "#/components/parameters/OnBehalfOf"},
            *([{"$ref": "#/components/parameters/IdempotencyKey"}] if route.repeatable else []),
        ],
        "responses": {
            "200": _success(dialect, route, described, several=several),
            **refused.responses(route, dialect),
        },
    }
    if described.body is not None:
        made["requestBody"] = {"required": True, "content": _body(described, described.body, schemas)}
    return made


def _path_parameter(name: str) -> Json:
    schema: Json = id_schema(KINDS[name]) if name in KINDS else {"type": "string"}
    text = {"description": _PATH_TEXTS[name]} if name in _PATH_TEXTS else {}
    return {"name": name, "in": "path", "required": True, "schema": schema, **text}


def _query(parameters: Json) -> Iterable[Json]:
    for name, schema in parameters.get("properties", {}).items():
        rest = {key: value for key, value in schema.items() if key != "description"}
        choices = [each for each in rest.get("anyOf", ()) if each != {"type": "null"}]
        parameter: Json = {"name": name, "in": "query", "schema": choices[0] if len(choices) == 1 else rest}
        if name in parameters.get("required", ()):
            parameter["required"] = True
        if "description" in schema:
            parameter["description"] = schema["description"]
        yield parameter


def _body(described: Described, body: type[BaseModel], schemas: Mapping[str, Json]) -> Json:
    if not described.files:
        return {"application/json": {"schema": reference(body)}}
    fields = schemas[body.__name__]
    for name in described.files:
        fields["properties"][name] = {"type": "string", "format": "binary", "description": "A file part."}
    fields["required"] = sorted({*fields.get("required", ()), *described.files})
    return {"multipart/form-data": {"schema": reference(body)}}


def _success(dialect: Dialect, route: Route, described: Described, *, several: bool) -> Json:
    answer = answer_of(described, dialect)
    content: Json = {"*/*": {}} if answer is None else {"application/json": {"schema": reference(answer)}}
    headers = ["x-request-id", *(["openai-poll-after-ms"] if described.polled else [])]
    made: Json = {
        "description": "The bytes of the file." if answer is None else "Done.",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": content,
    }
    followed = links(dialect, route, several=several)
    return {**made, "links": followed} if followed else made
