"""Reranks with a model behind `POST {base_url}/rerank`, as Cohere, Jina, vLLM and others serve it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vectorlog.defaults import RERANKING_SECONDS
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.endpoints.refusal import EndpointError
from vectorlog.reranking.reranker import MOST_TEXTS, RerankingError
from vectorlog.retry import RetryPolicy

PATH = "/rerank"
ONCE = RetryPolicy(attempts=1, timeout_s=RERANKING_SECONDS)
"""A user waits, and without an answer the search keeps the order that it has."""
LONGEST = 8_000
"""How many characters of a text are sent. A chunk of 800 tokens has about 3,600 in English; models that read less cut
the text themselves.
"""
CONNECTIONS = 16
"""How many requests are sent at a time, as many as a search may have queries; further ones wait, within their time."""

ANSWER_BYTES = 16 << 20
"""The most bytes of an answer. Some servers send the texts back: 100 of `LONGEST` characters, which JSON may write with
six bytes each, have 5 MB.
"""

TEXTS_AT_ONCE = 32
"""How many texts text-embeddings-inference takes in a request, unless its `--max-client-batch-size` says otherwise. A
text's score does not depend on the others, so several requests give the same scores as one.
"""

_TEXTS = "texts"
"""What text-embeddings-inference calls the documents; it refuses a request without, and names the field."""


class EndpointReranker:
    """Implements Reranker with one request for each query; of text-embeddings-inference, with one for every
    `TEXTS_AT_ONCE` texts. Safe to use from several threads.

    Args:
        endpoint: where requests are sent (`Endpoint` with the path `PATH`); the caller closes it.
        model: the provider's name for the model.
        seconds: how long all queries of a search may take together.
    """

    def __init__(self, endpoint: Endpoint, model: str, seconds: float = RERANKING_SECONDS) -> None:
        self._endpoint = endpoint
        self._model = model
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="reranking")
        self._takes_texts = False

    def rerank(self, queries: Sequence[str], texts: Sequence[str]) -> list[float]:
        """See Reranker. Only the first `LONGEST` characters of a text count."""
        if not 0 < len(texts) <= MOST_TEXTS:
            raise ValueError(f"a reranker takes 1 to {MOST_TEXTS} texts, not {len(texts)}")
        sent = [text[:LONGEST] for text in texts]
        over = Event()
        answers = [self._pool.submit(self._ask, query, sent, over) for query in queries]
        _, late = wait(answers, self._seconds)
        if late:
            over.set()
            for answer in late:
                answer.cancel()
            raise RerankingError(f"no answer within {self._seconds:g} s", "slow")
        scores = _in_range([_result(answer) for answer in answers])
        return [max(of_text) for of_text in zip(*scores, strict=True)]

    def close(self) -> None:
        """Stops the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, query: str, texts: list[str], over: Event) -> list[float]:
        if self._takes_texts:
            return self._ask_of_texts(query, texts, over)
        body = {"model": self._model, "query": query, "documents": texts, "top_n": len(texts)}
        try:
            return _scores(self._endpoint.post(body, ONCE, ANSWER_BYTES), len(texts))
        except EndpointError as error:
            if f"`{_TEXTS}`" not in str(error):
                raise
        scores = self._ask_of_texts(query, texts, over)
        self._takes_texts = True
        return scores

    def _ask_of_texts(self, query: str, texts: list[str], over: Event) -> list[float]:
        """Asks in the form of text-embeddings-inference, and sends nothing more once the search's time is over."""
        scores: list[float] = []
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            if over.is_set():
                raise RerankingError("the search's time is over", "slow")
            batch = texts[first : first + TEXTS_AT_ONCE]
            body = {"query": query, _TEXTS: batch, "truncate": True}
            scores += _scores(self._endpoint.post(body, ONCE, ANSWER_BYTES), len(batch))
        return scores


def _result(answer: Future[list[float]]) -> list[float]:
    try:
        return answer.result()
    except EndpointError as error:
        raise RerankingError(str(error), "refused") from None


def _scores(answer: bytes, texts: int) -> list[float]:
    """Returns the scores of an answer in the order of the texts.

    Raises:
        RerankingError: it is not an answer, or has not exactly one score for each text.
    """
    try:
        parsed = _ANSWER.validate_json(answer)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise RerankingError(f"the answer is not a list of scores: {reason}", "unusable") from None
    results = parsed.results if isinstance(parsed, _Answer) else parsed
    scores = {each.index: each.relevance_score for each in results}
    if len(results) != texts or scores.keys() != set(range(texts)):
        raise RerankingError(f"the answer has not one score for each of {texts} texts", "unusable")
    return [scores[index] for index in range(texts)]


def _in_range(scores: Sequence[Sequence[float]]) -> list[list[float]]:
    """Returns the scores of a search's queries within 0..1.

    Some servers send the model's raw output instead of a probability. One score outside of 0..1 shows that, and then
    all scores of the search are raw, also those that happen to lie within: the sigmoid, which is what the model was
    trained with, applies to all of them, so that they keep their order.
    """
    raw = any(not 0 <= score <= 1 for of_query in scores for score in of_query)
    return [[_sigmoid(score) if raw else score for score in of_query] for of_query in scores]


def _sigmoid(score: float) -> float:
    """Returns 1 / (1 + e^-score), in a form whose power cannot overflow."""
    power = math.exp(-abs(score))
    return (1 if score >= 0 else power) / (1 + power)


class _Score(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    index: int
    relevance_score: float = Field(validation_alias=AliasChoices("relevance_score", "score"))


class _Answer(BaseModel):
    results: list[_Score]


_ANSWER: TypeAdapter[_Answer | list[_Score]] = TypeAdapter(_Answer | list[_Score])
"""An object as Cohere and Jina send it, or the bare list of text-embeddings-inference."""
