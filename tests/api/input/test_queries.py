"""The parameters of lists: what is accepted, up to which limit."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from vectorlog.api.input import parse
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.queries import FileList, StoreFileList, StoreList
from vectorlog.domain.errors import Invalid

LISTS: list[tuple[type[FileList | StoreList | StoreFileList], int, int]] = [
    (FileList, 10_000, 10_000),
    (StoreList, 20, 100),
    (StoreFileList, 20, 100),
]
"""Each list with its default limit and its largest one (docs/contract.md, section 1.1)."""


@pytest.mark.parametrize(("schema", "default", "largest"), LISTS)
def test_limit(schema: type[FileList | StoreList | StoreFileList], default: int, largest: int) -> None:
    """A page has from one thing up to the documented number; any other limit is refused, and named."""
    assert parse.query_string(schema, {}).page.limit == default
    for limit in (1, largest):
        assert parse.query_string(schema, {"limit": [str(limit)]}).page.limit == limit
    for wrong in ("0", "-1", str(largest + 1), "ten", "1.5"):
        with pytest.raises(Invalid) as refused:
            parse.query_string(schema, {"limit": [wrong]})
        assert refused.value.param == "limit"


@pytest.mark.parametrize(("schema", "default", "largest"), LISTS)
def test_order_and_cursors(schema: type[FileList | StoreList | StoreFileList], default: int, largest: int) -> None:
    """Lists are newest first unless the request says otherwise; a cursor must be an id of the right kind."""
    assert parse.query_string(schema, {}).page.order == "desc"
    assert parse.query_string(schema, {"order": ["asc"]}).page.order == "asc"
    own, other = ("vs_1", "file-1") if schema is StoreList else ("file-1", "vs_1")
    assert parse.query_string(schema, {"after": [own]}).page.after == own
    with pytest.raises(Invalid) as refused:
        parse.query_string(schema, {"after": [other]})
    assert refused.value.param == "after"


@pytest.mark.parametrize("schema", [FileList, StoreList, StoreFileList, NoParameters])
def test_unknown(schema: type[BaseModel]) -> None:
    """A parameter that a list does not know is refused, and named."""
    with pytest.raises(Invalid) as refused:
        parse.query_string(schema, {"offset": ["3"]})
    assert refused.value.param == "offset"
