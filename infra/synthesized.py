"""The output of `./dev synth`."""

from __future__ import annotations

import json
from pathlib import Path


def template(folder: Path) -> Path:
    """The template that was synthesized last; the folder may hold those of other stages too.

    Raises:
        FileNotFoundError: nothing was synthesized.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    (file,) = [
        each["properties"]["templateFile"]
        for each in manifest["artifacts"].values()
        if each["type"] == "aws:cloudformation:stack"
    ]
    return folder / str(file)
