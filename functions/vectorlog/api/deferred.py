"""Route handlers whose modules are imported when a request first needs one.

A Lambda function that starts for one request so imports the schemas and use cases of one resource, not of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from vectorlog.api.call import Call
    from vectorlog.api.response import Response

PACKAGE = "vectorlog.api.resources"


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of a module in `api/resources/`, imported at its first call."""

    module: str
    name: str

    @property
    def function(self) -> Callable[[Call], Response]:
        """The function itself.

        Raises:
            ImportError, AttributeError: there is none of this name.
        """
        return cast("Callable[[Call], Response]", getattr(import_module(f"{PACKAGE}.{self.module}"), self.name))

    def __call__(self, call: Call) -> Response:
        """Calls the function."""
        return self.function(call)


class Resource:
    """Stands for a module of `api/resources/` in the route table: each attribute is the handler of that name."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Handler:
        return Handler(self._module, name)
