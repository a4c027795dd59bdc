"""Web pages that call the API from a browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.moto_deployment import MotoDeployment, sample

ORIGIN = "https://app.example.com"


def asked(method: str, origin: str, path: str = "/v1/vector_stores", **headers: str) -> dict[str, Any]:
    """The event of API Gateway for a page's request."""
    event = sample("api_gateway_get_store")
    named = {**event["headers"], **headers, "Origin": origin}
    every = {"headers": named, "multiValueHeaders": {name: [value] for name, value in named.items()}}
    return {**event, **every, "httpMethod": method, "path": path}


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> MotoDeployment:
    """A deployment that pages of two origins may call."""
    monkeypatch.setenv("VECTORLOG_CORS_ORIGINS", f"https://other.example.com,{ORIGIN}")
    made: MotoDeployment = request.getfixturevalue("moto")
    return made


def headers(answer: Any) -> dict[str, str]:
    """Headers of an answer, in lower case."""
    return {name.lower(): ", ".join(map(str, values)) for name, values in answer["multiValueHeaders"].items()}


def test_preflight(public: MotoDeployment) -> None:
    """A browser learns without a key which methods and headers it may send, both clients' own headers included."""
    answer = public.handle("api", asked("OPTIONS", ORIGIN, Authorization=""))
    found = headers(answer)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert found["access-control-allow-origin"] == ORIGIN
    assert found["access-control-allow-methods"] == "DELETE,GET,OPTIONS,POST"
    assert {"Authorization", "*"} <= set(found["access-control-allow-headers"].split(","))


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/vector_stores", 200), ("/v1/vector_stores/vs_none", 404), ("/v1/nowhere", 404)]
)
def test_answers_can_be_read(public: MotoDeployment, path: str, status: int) -> None:
    """A page reads answers and errors alike, with the headers that clients need."""
    answer = public.handle("api", asked("GET", ORIGIN, path))
    assert answer["statusCode"] == status
    assert headers(answer)["access-control-allow-origin"] == ORIGIN
    assert headers(answer)["access-control-expose-headers"] == "*"
    assert "access-control-allow-credentials" not in headers(answer)


def test_other_origins(public: MotoDeployment) -> None:
    """A page of another origin gets nothing."""
    for method in ("OPTIONS", "GET"):
        assert not any(
            name.startswith("access-control-allow-origin")
            for name in headers(public.handle("api", asked(method, "https://evil")))
        )


def test_off(moto: MotoDeployment) -> None:
    """Without configured origins there is no CORS: OPTIONS is a method that is not allowed."""
    answer = moto.handle("api", asked("OPTIONS", ORIGIN))
    assert answer["statusCode"] == 405
    assert not any(name.startswith("access-control") for name in headers(answer))
