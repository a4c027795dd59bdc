"""The form of errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vectorlog.api import errors
from vectorlog.api.dialect import MKA1, OPENAI
from vectorlog.api.errors import (
    TABLE,
    NotOffered,
    Unauthenticated,
    UnknownRoute,
    UnsatisfiableRange,
    WrongKey,
    WrongMethod,
)
from vectorlog.api.response import Response
from vectorlog.domain.errors import (
    Conflict,
    DuplicateContent,
    Expired,
    Forbidden,
    Invalid,
    KeyReused,
    ModelNotFound,
    NoSpace,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)

CASES: list[tuple[Refused, int, str, str | None, str | None, dict[str, str]]] = [
    (Invalid("no", param="name", code="invalid_type"), 400, "invalid_request_error", "name", "invalid_type", {}),
    (Invalid("no", code=None), 400, "invalid_request_error", None, None, {}),
    (Unauthenticated("no"), 401, "invalid_request_error", None, None, {"www-authenticate": "Bearer"}),
    (WrongKey("no"), 401, "invalid_request_error", None, "invalid_api_key", {"www-authenticate": "Bearer"}),
    (Forbidden("no", param="vector_store_id"), 403, "invalid_request_error", None, "permission_denied", {}),
    (NotFound("no", param="id"), 404, "invalid_request_error", "id", None, {}),
    (ModelNotFound("no", param="model"), 404, "invalid_request_error", "model", "model_not_found", {}),
    (UnknownRoute("no"), 404, "invalid_request_error", None, None, {}),
    (NotOffered("no"), 404, "invalid_request_error", None, "not_offered", {}),
    (UnsatisfiableRange("no", size=9), 416, "invalid_request_error", None, None, {"content-range": "bytes */9"}),
    (WrongMethod("no", allow="GET"), 405, "invalid_request_error", None, "method_not_allowed", {"allow": "GET"}),
    (TooLarge("no"), 413, "invalid_request_error", None, "request_too_large", {}),
    (Conflict("no"), 409, "invalid_request_error", None, "conflict", {"x-should-retry": "true"}),
    (
        DuplicateContent("no", param="file_id"),
        409,
        "invalid_request_error",
        "file_id",
        "duplicate_file",
        {"x-should-retry": "false"},
    ),
    (KeyReused("no"), 409, "invalid_request_error", None, "idempotency_key_reused", {"x-should-retry": "false"}),
    (NoSpace("no"), 507, "server_error", None, "insufficient_storage", {"x-should-retry": "false"}),
    (Unavailable("no", retry_after=7), 503, "server_error", None, "service_unavailable", {"retry-after": "7"}),
    (Expired("no", param="vector_store_id"), 400, "invalid_request_error", None, "vector_store_expired", {}),
]


def content(answer: Response) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


class TestTable:
    @pytest.mark.parametrize(("error", "status", "kind", "param", "code", "headers"), CASES)
    def test_each_refusal_has_its_row(
        self, error: Refused, status: int, kind: str, param: str | None, code: str | None, headers: dict[str, str]
    ) -> None:
        """Status, type, param, code and headers are those of the contract, and all four keys are always there."""
        answer = errors.refusal(error, OPENAI, "getFile")
        assert content(answer) == {"error": {"message": "no", "type": kind, "param": param, "code": code}}
        assert (answer.status, dict(answer.headers)) == (status, {"content-type": "application/json", **headers})

    def test_every_refusal_is_in_the_table(self) -> None:
        """Every kind of error has an answer, and every row is tested here."""
        direct = {kind for kind in Refused.__subclasses__() if kind.__module__.startswith("vectorlog.")}
        assert direct == set(TABLE) == {type(case[0]) for case in CASES}


class TestDialects:
    def test_an_expired_store_is_410_for_mka1(self) -> None:
        """MKA1's clients get 410, OpenAI's 400."""
        assert errors.refusal(Expired("no"), MKA1, "getVectorStore").status == 410

    def test_mka1_gets_no_code_from_file_content(self) -> None:
        """MKA1's client reads the code of this operation as a number, so there is none; other operations have one."""
        error = WrongKey("no")
        bodies = [content(errors.refusal(error, MKA1, operation)) for operation in ("getFileContent", "getFile")]
        assert [body["error"]["code"] for body in bodies] == [None, "invalid_api_key"]


def test_an_unexpected_error_names_the_request_and_nothing_else() -> None:
    """A client learns the id to quote, not what went wrong inside."""
    answer = errors.unexpected("req_1")
    assert answer.status == 500
    assert content(answer)["error"]["type"] == "server_error"
    assert "req_1" in content(answer)["error"]["message"]
