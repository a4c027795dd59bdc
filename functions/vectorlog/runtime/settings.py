"""Every setting of the local edition: its flag, its environment variable, its default."""

from __future__ import annotations

import os
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

MB = 1024 * 1024


def _setting(default: Any, text: str, *, secret: bool = False) -> Any:  # noqa: ANN401  # stands for a value of any type
    return field(default=default, metadata={"help": text, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """`--embedding-model` is `VECTORLOG_EMBEDDING_MODEL` is `embedding_model`, and so for each."""

    data: Path = _setting(Path("~/.vectorlog"), "Folder of everything that is kept.")
    host: str = _setting("127.0.0.1", "Address to listen on. On any but loopback, keys are required.")
    port: int = _setting(8080, "Port to listen on; 0 takes a free one.")
    embedding: Literal["local", "openai"] = _setting("local", "The built-in model, or an OpenAI-compatible endpoint.")
    embedding_base_url: str = _setting("https://api.openai.com/v1", "The endpoint's base URL.")
    embedding_api_key: str = _setting("", "The endpoint's key.", secret=True)
    embedding_model: str = _setting("", "The endpoint's model; empty offers OpenAI's three, text-embedding-3-small first.")
    embedding_dimensions: int = _setting(0, "The model's dimensions; 0 takes its own.")
    duplicate_content: Literal["allow", "refuse"] = _setting("allow", "Whether a store takes the same bytes twice.")
    upload_limit_mb: int = _setting(512, "Largest upload, in MB.")
    readers: int = _setting(max(1, min(4, os.cpu_count() or 1)), "Child processes that read files.")
    reader_seconds: float = _setting(60.0, "Time that a file may take to be read, in seconds; each of its MB gives one more.")
    reader_memory_mb: int = _setting(2048, "Address space of each of them, in MB.")
    index_memory_mb: int = _setting(1024, "Memory that open stores of the index may hold, in MB.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data).expanduser().absolute())


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"VECTORLOG_{name.upper()}"


def described() -> tuple[Field[Any], ...]:
    """The settings, for whoever makes flags of them."""
    return fields(Settings)
