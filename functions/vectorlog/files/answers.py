"""The blobs by which answers are sent that are too large for an edition to send them itself."""

from __future__ import annotations

import hashlib

from vectorlog.defaults import ANSWERS


def folder(project: str) -> str:
    """Returns the prefix of the keys of a project's answers. A project's name may hold what a key may not."""
    return f"{ANSWERS}/{hashlib.sha256(project.encode()).hexdigest()[:32]}/"
