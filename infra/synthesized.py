"""What `./dev synth` wrote."""

from __future__ import annotations

import json
from pathlib import Path


def template(folder: Path) -> Path:
    """The template of the stack that was synthesized last; those of other stages may lie beside it.

    Raises:
        FileNotFoundError: nothing was.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    (file,) = [
        each["properties"]["templateFile"]
        for each in manifest["artifacts"].values()
        if each["type"] == "aws:cloudformation:stack"
    ]
    return folder / str(file)
