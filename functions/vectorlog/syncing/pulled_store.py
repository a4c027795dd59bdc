"""The store here that stands for one of elsewhere, and what it has already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.pull_map import Form, PullMap
from vectorlog.syncing.pulled_file import AS, FROM

MOST_METADATA = 16
"""Keys of a store's metadata (docs/contract.md, section 4.1)."""


@dataclass(slots=True)
class Pulled:
    """What came of a store.

    Attributes:
        old, new: its ids there and here.
        name: its name.
        made: whether it was made here now.
        as_bytes, as_text, skipped: numbers of files; skipped are those that came before.
        files: ids there, and here.
        failed: names and reasons of what could not come.
        notes: what came, but not as it was.
    """

    old: str
    new: str
    name: str
    made: bool
    as_bytes: int = 0
    as_text: int = 0
    skipped: int = 0
    files: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


class PulledStores:
    """The stores of `target` that stand for stores of elsewhere; `known` is what came in earlier runs."""

    def __init__(self, target: Server, known: PullMap) -> None:
        self._target = target
        self._known = known
        self._stores: dict[str, str] = {}
        for each in target.items("/vector_stores"):
            old = (each.get("metadata") or {}).get(FROM)
            if isinstance(old, str):
                self._stores.setdefault(old, each["id"])

    def opened(self, store: Mapping[str, Any]) -> Pulled:
        """Returns the store here that stands for one there; it is made if there is none. `store` has what the API shows
        of a store: id, name, and if need be description, expiry and metadata.

        Raises:
            Refused: the server refused it.
        """
        old, name = store["id"], store.get("name") or ""
        known = self._known.store(old) or self._stores.get(old)
        if known is not None:
            try:
                self._target.get(f"/vector_stores/{segment(known)}")
            except Refused as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
            else:
                self._known.add_store(old, known, name)
                return Pulled(old, known, name, made=False)
        metadata = dict(store.get("metadata") or {})
        notes: list[tuple[str, str]] = []
        if len(metadata) < MOST_METADATA:
            metadata[FROM] = old
        else:
            notes.append((name or old, f"it has {MOST_METADATA} keys of metadata, so its old id is in the map alone"))
        body = {
            "name": store.get("name"),
            "description": store.get("description"),
            "expires_after": store.get("expires_after"),
            "metadata": metadata,
        }
        made = self._target.post("/vector_stores", {key: value for key, value in body.items() if value})
        self._known.add_store(old, made["id"], name)
        return Pulled(old, made["id"], name, made=True, notes=notes)

    def here(self, pulled: Pulled, there: Sequence[str]) -> Collection[str]:
        """Returns which of the files `there` the store here has already, and counts and names them in `pulled`. Those
        that only their attributes tell are noted in the map, which may be a new one.
        """
        serving: set[str] = set()
        here: dict[str, str] = {}
        forms: dict[str, Form] = {}
        for each in self._target.items(f"/vector_stores/{segment(pulled.new)}/files"):
            if each["status"] not in ("failed", "cancelled"):
                serving.add(each["id"])
                attributes = each.get("attributes") or {}
                old = attributes.get(FROM)
                if isinstance(old, str):
                    here[old] = each["id"]
                    forms[old] = "text" if attributes.get(AS) == "text" else "bytes"
        for old in there:
            known = self._known.file(pulled.old, old)
            if known is not None and known[0] in serving:
                here.setdefault(old, known[0])
            elif old in here:
                self._known.add_file(pulled.old, old, here[old], forms[old])
        pulled.files |= {old: here[old] for old in there if old in here}
        pulled.skipped = sum(old in here for old in there)
        return here.keys()
