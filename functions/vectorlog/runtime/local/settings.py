"""Every setting of the local edition: its flag, its environment variable, its default."""

from __future__ import annotations

import os
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from vectorlog.defaults import (
    DUPLICATE_CONTENT,
    INDEX_MEMORY_MB,
    OPENAI_URL,
    PORT,
    READ_SECONDS,
    READERS_MEMORY_MB,
    UPLOAD_MB,
    DuplicateContent,
)

MB = 1024 * 1024


class WrongSettings(ValueError):
    """Settings that do not go together; the message says what to change."""


def _setting(  # a value of any type
    default: Any,  # noqa: ANN401
    text: str,
    *,
    secret: bool = False,
    least: float | None = None,
    most: float | None = None,
) -> Any:  # noqa: ANN401
    return field(default=default, metadata={"help": text, "secret": secret, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """`--embedding-model` is `VECTORLOG_EMBEDDING_MODEL` is `embedding_model`, and so for each.

    Raises:
        WrongSettings: they do not go together.
    """

    data: Path = _setting(Path("~/.vectorlog"), "Folder of everything that is kept.")
    host: str = _setting("127.0.0.1", "Address to listen on. On any but loopback, keys are required.")
    port: int = _setting(PORT, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    cors_origins: str = _setting("", "Origins whose pages may call the API from a browser, separated by commas.")
    embedding: Literal["local", "openai"] = _setting("local", "The built-in model, or an OpenAI-compatible endpoint.")
    embedding_base_url: str = _setting(OPENAI_URL, "The endpoint's base URL.")
    embedding_api_key: str = _setting("", "The endpoint's key.", secret=True)
    embedding_model: str = _setting(
        "", "The endpoint's model; empty offers OpenAI's three, text-embedding-3-small first."
    )
    embedding_dimensions: int = _setting(0, "The model's dimensions; 0 takes its own.", least=0, most=16_000)
    duplicate_content: DuplicateContent = _setting(DUPLICATE_CONTENT, "Whether a store takes the same bytes twice.")
    upload_limit_mb: int = _setting(UPLOAD_MB, "Largest upload, in MB.", least=1)
    readers: int = _setting(max(1, min(4, os.cpu_count() or 1)), "Child processes that read files.", least=1, most=64)
    reader_seconds: float = _setting(
        READ_SECONDS, "Seconds that a file may take to be read; each MB gives one more.", least=1
    )
    reader_memory_mb: int = _setting(READERS_MEMORY_MB, "Address space of each of them, in MB.", least=512)
    index_memory_mb: int = _setting(INDEX_MEMORY_MB, "Memory that open stores of the index may hold, in MB.", least=16)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data).expanduser().absolute())
        if self.embedding == "openai" and not self.embedding_base_url.startswith(("http://", "https://")):
            raise WrongSettings(
                f"--embedding-base-url must begin with http:// or https://, and is '{self.embedding_base_url}'."
            )
        if (
            self.embedding == "openai"
            and self.embedding_base_url.rstrip("/") == OPENAI_URL
            and not self.embedding_api_key
        ):
            raise WrongSettings(
                "OpenAI wants a key: set VECTORLOG_EMBEDDING_API_KEY, or name another endpoint with "
                "--embedding-base-url."
            )


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"VECTORLOG_{name.upper()}"


def described() -> tuple[Field[Any], ...]:
    """The settings, for whoever makes flags of them."""
    return fields(Settings)
