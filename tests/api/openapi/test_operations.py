"""Every operation is described, by the schemas that its handler reads and writes."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest
from pydantic import BaseModel

from vectorlog.api.deferred import Handler
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.errors import TABLE
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.openapi.answers.answer import Error
from vectorlog.api.openapi.document import answer_of
from vectorlog.api.openapi.operations import OPERATIONS
from vectorlog.api.openapi.schemas import components
from vectorlog.api.routes import ROUTES, Route

OBVIOUS = {"id", "object", "created_at", "type", "text", "name", "description", "has_more", "deleted", "status"}
"""Fields that need no text."""


def by_operation(route: Route) -> str:
    return route.operation


@pytest.mark.parametrize("route", ROUTES, ids=by_operation)
def test_every_route_is_described(route: Route) -> None:
    """The specification has every operation, so that whoever adds one says what it takes and what it answers."""
    assert route.operation in OPERATIONS, (
        f"{route.method} {route.path} is not in the specification. Add '{route.operation}' to OPERATIONS in "
        f"api/openapi/operations.py, with a summary, the schema of its answer (a module in api/openapi/answers/), and "
        f"the schemas of the body and the query that its handler reads."
    )


def test_nothing_else_is_described() -> None:
    """A description whose route is gone is removed."""
    assert set(OPERATIONS) == {route.operation for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=by_operation)
def test_described_as_it_is_read(route: Route) -> None:
    """The body and the query of the specification are those with which the handler reads them."""
    described, read = OPERATIONS[route.operation], _read(route)
    assert read.get("query", "NoParameters") == described.parameters.__name__, "see OPERATIONS"
    if described.files:
        assert described.files == (route.file_field,)
    else:
        assert read.get("body") == (described.body.__name__ if described.body else None), "see OPERATIONS"


def _read(route: Route) -> dict[str, str]:
    """The schemas that a handler passes to `call.body` and `call.query`."""
    assert isinstance(route.handler, Handler)
    tree = ast.parse(textwrap.dedent(inspect.getsource(route.handler.function)))
    found = {}
    for each in ast.walk(tree):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="call"), attr=part), args=[ast.Name(id=schema)]):
                found[part] = schema
    return found


def _schemas() -> dict[str, type[BaseModel]]:
    every: set[type[BaseModel]] = set()
    for described in OPERATIONS.values():
        every |= {each for each in (described.body, described.parameters) if each and each is not NoParameters}
        every |= {each for each in (answer_of(described, dialect) for dialect in DIALECTS) if each}
    return {each.__name__: each for each in every}


@pytest.mark.parametrize(("name", "schema"), sorted(components(_schemas().values()).items()))
def test_every_field_has_a_text(name: str, schema: dict[str, object]) -> None:
    """Whoever reads the specification learns what each field is; only obvious ones are left out."""
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    silent = {field for field, each in properties.items() if "description" not in each and "$ref" not in each} - OBVIOUS
    assert not silent, f"{name}: write a text below {sorted(silent)}, as for the fields beside"


def test_every_type_of_error_is_described() -> None:
    """A client that reads the specification knows every type of an error."""
    described = components([Error])["ErrorDetails"]["properties"]["type"]["enum"]
    assert set(described) == {spec.type for spec in TABLE.values()}
