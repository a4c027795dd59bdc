"""The tools: what each does for the caller of a request, by the use cases that the API's routes call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorlog.api import errors, failures
from vectorlog.api.call import Call
from vectorlog.api.dialect import OPENAI
from vectorlog.api.input import parse, refusals
from vectorlog.api.input.json_text import Json
from vectorlog.api.mcp import arguments, descriptions, results
from vectorlog.api.mcp.messages import INVALID_PARAMS, Fault
from vectorlog.api.mcp.results import Document
from vectorlog.api.resources.search import asked
from vectorlog.api.viewer_links import ViewerLinks
from vectorlog.domain.errors import Refused, store_expired, store_not_found
from vectorlog.files.text_parts import TextPart
from vectorlog.use_cases import indexed_text, passages, vector_stores
from vectorlog.use_cases import search as searches
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.passages import Place
from vectorlog.use_cases.search import Found, Search
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.use_cases.vector_stores import StoreView

MOST_STORES = 20
"""How many stores `search` searches: as many as one search of the API takes."""
_ABOUT = (
    "Vectorlog searches documents. Call search with a question; it returns passages with an id and a url to cite. "
    "fetch returns the whole document of a result, and read_file a part of a long one."
)
_SEVERAL = (
    f" search looks into the {MOST_STORES} newest vector stores. list_vector_stores lists all of them, and "
    "search_vector_store searches one, also by attributes of files."
)


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools for the caller of one request. Implements `protocol.Offer`.

    Attributes:
        request: the request.
        store: the only store that they know; None for all stores of the caller.
    """

    request: Call
    store: str | None

    def instructions(self) -> str:
        """See Offer."""
        if self.store is None:
            return _ABOUT + _SEVERAL
        view = vector_stores.get(self.request.deployment, self.request.actor, self.store)
        about = f": {view.state.description}" if view.state.description else "."
        return f"{_ABOUT} All of this is about the vector store '{view.state.name or view.id}'{about}"

    def tools(self) -> Sequence[Json]:
        """See Offer."""
        return descriptions.described(of_one_store=self.store is not None)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        """See Offer. A failure that is not the caller's is logged and counted, as that of a request is."""
        run = _RUN.get(name)
        if run is None:
            raise Fault(INVALID_PARAMS, f"There is no tool {name[: refusals.ECHO_CHARS]}.")
        try:
            return results.succeeded(run(self, arguments))
        except Refused as error:
            self._report(name, error)
            return results.refused(error)

    def search(self, given: Mapping[str, Any]) -> Json:
        """Searches the caller's newest stores."""
        body = parse.checked(arguments.Search, given)
        wanted = Search((body.query,), body.max_num_results or 10, per_file=body.max_results_per_file)
        if self.store is not None:
            return self._found(searches.search(self.request.deployment, self.request.actor, self.store, wanted))
        page = vector_stores.list_page(self.request.deployment, self.request.actor, PageRequest(limit=MOST_STORES))
        chosen, warnings = self._searchable(page.items)
        if page.has_more:
            warnings.append(f"Only the {MOST_STORES} newest vector stores were searched; search_vector_store has all.")
        found = Found(wanted.queries, ())
        if chosen:

            def skipped(store: str, error: Refused) -> None:
                warnings.append(f"{store} was not searched: {error.message}")
                self._report("search", error)

            found = searches.search_several(self.request.deployment, self.request.actor, chosen, wanted, skipped)
        return self._found(found, warnings)

    def fetch(self, given: Mapping[str, Any]) -> Json:
        """Returns the text of a document, or the part of a long one that is around the passage."""
        document = Document.parse(parse.checked(arguments.Fetch, given).id)
        store = self._named(document.store)
        view, read = self._read(store, document.file, 0, arguments.MOST_CHARS)
        if document.place is not None and read.characters > arguments.MOST_CHARS:
            begin = self._begin(document, document.place)
            view, read = self._read(store, document.file, begin, arguments.MOST_CHARS) if begin else (view, read)
        part = results.part(read)
        metadata = {**results.about(view, read), **{name: value for name, value in part.items() if name != "text"}}
        return {
            "id": str(document),
            "title": view.state.filename,
            "text": part["text"],
            "url": self._address(store, document.file, document.place),
            "metadata": metadata,
        }

    def list_vector_stores(self, given: Mapping[str, Any]) -> Json:
        """Lists the caller's stores, or shows the only one."""
        body = parse.checked(arguments.ListStores, given)
        if self.store is not None:
            view = vector_stores.get(self.request.deployment, self.request.actor, self.store)
            return {"vector_stores": [results.store(view)], "has_more": False}
        page = vector_stores.list_page(
            self.request.deployment, self.request.actor, PageRequest(limit=body.limit or 20, after=body.after)
        )
        return {"vector_stores": [results.store(each) for each in page.items], "has_more": page.has_more}

    def search_vector_store(self, given: Mapping[str, Any]) -> Json:
        """Searches one store with every option of the API."""
        body = parse.checked(arguments.StoreSearch, given)
        store = self._named(body.vector_store_id)
        return self._found(searches.search(self.request.deployment, self.request.actor, store, asked(body)))

    def read_file(self, given: Mapping[str, Any]) -> Json:
        """Returns a part of a file's text."""
        body = parse.checked(arguments.ReadFile, given)
        store = self._named(body.vector_store_id)
        view, read = self._read(store, body.file_id, body.offset or 0, body.limit or arguments.READ_CHARS)
        return {**results.about(view, read), **results.part(read), "url": self._address(store, body.file_id, None)}

    def _named(self, store: str | None) -> str:
        """Returns the store that a call is about.

        Raises:
            Invalid: none is named, and there are several.
            NotFound: it is not the one that the tools know.
        """
        if store is None and self.store is None:
            raise refusals.missing(descriptions.STORE)
        if self.store is not None and store not in (None, self.store):
            raise store_not_found(store or "")
        return store or self.store or ""

    def _read(self, store: str, file: str, first: int, limit: int) -> tuple[StoreFileView, TextPart]:
        return indexed_text.read_part(self.request.deployment, self.request.actor, store, file, first, limit)

    def _begin(self, document: Document, place: Place) -> int:
        """Returns the first character to show of a long document, so that the passage is among those that are shown."""
        deployment, actor = self.request.deployment, self.request.actor
        shown = passages.read(deployment, actor, document.store, document.file, place)
        found = next((each for each in shown.pieces if each.n == shown.passage), None)
        if found is None:
            return 0
        if found.location is not None:
            start = found.location.start
        else:  # an earlier version did not note where it is
            start = indexed_text.read(deployment, actor, document.store, document.file).text.find(found.text)
        return max(0, start - arguments.MOST_CHARS // 2)

    def _searchable(self, views: Sequence[StoreView]) -> tuple[list[str], list[str]]:
        """Returns the ids of the stores that can be searched, and what to say about the others."""
        ids: list[str] = []
        warnings: list[str] = []
        for view in views:
            try:
                if view.expired:
                    raise store_expired(view.id)
                vector_stores.require_model(self.request.deployment, view.state)
            except Refused as error:
                warnings.append(f"{view.id} was not searched: {error.message}")
            else:
                ids.append(view.id)
        return ids, warnings

    def _found(self, found: Found, warnings: Sequence[str] = ()) -> Json:
        return results.found(found, self._address, warnings)

    def _address(self, store: str, file: str, place: Place | None) -> str:
        links = ViewerLinks(self.request.deployment.link_key, self.request.deployment.clock)
        return links.address(self.request.request.root, self.request.actor.caller, store, file, place)

    def _report(self, tool: str, error: Refused) -> None:
        """Logs and counts a failure that is not the caller's."""
        status = errors.refusal(error, OPENAI, "").status
        failures.report(
            self.request.deployment, self.request.request, f"callMcp.{tool}", status, error.message, fault=False
        )


_RUN: Mapping[str, Callable[[Tools, Mapping[str, Any]], Json]] = {
    "search": Tools.search,
    "fetch": Tools.fetch,
    "list_vector_stores": Tools.list_vector_stores,
    "search_vector_store": Tools.search_vector_store,
    "read_file": Tools.read_file,
}
