"""What a request can be refused for, as a tree.

    Refused
    ├── Invalid            the request itself is wrong (400)
    ├── NotFound           there is no such thing, or not for this caller (404)
    ├── Forbidden          may read, may not write (403)
    ├── Expired            the store has expired (400 in OpenAI's dialect, 410 in MKA1's)
    ├── TooLarge           the body is larger than the edition takes (413)
    ├── Conflict           another command got in first, too often (409)
    ├── DuplicateContent   the deployment refuses the same bytes twice in a store (409)
    ├── KeyReused          the same Idempotency-Key came with another body (409)
    └── Unavailable        cannot be answered now, the same request may succeed later (503)

`api/errors.py` turns each into its status, code and envelope.
"""

from __future__ import annotations


class Refused(Exception):
    """The message is for the user; `param` names the field that is the cause, if one is."""

    param: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Invalid(Refused):
    """`code` is one of docs/contract.md, section 8, e.g. `unknown_parameter`; None where OpenAI sends none."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = "invalid_value") -> None:
        super().__init__(message, param=param)
        self.code = code


class NotFound(Refused):
    """Also what a caller of another project or another end user is told."""


class Forbidden(Refused):
    """The caller may see the thing but not do this to it."""


class Expired(Refused):
    """The vector store has expired; only list, delete and create still work."""


class TooLarge(Refused):
    """The message says the limit and how to send it instead."""


class Conflict(Refused):
    """Other commands kept changing the same thing; the same request may succeed now."""


class DuplicateContent(Refused):
    """The store already holds a file with the same bytes."""


class KeyReused(Refused):
    """An Idempotency-Key stands for one body only."""


class Unavailable(Refused):
    """Something behind the API does not answer; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def store_not_found(store: str) -> NotFound:
    """The contract's answer for a store that is not there."""
    return NotFound(f"No vector store found with id '{store}'.", param="vector_store_id")


def store_file_not_found(store: str, file: str) -> NotFound:
    """The contract's answer for a file that is not in the store."""
    return NotFound(f"No file found with id '{file}' in vector store '{store}'.", param="file_id")


def batch_not_found(store: str, batch: str) -> NotFound:
    """The contract's answer for a batch that is not in the store."""
    return NotFound(f"No file batch found with id '{batch}' in vector store '{store}'.", param="batch_id")


def file_not_found(file: str, param: str = "id") -> NotFound:
    """The contract's answer for an uploaded file that is not there."""
    return NotFound(f"No such File object: {file}", param=param)
