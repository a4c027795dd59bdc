"""The local model as functions in containers use it."""

from __future__ import annotations

import pytest

from local_aws.embeddings import MODEL, embeddings
from vectorlog.domain.vectors import Space
from vectorlog.embedding.offers import openai_offers
from vectorlog.embedding.onnx import LocalEmbedder
from vectorlog.endpoints.endpoint import Endpoint

TEXTS = ["The quick brown fox jumps over the lazy dog.", "harbour " * 600]


def test_the_models_own() -> None:
    """A store that is searched from containers gets the same vectors as in the local edition, even for long texts."""
    name = MODEL.partition(":")[2]
    with embeddings() as url:
        endpoint = Endpoint(url, None)
        [offer] = openai_offers(endpoint, models={name: None})
        assert callable(offer.dimensions)
        space = Space(MODEL, offer.dimensions())
        embedder = offer.connect(space)
        found = [vector for [vector] in embedder.documents(TEXTS)]
        embedder.close()
        endpoint.close()
    own = LocalEmbedder()
    assert space.dimensions == own.space.dimensions
    assert found == [pytest.approx(own.query(text), abs=1e-6) for text in TEXTS]
    own.close()
