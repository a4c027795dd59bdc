"""Qdrant's collections, over its HTTP API, which is only read.

The folder of its Python client is not read: it keeps points as pickles, and to read a pickle is to run what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from urllib3.util import parse_url

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.points import Collection, Layout, Point

_PAGE = 256
"""Points that are asked for at once."""


class QdrantServer:
    """A server of Qdrant's."""

    def __init__(self, server: Server, layout: Layout) -> None:
        self._server = server
        self._layout = layout

    def collections(self) -> Sequence[Collection]:
        """See `PointSource`."""
        names = [each["name"] for each in _result(self._server.get("/collections"))["collections"]]
        return [Collection(self._id(name), name, self._metadata(name)) for name in sorted(names)]

    def points(self, collection: Collection) -> Iterator[Point]:
        """See `PointSource`."""
        offset = None
        while True:
            asked = {"limit": _PAGE, "with_payload": True, "with_vector": False, "offset": offset}
            page = _result(self._server.post(f"{self._path(collection.name)}/points/scroll", asked))
            for each in page["points"]:
                yield self._layout.point(str(each["id"]), each.get("payload") or {})
            offset = page.get("next_page_offset")
            if offset is None:
                return

    def unread(self, collection: Collection) -> str:
        """See `PointSource`."""
        del collection
        return ""

    def _id(self, name: str) -> str:
        return f"{parse_url(self._server.url)._replace(auth=None).url}{self._path(name)}"  # a password is nobody's id

    def _path(self, name: str) -> str:
        return f"/collections/{segment(name)}"

    def _metadata(self, name: str) -> dict[str, Any]:
        config = _result(self._server.get(self._path(name))).get("config") or {}
        return config.get("metadata") or {}


def _result(answer: Any) -> Any:  # noqa: ANN401  # JSON
    result = answer["result"] if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        raise Refused("The server does not answer as Qdrant does; is this its HTTP address, such as port 6333?")
    return result
