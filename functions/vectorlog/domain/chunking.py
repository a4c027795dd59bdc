"""The settings for splitting a file into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Chunking:
    """Chunk sizes in cl100k_base tokens (docs/contract.md, section 6.2); `auto` means 800 with an overlap of 400."""

    type: Literal["auto", "static"] = "auto"
    max_tokens: int = 800
    overlap: int = 400


AUTO = Chunking()
