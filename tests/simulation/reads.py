"""The reads of a history: searches, counts and lists, each compared with the model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation import store_counts
from tests.simulation.client import Answer, Sent, pairs, shown_of
from tests.simulation.model import Store, chunks, require
from tests.simulation.places import Place, Settings, Shown
from tests.simulation.requests import Requests
from tests.simulation.steps import Step

QUERY = "alpha beta"


class Reads:
    """Sends the reads of a history's steps."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._model = requests.model
        self._client = requests.client

    # Search

    def search(self, step: Step) -> Answer:
        """A search finds exactly the chunks of what serves, also with a filter, a limit and a threshold."""
        about = step.about
        store = self._requests.store(about["store"])
        body: dict[str, Any] = {"query": about["query"], "max_num_results": about["limit"]}
        if about["filter"] is not None:
            body["filters"] = {"type": "eq", "key": "n", "value": about["filter"]}
        if about["words"]:
            body["ranking_options"] = {"hybrid_search": {"embedding_weight": 0.0, "text_weight": 1.0}}
        path = f"/vector_stores/{store.id}/search"
        answer = self._client.send(Sent(about["actor"], "POST", path, body))
        if self._requests.gone(store, answer, about["actor"]) or not answer.ok:
            return answer
        found = answer.body["data"]
        scores = [each["score"] for each in found]
        require(scores == sorted(scores, reverse=True), "the results are not in the order of their scores")
        require(len(found) <= about["limit"], "a search returns more than its limit")
        self._check_found(store, found, about)
        return answer

    def _check_found(self, store: Store, found: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> None:
        by_file: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for each in found:
            by_file[each["file_id"]].append(each)
        expected, wild = 0, False
        full = len(found) >= about["limit"]
        for place in self._model.in_store(store.label):
            results = by_file.pop(place.file.id, [])
            if self._model.is_wild(place):
                wild = True
                continue
            options = self._servings(place, about)
            got = Counter(each["content"][0]["text"] for each in results)
            least = min((sum(option[1].values()) for option in options), default=0)
            expected += least
            self._check_file(place, got, results, options, full=full)
        require(not by_file, f"a search of {store.label} finds files that were never in it: {sorted(by_file)}")
        if not wild:
            require(
                len(found) >= min(expected, about["limit"]),
                f"a search of {store.label} finds {len(found)} chunks; at least {expected} serve and match",
            )

    def _servings(self, place: Place, about: Mapping[str, Any]) -> list[tuple[Settings | None, Counter[str]]]:
        """Returns what may be found of a place: the settings that serve, and the chunks that match."""
        servings = {state.serving for state in place.states | place.rows}
        if place.file.deleted == "yes" and not place.file.unshown:
            servings = {None}
        elif place.file.deleted != "no":
            servings.add(None)
        options: list[tuple[Settings | None, Counter[str]]] = []
        for serving in servings:
            if serving is None or (about["filter"] is not None and ("n", about["filter"]) not in serving.attributes):
                options.append((serving, Counter[str]()))
                continue
            for version in (0, 1):
                texts = chunks(place.file.text, serving.chunking, version)
                if about["words"]:
                    asked = set(about["query"].split())
                    texts = tuple(text for text in texts if asked & set(text.split()))
                options.append((serving, Counter(texts)))
        late = (self._requests.world.late_filters or place.untagged) and not about.get("exact")
        if late and about["filter"] is not None:
            options.append((None, Counter()))
        return options

    def _check_file(
        self,
        place: Place,
        got: Counter[str],
        results: Sequence[Mapping[str, Any]],
        options: Sequence[tuple[Settings | None, Counter[str]]],
        *,
        full: bool,
    ) -> None:
        """`full`: the limit was reached, so some of the file's chunks may have been left out."""
        shown = {pairs(each["attributes"]) for each in results}
        for serving, wanted in options:
            complete = got == wanted or (full and not got - wanted)
            if complete and (not shown or (serving is not None and shown == {serving.attributes})):
                return
        possible = " or ".join(str(sorted(wanted)) for _, wanted in options)
        require(
            False,
            f"a search finds {sorted(got.elements())} with {sorted(shown)} of {place.file.label} in {place.store}; "
            f"what serves is {possible} with {sorted({str(serving) for serving, _ in options})}",
        )

    # Counts

    def look_store(self, step: Step) -> Answer:
        """GET of a store: its name and counts."""
        store, actor = self._requests.store(step.about["store"]), step.about["actor"]
        answer = self._client.send(Sent(actor, "GET", f"/vector_stores/{store.id}"))
        if not self._requests.gone(store, answer, actor) and answer.ok:
            store.shown(answer.body["name"])
            store_counts.check(self._model, store, answer.body["file_counts"])
        return answer

    # Lists

    def list_files(self, step: Step) -> Answer:
        """Pages through a store's files; every file is listed once, as it is."""
        about = step.about
        store = self._requests.store(about["store"])
        path = f"/vector_stores/{store.id}/files"
        answer, listed = self._every_page(store, about, path)
        if listed is None:
            return answer
        created = [each["created_at"] for each in listed]
        require(
            created == sorted(created, reverse=about["order"] == "desc"), f"a list of {store.label} is not in order"
        )
        self._check_listed(store, {each["id"]: shown_of(each) for each in listed}, about["filter"])
        return answer

    def _every_page(
        self, store: Store, about: Mapping[str, Any], path: str
    ) -> tuple[Answer, list[Mapping[str, Any]] | None]:
        """Returns the last answer and the files of all pages, each once; None for the files if a page was refused."""
        listed: list[Mapping[str, Any]] = []
        answer = Answer(0, None)
        for answer in self._pages(path, about):
            if self._requests.gone(store, answer, about["actor"]) or not answer.ok:
                return answer, None
            listed += answer.body["data"]
        ids = [each["id"] for each in listed]
        require(len(ids) == len(set(ids)), f"{path} shows a file twice")
        return answer, listed

    def _check_listed(self, store: Store, listed: dict[str, Shown], status: str | None) -> None:
        for place in self._model.in_store(store.label):
            got = listed.pop(place.file.id, None)
            if self._model.is_wild(place) or (got is None and place.unshown):
                continue
            possible = self._model.in_rows(place)
            if status is not None:
                possible = {each if each is not None and each[0] == status else None for each in possible}
            require(
                got in possible,
                f"a list shows {place.file.label} in {store.label} as {got}; possible is only: "
                f"{' or '.join(sorted(map(str, possible)))}",
            )
        require(not listed, f"a list of {store.label} shows files that were never in it: {sorted(listed)}")

    def list_batch(self, step: Step) -> Answer:
        """Pages through a batch's files."""
        about = step.about
        batch = self._requests.batch(about["batch"])
        store = self._requests.store(batch.store)
        path = f"/vector_stores/{store.id}/file_batches/{batch.id}/files"
        answer, listed = self._every_page(store, about, path)
        if listed is None:
            return answer
        ids = [each["id"] for each in listed]
        order = [self._model.files[label].id for label in batch.settings]
        order = order if about["order"] == "asc" else order[::-1]
        require([each for each in order if each in ids] == ids, f"{batch.label} is not listed in its order")
        shown = {each["id"]: shown_of(each) for each in listed}
        for place in self._model.of_batch(batch):
            if not self._model.is_wild(place):
                got = shown.get(place.file.id)
                possible = {each for state in place.states for each in self._model.listed(place, state)}
                if any(state.entry(batch.label) == "unreached" for state in place.states):
                    settings = batch.settings[place.file.label]
                    possible |= {(status, settings) for status in ("in_progress", "cancelled")}
                if any(not state.attached for state in place.states):  # detached: only a newer batch shows it
                    possible.add(None)
                if place.file.unshown:  # rows still show it as it was
                    possible |= self._model.in_rows(place)
                require(got in possible, f"{batch.label} lists {place.file.label} as {got}, possible is {possible}")
        return answer

    def list_stores(self, step: Step) -> Answer:
        """Pages through all stores of a caller."""
        about = step.about
        listed = self._all("/vector_stores", about)
        if listed is None:
            return Answer(0, None)
        names = {each["id"]: each for each in listed}
        require(len(names) == len(listed), "the list of stores shows one twice")
        for store in self._model.stores.values():
            if not self._requests.sees(about["actor"], store.owner):
                require(store.id not in names, f"a stranger lists {store.label}")
            elif store.id:
                require(store.id in names or store.exists != "yes", f"{store.label} is not listed")
                deleted = store.exists == "no"
                require(store.id not in names or not deleted or store.unshown, f"{store.label} is deleted and listed")
                if store.id in names and not deleted:
                    store_counts.check(self._model, store, names[store.id]["file_counts"])
        return Answer(200, None)

    def list_uploads(self, step: Step) -> Answer:
        """Pages through all uploaded files of a caller."""
        about = step.about
        listed = self._all("/files", about)
        if listed is None:
            return Answer(0, None)
        names = {each["id"] for each in listed}
        require(len(names) == len(listed), "the list of files shows one twice")
        for file in self._model.files.values():
            if not self._requests.sees(about["actor"], file.owner):
                require(file.id not in names, f"a stranger lists {file.label}")
            elif file.id:
                require(file.id in names or file.deleted != "no", f"{file.label} is not listed")
                require(file.id not in names or file.deleted != "yes", f"{file.label} is deleted and listed")
        return Answer(200, None)

    def _all(self, path: str, about: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
        listed: list[Mapping[str, Any]] = []
        for answer in self._pages(path, about):
            if not answer.ok:
                return None
            listed += answer.body["data"]
        return listed

    def _pages(self, path: str, about: Mapping[str, Any]) -> Iterator[Answer]:
        """Yields the answers with the pages of a list, up to one that is refused."""
        query = {"limit": str(about["limit"]), "order": about["order"]}
        if about.get("filter"):
            query["filter"] = about["filter"]
        shown = 0
        while True:
            answer = self._client.send(Sent(about["actor"], "GET", path, query=query))
            yield answer
            if not answer.ok or not answer.body["has_more"]:
                return
            shown += len(answer.body["data"])
            require(shown <= 500, "a list does not end")
            query["after"] = answer.body["last_id"]
