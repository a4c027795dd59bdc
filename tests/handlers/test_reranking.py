"""A search with the ranker `rerank` through the function that answers it, with a reranker and without one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.reranking.rerank_server import RerankServer
from tests.support.moto_deployment import FILE, MotoDeployment, sample
from vectorlog.runtime.aws import once


def searched(moto: MotoDeployment, ranker: str = "rerank") -> Any:
    """The answer to the sample of a search, with this ranker."""
    event = sample("api_gateway_search")
    body = {**json.loads(base64.b64decode(event["body"])), "ranking_options": {"ranker": ranker}}
    event["body"] = base64.b64encode(json.dumps(body).encode()).decode()
    answer = moto.handle("search", event)
    return answer["statusCode"], json.loads(answer["body"])


def test_reranked(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of `VECTORLOG_RERANKING_MODEL` scores what was found; if it fails, the answer says so."""
    with RerankServer(scores={"fox": 0.625}) as reranker:
        monkeypatch.setenv("VECTORLOG_RERANKING_MODEL", "cross")
        monkeypatch.setenv("VECTORLOG_RERANKING_BASE_URL", reranker.base_url)
        once.forget()
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        moto.handle("embed", sample("sqs_embed"))
        moto.handle("projector", moto.stream())
        status, found = searched(moto)
        assert (status, found["warnings"]) == (200, [])
        assert [(each["file_id"], each["score"]) for each in found["data"]] == [(FILE, 0.625)]
        assert [request["model"] for request in reranker.requests] == ["cross"]
        reranker.status = 500
        status, found = searched(moto)
        assert [each["code"] for each in found["warnings"]] == ["not_reranked"]
        assert found["data"] == searched(moto, "auto")[1]["data"]


def test_without_one(moto: MotoDeployment) -> None:
    """A function whose settings name no model refuses the ranker, and names the setting."""
    moto.happened()
    status, refused = searched(moto)
    assert (status, refused["error"]["param"]) == (400, "ranking_options.ranker")
    assert "reranking_model" in refused["error"]["message"]
