"""Which store and file here stands for which of elsewhere: a JSON file, with a journal beside it while a pull runs.

The file is `{"stores": {‹old id›: {"id", "name", "files": {‹old id›: ‹id›}, "texts": [‹old id›]}}}`; `texts` names the
files that came as text alone. What a pull has done is written to the journal at once, a line each, so an end at any
moment loses nothing. The next pull reads both.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from vectorlog.files.private import PRIVATE_FILE, private_file
from vectorlog.files.synced import sync

Form = Literal["bytes", "text"]


class BadMap(Exception):
    """A file is no map of a pull; the message names it."""


@dataclass(slots=True)
class _Store:
    """What is known of a store of elsewhere.

    Attributes:
        id, name: of the store here.
        files: ids there, and here.
        texts: ids there of files that came as text alone; None in a map of an earlier version, which did not say.
    """

    id: str
    name: str
    files: dict[str, str] = field(default_factory=dict)
    texts: set[str] | None = field(default_factory=set)


class PullMap:
    """The map in `file`, which need not exist. Safe to use from several threads.

    Raises:
        BadMap: it, or its journal, is something else, or could not be written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._journal_file = file.with_name(f"{file.name}.journal")
        self._journal: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._stores: dict[str, _Store] = {}
        self._bytes: dict[str, str] = {}
        if not os.access(file.absolute().parent, os.W_OK):
            raise BadMap(f"{file} cannot be written: its folder does not exist, or is not yours to write to.")
        try:
            self._read(json.loads(file.read_bytes())["stores"])
        except FileNotFoundError:
            pass  # the first pull
        except OSError as error:
            raise BadMap(f"{file} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadMap(f"{file} is no map of a pull; name another file.") from None
        try:
            lines = self._journal_file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        try:
            for line in lines[:-1]:  # what follows the last line's end was not written whole
                self._replay(json.loads(line))
        except (ValueError, KeyError, TypeError):
            raise BadMap(f"{self._journal_file} is no journal of a pull; remove it, or name another map.") from None

    def store(self, old: str) -> str | None:
        """The store here that stands for one there."""
        known = self._stores.get(old)
        return known.id if known else None

    def file(self, store: str, old: str) -> tuple[str, Form] | None:
        """The file here that stands for a file of a store there, and how it came."""
        known = self._stores.get(store)
        if known is None or known.texts is None or old not in known.files:
            return None
        return known.files[old], "text" if old in known.texts else "bytes"

    def uploads(self, store: str, old: str) -> list[tuple[str, Form]]:
        """Files here that may be attached for a file of a store there: the one that stands for it, and the last one
        that came for another store, because bytes are the same in every store.
        """
        own, other = self.file(store, old), self._bytes.get(old)
        found: list[tuple[str, Form]] = [own] if own else []
        if other is not None:
            found.append((other, "bytes"))
        return found

    def add_store(self, old: str, new: str, name: str) -> None:
        """Notes a store; the files of another one that stood for it before are forgotten."""
        with self._lock:
            known = self._stores.get(old)
            if known is None or (known.id, known.name) != (new, name):
                self._note({"store": old, "id": new, "name": name})

    def add_file(self, store: str, old: str, new: str, form: Form) -> None:
        """Notes a file of a store that was noted before."""
        with self._lock:
            known = self._stores[store]
            if known.files.get(old) != new or known.texts is None or (old in known.texts) != (form == "text"):
                self._note({"store": store, "file": old, "id": new, "form": form})

    def finish(self) -> None:
        """Writes the file, and removes the journal."""
        stores: dict[str, Any] = {}
        for old, each in self._stores.items():
            stores[old] = {"id": each.id, "name": each.name, "files": each.files}
            if each.texts is not None:
                stores[old]["texts"] = sorted(each.texts)
        draft = self._file.with_name(f"{self._file.name}.draft")
        with private_file(draft) as written:
            written.write(json.dumps({"stores": stores}, indent=1).encode())
        sync(draft)
        draft.replace(self._file)
        sync(self._file.absolute().parent)  # before what the journal says is gone
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self._journal_file.unlink(missing_ok=True)

    def _read(self, stores: Mapping[str, Any]) -> None:
        for old, each in stores.items():
            texts = set(each["texts"]) if "texts" in each else None
            self._stores[old] = known = _Store(each["id"], each.get("name") or "", dict(each.get("files") or {}), texts)
            if texts is not None:
                self._bytes |= {file: new for file, new in known.files.items() if file not in texts}

    def _replay(self, line: Mapping[str, Any]) -> None:
        store = line["store"]
        if "file" not in line:
            before = self._stores.get(store)
            if before is None or before.id != line["id"]:
                self._stores[store] = _Store(line["id"], line["name"])
            else:
                before.name = line["name"]
            return
        known = self._stores[store]
        if known.texts is None:
            known.files, known.texts = {}, set()
        known.files[line["file"]] = line["id"]
        if line["form"] == "text":
            known.texts.add(line["file"])
        else:
            known.texts.discard(line["file"])
            self._bytes[line["file"]] = line["id"]

    def _note(self, line: Mapping[str, Any]) -> None:
        self._replay(line)
        if self._journal is None:
            descriptor = os.open(self._journal_file, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
            self._journal = os.fdopen(descriptor, "ab", buffering=0)
            self._cut_half_line()
        self._journal.write(json.dumps(line).encode() + b"\n")

    def _cut_half_line(self) -> None:
        whole = self._journal_file.read_bytes()
        os.truncate(self._journal_file, whole.rfind(b"\n") + 1)
