"""Checks of a server over HTTP: whether it answers and takes the key, its clock, its model, and what its stores say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from vectorlog.client.server import Refused, Server

State = Literal["ok", "warning", "problem"]

_CLOCK_S = 30.0
"""How far two clocks may differ: signed addresses and expiring keys begin to fail beyond some minutes."""
_SLOW_S = 5.0
"""A model that needs longer for a short text keeps searches waiting."""
_LOOKED_AT = 100
"""Stores that are looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Attributes:
        name: what was checked, a word.
        state: `problem` if something does not work, `warning` if someone should look at it.
        said: what was found.
        remedy: what to do; empty if it is fine.
    """

    name: str
    state: State
    said: str
    remedy: str = ""


def server_checks(server: Server, clock: Callable[[], float] = time.time) -> Iterator[Check]:
    """Yields what is found; nothing more if the server does not answer or refuses the key."""
    try:
        began = clock()
        models = [each["id"] for each in server.get("/models")["data"]]
        took = clock() - began
    except Refused as error:
        yield _refused(server, error)
        return
    yield Check("server", "ok", f"{server.url} answers ({took * 1000:.0f} ms)")
    yield _clock(server, clock)
    yield _key(server)
    yield from _model(server, models, clock)
    yield from _stores(server)


def _refused(server: Server, error: Refused) -> Check:
    match error.status:
        case 0:
            remedy = "Start it (vectorlog serve), or name another one with --url or VECTORLOG_URL."
            return Check("server", "problem", str(error), remedy)
        case HTTPStatus.UNAUTHORIZED:
            remedy = "Set VECTORLOG_API_KEY to a key of this server: `vectorlog keys create --project NAME` makes one."
            return Check("key", "problem", str(error), remedy)
        case HTTPStatus.FORBIDDEN:
            return Check("key", "problem", str(error), "Use a key whose scope is read, write or admin.")
        case HTTPStatus.NOT_FOUND:
            return Check("server", "problem", str(error), f"Is {server.url} the base URL? It usually ends with /v1.")
        case HTTPStatus.INSUFFICIENT_STORAGE | HTTPStatus.SERVICE_UNAVAILABLE:
            return Check("server", "problem", str(error), "Look at the server's log, and at the space on its disk.")
        case _:
            return Check("server", "problem", str(error), "Look at the server's log.")


def _clock(server: Server, clock: Callable[[], float]) -> Check:
    theirs, ours = server.clock("/models"), clock()
    if theirs is None:
        return Check("clock", "warning", "the server does not say what time it is")
    difference = theirs - ours
    if abs(difference) <= _CLOCK_S:
        return Check("clock", "ok", "the server's clock and this one agree")
    which = "ahead of" if difference > 0 else "behind"
    remedy = "Let both machines set their clocks by NTP; keys and signed addresses expire by the clock."
    return Check("clock", "problem", f"the server's clock is {abs(difference):,.0f} s {which} this one", remedy)


def _key(server: Server) -> Check:
    try:
        keys = server.get("/organization/admin_api_keys", limit=100)["data"]
    except Refused as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return Check("key", "ok", "the key is valid; it does not administer keys")
        if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED):
            return Check("key", "ok", "the key is valid; this server does not let it list keys")
        return Check("key", "problem", str(error), "Look at the server's log.")
    if not keys:
        remedy = "Before others can reach it, make a key: vectorlog keys create --project NAME"
        return Check("key", "warning", "the server has no key in this project, so it may accept any", remedy)
    return Check(
        "key", "ok", f"the key administers {len(keys)} keys" if len(keys) > 1 else "the key administers itself"
    )


def _model(server: Server, models: list[str], clock: Callable[[], float]) -> Iterator[Check]:
    if not models:
        yield Check("model", "problem", "the server offers no model", "Look at its settings: VECTORLOG_EMBEDDING…")
        return
    began = clock()
    try:
        answer = server.post("/embeddings", {"model": models[0], "input": "Is the model there?"})
    except Refused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            yield Check("model", "ok", f"{models[0]}; embeddings are switched off, so it was not tried")
        else:
            remedy = "Look at the server's log, and at VECTORLOG_EMBEDDING_BASE_URL and its key."
            yield Check("model", "problem", f"{models[0]} does not embed: {error}", remedy)
        return
    took, size = clock() - began, len(answer["data"][0]["embedding"])
    said = f"{models[0]} embeds ({size} dimensions, {took * 1000:.0f} ms)"
    slow = took > _SLOW_S
    remedy = "Searches wait for it. Is its endpoint near, or the machine busy?" if slow else ""
    yield Check("model", "warning" if slow else "ok", said, remedy)


def _stores(server: Server) -> Iterator[Check]:
    try:
        stores = list(server.items("/vector_stores", at_most=_LOOKED_AT))
    except Refused as error:
        yield Check("stores", "problem", str(error), "Look at the server's log.")
        return
    failed = {each["name"] or each["id"]: each["file_counts"]["failed"] for each in stores}
    failed = {name: count for name, count in failed.items() if count}
    if failed:
        worst = max(failed, key=lambda name: failed[name])
        said = f"{sum(failed.values()):,} files failed, {failed[worst]:,} of them in {worst!r}"
        yield Check("files", "warning", said, f"vectorlog files list {worst!r} --status failed")
    yield Check("stores", "ok", f"{len(stores):,} stores" + (" or more" if len(stores) == _LOOKED_AT else ""))
