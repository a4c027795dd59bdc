"""Models and embeddings with the real clients."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import BadRequestError, NotFoundError, OpenAI, PermissionDeniedError

from vectorlog.embedding.offers import OPENAI as MODELS

SMALL = "openai:text-embedding-3-small"
NAMES = [f"openai:{name}" for name in MODELS]


class TestModels:
    def test_list(self, openai_client: OpenAI) -> None:
        """The models are those that a store can be created with, the default first."""
        listed = list(openai_client.models.list())
        assert [model.id for model in listed][: len(NAMES)] == NAMES  # the local edition also has its own
        assert {(model.object, model.owned_by) for model in listed[: len(NAMES)]} == {("model", "openai")}
        for model in listed:
            assert openai_client.vector_stores.create(extra_body={"embedding_model": model.id}).id

    def test_one(self, openai_client: OpenAI) -> None:
        """One model is found by its full name; an unknown one is a 404."""
        assert openai_client.models.retrieve(SMALL).id == SMALL
        with pytest.raises(NotFoundError) as refused:
            openai_client.models.retrieve("openai:nothing")
        assert refused.value.code == "model_not_found"
        assert SMALL in refused.value.message

    def test_delete(self, openai_client: OpenAI) -> None:
        """The models are the deployment's, so none can be deleted."""
        with pytest.raises(PermissionDeniedError, match=SMALL) as refused:
            openai_client.models.delete(SMALL)
        assert refused.value.code == "permission_denied"
        with pytest.raises(NotFoundError):
            openai_client.models.delete("openai:nothing")
        assert openai_client.models.retrieve(SMALL).id == SMALL

    def test_mka1(self, mka1_client: SDK, me: dict[str, Any]) -> None:
        """MKA1's client lists them too, with their dimensions and the limits of a request."""
        listed = mka1_client.llm.models.list(**me).data
        assert [model.id for model in listed][: len(NAMES)] == NAMES  # the local edition also has its own
        sizes = listed[0].embedding_dimension_range
        assert (sizes.min, sizes.max, sizes.default) == (1, 1536, 1536)  # type: ignore[union-attr]
        assert mka1_client.llm.models.get(model_id=SMALL, **me).model_type == "embeddings"
        limits = mka1_client.llm.embeddings.list_models(**me).data[0].limits
        assert (limits.max_batch_size, limits.max_input_tokens) == (2048, 8192)


class TestEmbeddings:
    def test_texts(self, openai_client: OpenAI) -> None:
        """Each text has its vector of unit length, in the order of the request; tokens are counted."""
        answer = openai_client.embeddings.create(model=SMALL, input=["one text", "another text", "one text"])
        assert [item.index for item in answer.data] == [0, 1, 2]
        one, other, again = (item.embedding for item in answer.data)
        assert len(one) == 1536
        assert math.isclose(math.hypot(*one), 1, abs_tol=1e-4)
        assert one == again != other
        assert answer.model == SMALL
        assert answer.usage.prompt_tokens == answer.usage.total_tokens == 6

    def test_encodings(self, openai_client: OpenAI) -> None:
        """Numbers as text, and base64, which the client asks for by itself, are the same numbers."""
        encoded = openai_client.embeddings.create(model=SMALL, input="a text").data[0].embedding
        plain = openai_client.embeddings.create(model=SMALL, input="a text", encoding_format="float").data[0].embedding
        assert encoded == pytest.approx(plain)

    def test_tokens(self, openai_client: OpenAI) -> None:
        """A text can be given as tokens of cl100k_base, as LangChain does."""
        text = openai_client.embeddings.create(model=SMALL, input="hello world").data[0].embedding
        tokens = openai_client.embeddings.create(model=SMALL, input=[15339, 1917]).data[0].embedding
        several = openai_client.embeddings.create(model=SMALL, input=[[15339, 1917], [15339]]).data
        assert text == tokens == several[0].embedding

    def test_dimensions(self, openai_client: OpenAI) -> None:
        """A model that can shorten its vectors does, and one that cannot says so."""
        answer = openai_client.embeddings.create(model="text-embedding-3-small", input="a text", dimensions=1536)
        assert len(answer.data[0].embedding) == 1536
        with pytest.raises(BadRequestError) as refused:
            openai_client.embeddings.create(model="text-embedding-ada-002", input="a text", dimensions=8)
        assert refused.value.param == "dimensions"

    def test_mka1(self, mka1_client: SDK, me: dict[str, Any]) -> None:
        """MKA1's client embeds too."""
        answer = mka1_client.llm.embeddings.embed(input="a text", model=SMALL, **me)
        assert len(answer.data[0].embedding) == 1536

    @pytest.mark.parametrize(
        ("changes", "param", "code"),
        [
            ({"input": ""}, "input", "string_below_min_length"),
            ({"input": []}, "input", "empty_array"),
            ({"input": ["a", ""]}, "input[1]", "string_below_min_length"),
            ({"input": ["a", 5]}, "input[1]", "invalid_type"),
            ({"input": 5}, "input", "invalid_type"),
            ({"input": [-1]}, "input", "invalid_value"),
            ({"input": [[1], [10**9]]}, "input[1]", "invalid_value"),
            ({"input": ["a"] * 2049}, "input", "array_above_max_length"),
            ({"input": "word " * 8193}, "input[0]", "string_above_max_length"),
            ({"input": ["word " * 8000] * 38}, "input", "array_above_max_length"),
            ({"encoding_format": "hex"}, "encoding_format", "invalid_value"),
            ({"dimensions": 0}, "dimensions", "integer_below_min_value"),
            ({"dimensions": 1537}, "dimensions", "invalid_value"),
            ({"model": None}, "model", "invalid_type"),
            ({"size": 1}, "size", "unknown_parameter"),
        ],
    )
    def test_refused(self, raw: httpx.Client, changes: dict[str, Any], param: str, code: str) -> None:
        """What cannot be embedded is refused by its name."""
        answer = raw.post("/v1/embeddings", json={"model": SMALL, "input": "a text", **changes})
        error = answer.json()["error"]
        assert (answer.status_code, error["param"], error["code"]) == (400, param, code)

    def test_unknown_model(self, raw: httpx.Client) -> None:
        """An unknown model is a 404 that names those on offer."""
        answer = raw.post("/v1/embeddings", json={"model": "gpt", "input": "a text"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
