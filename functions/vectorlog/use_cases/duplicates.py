"""Finds files in a store that have the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DuplicateContent
from vectorlog.views import keys


def refuse(deployment: Deployment, store: str, files: Sequence[tuple[str, str]]) -> None:
    """Checks that (file, sha256) pairs may be attached to a store, if the deployment refuses the same bytes twice.

    Raises:
        DuplicateContent: another file has the bytes of one of them; the error names both, for the first such file.
    """
    if deployment.duplicate_content == "allow":
        return
    for file, holder in holders(deployment, store, files).items():
        raise DuplicateContent(
            f"A store accepts the same content only once, and file '{holder}' has the content of '{file}'.",
            param="file_id",
        )


def holders(deployment: Deployment, store: str, files: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Returns, for each file whose bytes another file has, that other file: one that is attached to the store, or else
    one that comes earlier in `files`, which are pairs (file, sha256).
    """
    result: dict[str, str] = {}
    first: dict[str, str] = {}
    for file, sha256 in files:
        rows = deployment.views.table.query(keys.contents(store), prefix=f"{sha256}#", limit=2)
        others = [other for other in (keys.thing_of(row.key.sk) for row in rows) if other != file]
        holder = others[0] if others else first.get(sha256)
        if holder is not None:
            result[file] = holder
        first.setdefault(sha256, file)
    return result
