"""Judged questions, and the two layouts in which collections of them are kept."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_FIELDS = ("_id", "text", "title", "category")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadCollection(Exception):
    """A collection cannot be read; the message names the file and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Which documents answer a question: a grade above 0 for each, by id."""

    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a result has to hold to answer a question: every one of `texts`; and its filename, if `files` names any."""

    texts: tuple[str, ...]
    files: tuple[str, ...] = ()


Judgement: TypeAlias = Documents | Passage


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a store, and what answers it. `store` is a name within the collection."""

    id: str
    text: str
    judgement: Judgement
    category: str = ""
    store: str = "main"


@dataclass(frozen=True, slots=True)
class StoreOf:
    """The documents of a store by filename, and its chunking as (tokens, overlap); None for the server's default."""

    name: str
    documents: tuple[str, ...]
    chunking: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents and questions about them.

    Attributes:
        documents: their bytes, by filename.
    """

    documents: Mapping[str, bytes]
    stores: tuple[StoreOf, ...]
    questions: tuple[Question, ...]


def collection(folder: Path) -> Collection:
    """Reads a folder: `set.json` with `docs/`, or BEIR's `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`. Files of
    BEIR's layout may be gzipped, and its judgements may be in `qrels/test.tsv`.

    Raises:
        BadCollection: a file is missing or not of its form.
    """
    if (folder / "set.json").exists():
        return _passages(folder)
    corpus = _first(folder, "corpus.jsonl", "corpus.jsonl.gz")
    queries = _first(folder, "queries.jsonl", "queries.jsonl.gz")
    qrels = _first(folder, "qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv")
    documents = {
        f"{each['_id']}.txt": "\n".join(filter(None, (each.get("title"), each["text"]))).encode()
        for each in _lines(corpus)
    }
    return Collection(documents, (StoreOf("main", tuple(documents)),), tuple(judged(queries, qrels)))


def judged(queries: Path, qrels: Path) -> Iterator[Question]:
    """Yields the questions of `queries` (JSON lines of `_id` and `text`) that `qrels` judges. Its lines are query,
    document and grade, with tabs between; the first may name the columns.

    Raises:
        BadCollection: a file is not of its form, or judges no question.
    """
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for number, line in enumerate(_text(qrels).splitlines(), 1):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) == 4:  # TREC's form has an unused second column
            cells = [cells[0], *cells[2:]]
        if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
            if number == 1 or not line.strip():
                continue
            raise BadCollection(f"{qrels}, line {number}: expected a query, a document and a grade, got {line[:80]!r}")
        if int(cells[2]) > 0:
            grades[cells[0]][cells[1]] = int(cells[2])
    found = [
        Question(each["_id"], each["text"], Documents(grades[each["_id"]]), each.get("category") or "")
        for each in _lines(queries)
        if each["_id"] in grades
    ]
    if not found:
        raise BadCollection(f"{qrels} judges none of the queries in {queries}; compare their ids.")
    yield from found


def _passages(folder: Path) -> Collection:
    path = folder / "set.json"
    try:
        read = json.loads(_text(path))
        stores = tuple(
            StoreOf(each["name"], tuple(each["documents"]), _chunking(each.get("chunking"))) for each in read["stores"]
        )
        questions = tuple(
            Question(
                each["id"],
                each["query"],
                Passage(tuple(each["answer"]), tuple(each.get("files", ()))),
                each.get("category", ""),
                each["store"],
            )
            for each in read["questions"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadCollection(f"{path} is not a set of questions: {error!r}") from error
    names = {name for store in stores for name in store.documents}
    return Collection({name: (folder / "docs" / name).read_bytes() for name in sorted(names)}, stores, questions)


def _chunking(value: Any) -> tuple[int, int] | None:  # noqa: ANN401  # JSON
    return None if value is None else (int(value[0]), int(value[1]))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    """Yields the fields of each line that are read, as texts: `_id`, which may be a number in the file, and `text`;
    `title` and `category`, if the line has them.

    Raises:
        BadCollection: a line is not of this form, or has the `_id` of an earlier one.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            raise BadCollection(f"{where}: not JSON ({error})") from error
        if not isinstance(value, dict) or any(key not in value for key in ("_id", "text")):
            raise BadCollection(f"{where}: expected an object with _id and text")
        fields = {key: value[key] for key in _FIELDS if value.get(key) is not None or key in ("_id", "text")}
        if type(fields["_id"]) is int:
            fields["_id"] = str(fields["_id"])
        for key, field in fields.items():
            if not isinstance(field, str):
                raise BadCollection(f"{where}: {key} is not a text, but {json.dumps(field)[:80]}")
            if _SURROGATE.search(field) is not None:
                raise BadCollection(f"{where}: {key} has half of a surrogate pair, which is no character")
        first = seen.setdefault(fields["_id"], number)
        if first != number:
            raise BadCollection(f"{where}: line {first} has the _id {fields['_id']!r} already")
        yield fields


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadCollection(f"{path} cannot be read: {error}") from error


def _first(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise BadCollection(f"{folder} has neither set.json nor {' nor '.join(names)}.")
