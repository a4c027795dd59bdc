"""The page of a passage, behind a signed address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vectorlog.api import errors, failures, viewer_page
from vectorlog.api.dialect import MKA1
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.viewer_links import Opened, ViewerLinks
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Refused
from vectorlog.use_cases import access, limits, passages
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.passages import AROUND, Place, Shown

OPERATION = "viewPassage"


def page(deployment: Deployment, request: Request, ids: Mapping[str, str]) -> Response:
    """GET /view/<vector_store_id>/<file_id>. The answer to a refused request is a page too, with the error's status."""
    try:
        return _shown(deployment, request, ids)
    except Refused as error:
        refusal = errors.refusal(error, MKA1, OPERATION)  # an expired store is a 410
        failures.report(deployment, request, OPERATION, refusal.status, error.message, fault=False)
        headers = {name: value for name, value in refusal.headers.items() if name == "retry-after"}
        text = viewer_page.refusal(error.message).encode(errors="replace")
        return Response(refusal.status, {**viewer_page.HEADERS, **headers}, text, OPERATION)


def _shown(deployment: Deployment, request: Request, ids: Mapping[str, str]) -> Response:
    links = ViewerLinks(deployment.link_key, deployment.clock)
    asked = links.opened(ids, request.query)
    is_user = (lambda user: links.code(user) == asked.code) if asked.code else None
    caller = access.of_link(deployment, asked.store, is_user)
    limits.count_request(deployment, caller.project)
    shown = passages.read(deployment, Actor(caller, request.request_id), asked.store, asked.file, asked.place)
    text = viewer_page.passage(shown, *_around(links, request.root, asked, shown))
    return Response(200, viewer_page.HEADERS, text.encode(errors="replace"), OPERATION, caller.project)


def _around(links: ViewerLinks, root: str, asked: Opened, shown: Shown) -> tuple[str, str]:
    """Returns the addresses of the passages before and after what is shown; empty if there are none. They end when the
    given one does.
    """
    if not shown.pieces:
        return "", ""
    first, last = shown.pieces[0].n, shown.pieces[-1].n
    earlier, later = max(0, first - AROUND - 1), min(last + AROUND + 1, shown.chunks - 1)

    def at(n: int) -> str:
        return links.signed(root, replace(asked, place=Place(shown.generation, n)))

    return at(earlier) if first > 0 else "", at(later) if last < shown.chunks - 1 else ""
