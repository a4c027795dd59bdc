"""The reasons for which a request can be refused, as a tree of exceptions.

    Refused
    ├── Invalid            the request itself is wrong (400)
    ├── NotFound           it does not exist, or the caller may not see it (404)
    ├── ModelNotFound      the deployment does not offer the model (404)
    ├── Forbidden          the caller may read it but not change it (403)
    ├── Expired            the store has expired (400 in OpenAI's dialect, 410 in MKA1's)
    ├── TooLarge           the body is larger than the edition accepts (413)
    ├── Conflict           other commands kept winning (409)
    ├── DuplicateContent   the deployment refuses the same bytes twice in a store (409)
    ├── KeyReused          the Idempotency-Key was used before with another body (409)
    ├── RateLimited        the project sends too much at once (429)
    ├── QuotaReached       the project holds as much as it may (429)
    ├── NoSpace            it needs space, and the deployment's disk is full (507)
    └── Unavailable        it cannot be answered now, and the same request may succeed later (503)

`api/errors.py` maps each to its status, code and envelope.
"""

from __future__ import annotations

import errno

DISK_FULL = (
    "The server's disk is full. Delete files or vector stores, or free space on the disk, and send the request again."
)


class Refused(Exception):
    """A request is refused. `message` is for the user; `param` names the field that caused it, if one did."""

    param: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Invalid(Refused):
    """The request itself is wrong. `code` is one from docs/contract.md, section 8, such as `unknown_parameter`; None
    where OpenAI sends none.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = "invalid_value") -> None:
        super().__init__(message, param=param)
        self.code = code


class NotFound(Refused):
    """The thing does not exist, or it belongs to another project or end user: the answer is the same."""


class ModelNotFound(Refused):
    """The deployment does not offer the model."""


class Forbidden(Refused):
    """The caller may see the thing, but may not do this to it."""


class Expired(Refused):
    """The vector store has expired; only list, delete and create still work."""


class TooLarge(Refused):
    """The body is too large; the message states the limit and what to do instead."""


class Conflict(Refused):
    """Other commands kept changing the same thing; the same request may succeed now."""


class DuplicateContent(Refused):
    """The store already holds a file with the same bytes."""


class KeyReused(Refused):
    """The Idempotency-Key was used before with another body."""


class RateLimited(Refused):
    """The project sends too much at once.

    Attributes:
        limit: the name of the limit, a field of `project_limits.Limits`.
        most: the limit.
        remaining: what is left of it.
        reset_ms: when the same request may succeed, in ms from now.
    """

    def __init__(self, message: str, *, limit: str, most: int, remaining: int, reset_ms: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.most = most
        self.remaining = remaining
        self.reset_ms = reset_ms


class QuotaReached(Refused):
    """The project would hold or send more than it ever may; waiting does not help. Attributes as in `RateLimited`."""

    def __init__(self, message: str, *, limit: str, most: int, remaining: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.most = most
        self.remaining = remaining


class NoSpace(Refused):
    """The disk is full. What frees space still works, such as a delete."""


class Unavailable(Refused):
    """Something that the API depends on does not answer; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def store_not_found(store: str) -> NotFound:
    """Returns the contract's error for a store that does not exist."""
    return NotFound(f"No vector store found with id '{store}'.", param="vector_store_id")


def store_expired(store: str) -> Expired:
    """Returns the contract's error for a store that has expired."""
    return Expired(f"Vector store '{store}' has expired")


def store_file_not_found(store: str, file: str) -> NotFound:
    """Returns the contract's error for a file that is not in the store."""
    return NotFound(f"No file found with id '{file}' in vector store '{store}'.", param="file_id")


def batch_not_found(store: str, batch: str) -> NotFound:
    """Returns the contract's error for a batch that is not in the store."""
    return NotFound(f"No file batch found with id '{batch}' in vector store '{store}'.", param="batch_id")


def file_not_found(file: str, param: str = "id") -> NotFound:
    """Returns the contract's error for an uploaded file that does not exist."""
    return NotFound(f"No such File object: {file}", param=param)


def webhook_not_found(endpoint: str) -> NotFound:
    """Returns the error for a webhook endpoint that does not exist."""
    return NotFound(f"No such webhook endpoint: {endpoint}", param="webhook_endpoint_id")


def upload_not_found(upload: str) -> NotFound:
    """Returns the contract's error for an upload that does not exist."""
    return NotFound(f"No such Upload object: {upload}", param="upload_id")


def is_disk_full(error: OSError) -> bool:
    """Whether a call failed because the disk, or this user's part of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
