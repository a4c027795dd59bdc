"""The keys of endpoints: as they were given, or in files that are read again when a key is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vectorlog.endpoints.refusal import EndpointError


def endpoint_key(key: str, file: str) -> str | Callable[[], str]:
    """Returns an endpoint's key, or a function that reads it from its file."""
    return (lambda: _key_in(Path(file))) if file else key


def _key_in(file: Path) -> str:
    """Returns the key that a file holds now.

    Raises:
        EndpointError: it cannot be read, or is empty.
    """
    try:
        key = file.expanduser().read_text().strip()
    except (OSError, ValueError) as error:
        raise EndpointError(f"The key file {file} cannot be read: {error}.", fault="deployment") from None
    if not key:
        raise EndpointError(f"The key file {file} is empty: put the endpoint's key there.", fault="deployment")
    return key
