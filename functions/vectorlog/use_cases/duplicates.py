"""Which files of a store hold the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DuplicateContent
from vectorlog.views import keys


def refuse(deployment: Deployment, store: str, files: Sequence[tuple[str, str]]) -> None:
    """Lets (file, sha256) pairs into a store, or says that it takes the same bytes only once, where the deployment says
    so.

    Raises:
        DuplicateContent: names the file that holds the bytes of the first that may not come.
    """
    if deployment.duplicate_content == "allow":
        return
    for file, holder in holders(deployment, store, files).items():
        raise DuplicateContent(
            f"The store takes the same content once, and file '{holder}' has that of '{file}'.", param="file_id"
        )


def holders(deployment: Deployment, store: str, files: Sequence[tuple[str, str]]) -> dict[str, str]:
    """For each (file, sha256) whose bytes another attached file holds, or one before it in this list: that file."""
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for file, sha256 in files:
        rows = deployment.views.table.query(keys.contents(store), prefix=f"{sha256}#", limit=2)
        others = [other for other in (keys.thing_of(row.key.sk) for row in rows) if other != file]
        holder = others[0] if others else first.get(sha256)
        if holder is not None:
            found[file] = holder
        first.setdefault(sha256, file)
    return found
