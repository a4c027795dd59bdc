"""Pages of lists."""

from __future__ import annotations

from functools import cache
from typing import Generic, Literal, TypeVar, cast

from pydantic import BaseModel, create_model

from vectorlog.api.openapi.answers.answer import Answer, ByDialect

Item = TypeVar("Item", bound=BaseModel)
Id = TypeVar("Id")


class Page(Answer, Generic[Item, Id]):
    """A page of a list."""

    object: Literal["list"]
    data: list[Item]
    """The items."""
    first_id: Id
    """The first item of this page; null, or empty in MKA1's dialect, if there is none."""
    last_id: Id
    """The last item of this page; null, or empty in MKA1's dialect, if there is none."""
    has_more: bool


@cache
def pages(of: type[BaseModel], of_mka1: type[BaseModel] | None = None) -> ByDialect:
    """Returns the schema of a page of these things, whose ids are null or empty if the page is.

    Args:
        of: an item of the list.
        of_mka1: an item in MKA1's dialect, if it differs.
    """
    name, text = f"{of.__name__}Page", Page.__doc__
    first = cast("type[BaseModel]", Page[of, str | None])  # type: ignore[valid-type]
    second = cast("type[BaseModel]", Page[of_mka1 or of, str])  # type: ignore[misc]
    return ByDialect(
        create_model(name, __base__=first, __module__=__name__, __doc__=text),
        create_model(f"{name}Mka1", __base__=second, __module__=__name__, __doc__=text),
    )
