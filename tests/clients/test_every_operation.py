"""Every method of the official Python clients for our resources is driven by a test.

The methods are listed from the clients themselves, so a new one makes a test fail.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import EDITION

pytestmark = pytest.mark.skipif(EDITION != "local", reason="asks no server")

OPENAI_RESOURCES = (
    "files",
    "uploads",
    "vector_stores",
    "embeddings",
    "admin.organization.admin_api_keys",
    "admin.organization.projects.rate_limits",
)
OPENAI_METHODS = ["models.list", "models.retrieve", "models.delete", "admin.organization.usage.vector_stores"]
"""Of resources that are not ours otherwise."""
MKA1_RESOURCES = (
    "files",
    "vector_stores",
    "embeddings",
    "usage.files",
    "usage.vector_stores",
    "models.get",
    "models.list",
)
OWN = {"do_request", "do_request_async", "parent_ref", "sdk_configuration"}
"""Parts of MKA1's client that are no operations."""


def methods_of_openai() -> list[str]:
    """The methods of `openai`, as paths from the client."""
    client = OpenAI(api_key="k", admin_api_key="k", base_url="http://test/v1")
    return [each for name in OPENAI_RESOURCES for each in _methods(attrgetter(name)(client), name)] + OPENAI_METHODS


def _methods(resource: Any, path: str) -> Iterator[str]:
    for name in dir(type(resource)):
        if name.startswith(("_", "with_")):
            continue
        if inspect.isfunction(inspect.getattr_static(type(resource), name)):
            yield f"{path}.{name}"
        elif type(getattr(resource, name)).__module__.startswith("openai.resources"):
            yield from _methods(getattr(resource, name), f"{path}.{name}")


def methods_of_mka1() -> list[str]:
    """The methods of `meetkai-mka1`, as paths from `SDK.llm`, without their asynchronous forms."""
    llm = SDK(bearer_auth="k").llm
    every = []
    for path in MKA1_RESOURCES:
        name, _, method = path.partition(".")
        found = [method] if method else [each for each in dir(getattr(llm, name)) if not each.startswith("_")]
        every += [f"{name}.{each}" for each in found if each not in OWN and not each.endswith("_async")]
    return every


@cache
def calls(client: str) -> set[str]:
    """What the tests of a client call, as dotted names."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for name in _calls_in(function):
                    if (path.name.startswith("test_mka1") or ".llm." in name) == (client == "mka1"):
                        found.add(name)
    return found


def _calls_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The dotted names that a function calls, with a variable such as `stores` replaced by what it was set to."""
    named: dict[str, str] = {}
    for each in ast.walk(function):
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute() as value):
                named[name] = ast.unparse(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                named |= {ast.unparse(name): ast.unparse(value) for name, value in zip(names, values, strict=True)}
    for each in ast.walk(function):
        if isinstance(each, ast.Call):
            first, dot, rest = ast.unparse(each.func).partition(".")
            yield f"{named.get(first, first)}{dot}{rest}"


EVERY = [f"openai {each}" for each in methods_of_openai()] + [f"mka1 {each}" for each in methods_of_mka1()]


@pytest.mark.parametrize("method", EVERY)
def test_every_method_is_driven(method: str) -> None:
    """A test calls the method on a running server."""
    client, _, path = method.partition(" ")
    assert any(name == path or name.endswith(f".{path}") for name in calls(client)), (
        f"no test in tests/clients calls '{path}' of {client}: write one, and the operation, if it is new"
    )
