"""How far a rebuild of the index has come, as an object in the bucket, so that another run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from vectorlog.domain.vectors import Space
from vectorlog.files.blobs import Blobs, NoSuchBlob

KEY = "rebuilds/index"
"""No pass over the blobs looks at this folder: not `verify`, not exports, and not the one that deletes leftovers."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A rebuild that is under way.

    Attributes:
        form: of the documents and the indexes; another form needs other indexes.
        successors: the indexes that are filled, by space.
        after: the folder of an artefact; it and all before it are in them.
        files, chunks, incomplete: see `Refill`.
    """

    form: str
    successors: Mapping[Space, str]
    after: str = ""
    files: int = 0
    chunks: int = 0
    incomplete: tuple[str, ...] = ()


def save(blobs: Blobs, checkpoint: Checkpoint) -> None:
    """Stores a checkpoint in place of the one before."""
    text = json.dumps(
        {
            "form": checkpoint.form,
            "successors": [[*_of(space), name] for space, name in checkpoint.successors.items()],
            "after": checkpoint.after,
            "files": checkpoint.files,
            "chunks": checkpoint.chunks,
            "incomplete": checkpoint.incomplete,
        }
    )
    blobs.put([(KEY, text.encode())])


def load(blobs: Blobs) -> Checkpoint | None:
    """Returns the checkpoint of the rebuild that has not ended."""
    try:
        fields = json.loads(blobs.read(KEY))
    except NoSuchBlob:
        return None
    successors = {Space(model, dimensions): name for model, dimensions, name in fields["successors"]}
    counts = fields["files"], fields["chunks"], tuple(fields["incomplete"])
    return Checkpoint(fields["form"], successors, fields["after"], *counts)


def forget(blobs: Blobs) -> None:
    """Removes the checkpoint."""
    blobs.delete([KEY])


def _of(space: Space) -> tuple[str, int]:
    return space.model, space.dimensions
