"""The OpenAPI documents and the page that shows them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from vectorlog.api.dialect import DIALECTS, MKA1, OPENAI, Dialect
from vectorlog.api.openapi import document as documents
from vectorlog.api.openapi.document import template
from vectorlog.api.openapi.page import html, policy
from vectorlog.api.routes import ROUTES, Route

CHOICES = [[OPENAI], [MKA1], DIALECTS]


def document(dialects: Sequence[Dialect] = DIALECTS) -> Any:
    """The document of these dialects, made once: it takes a while, and depends on nothing else."""
    return deepcopy(_made(tuple(dialects)))


@cache
def _made(dialects: tuple[Dialect, ...]) -> Any:
    return documents.document(dialects)


@cache
def _page(*dialects: Dialect) -> str:
    return html(document(dialects))


@pytest.mark.parametrize("dialects", CHOICES)
def test_valid(dialects: Sequence[Dialect]) -> None:
    """Each document is valid OpenAPI 3.1, so generators and viewers take it."""
    made = json.loads(json.dumps(document(dialects)))
    assert not list(OpenAPIV31SpecValidator(made).iter_errors())
    assert made["openapi"].startswith("3.1")


@pytest.mark.parametrize("dialects", CHOICES)
def test_every_operation(dialects: Sequence[Dialect]) -> None:
    """A document has every route of its dialects, and nothing else."""
    described = {(method.upper(), path) for path, each in document(dialects)["paths"].items() for method in each}
    assert described == {(each.method, template(spoken.prefix + each.path)) for spoken in dialects for each in ROUTES}


@pytest.mark.parametrize("dialects", CHOICES)
def test_every_reference_is_known(dialects: Sequence[Dialect]) -> None:
    """Nothing refers to an operation or a schema that is not there, and no schema is left over."""
    made = document(dialects)
    text = json.dumps(made)
    operations = {each["operationId"] for path in made["paths"].values() for each in path.values()}
    linked = {
        link["operationId"]
        for path in made["paths"].values()
        for each in path.values()
        for link in each["responses"]["200"].get("links", {}).values()
    }
    assert linked <= operations
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) == set(made["components"]["schemas"])


def test_dialects_differ() -> None:
    """What differs between the dialects differs in their documents."""
    openai, mka1 = document([OPENAI]), document([MKA1])
    search = "/vector_stores/{vector_store_id}/search"
    answers = [
        made["components"]["schemas"][
            made["paths"][prefix + search]["post"]["responses"]["200"]["content"]["application/json"]["schema"][
                "$ref"
            ].rpartition("/")[2]
        ]["properties"]["search_query"]["type"]
        for made, prefix in ((openai, "/v1"), (mka1, "/api/v1/llm"))
    ]
    assert answers == ["array", "string"]
    store = "/vector_stores/{vector_store_id}"
    assert "410" in mka1["paths"][f"/api/v1/llm{store}"]["get"]["responses"]
    assert "410" not in openai["paths"][f"/v1{store}"]["get"]["responses"]


def test_servers() -> None:
    """The address of the API follows from that of the document, also below a stage of API Gateway."""
    assert [document(dialects)["servers"] for dialects in CHOICES] == [
        [{"url": ".."}],
        [{"url": "../../.."}],
        [{"url": "."}],
    ]


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "href":
                self.links.append(value or "")
            if name == "id":
                self.ids.add(value or "")


def test_page_needs_nothing_else() -> None:
    """The page has no script and loads nothing, and each of its links leads somewhere."""
    page = Page(html(document()))
    assert not {"script", "img", "link", "iframe", "object"} & page.tags
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "style")}
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= page.ids
    others = {link for link in page.links if not link.startswith("#")}
    assert others == {"openapi.json", "v1/openapi.json", "api/v1/llm/openapi.json"}


def test_policy_allows_the_style() -> None:
    """A browser that keeps the policy shows the page as it is meant."""
    [style] = re.findall(r"<style>(.*?)</style>", html(document()), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy()
    assert "default-src 'none'" in policy()


def test_page_escapes() -> None:
    """Text of the document cannot become markup."""
    made = document()
    made["paths"]["/v1/files"]["get"]["summary"] = "<script>alert(1)</script>"
    assert "<script" not in html(made)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_page_shows_every_operation(route: Route) -> None:
    """A reader finds every operation."""
    assert f"<code>{template(OPENAI.prefix + route.path)}</code>" in _page(OPENAI)
