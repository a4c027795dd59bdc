"""Routes of models, and of embeddings by them (docs/contract.md, section 13)."""

from __future__ import annotations

import base64
import sys
from array import array

from vectorlog.api.call import Call
from vectorlog.api.errors import NotOffered
from vectorlog.api.input.embeddings_schemas import MAX_CHARS, EmbeddingsRequest
from vectorlog.api.input.json_text import Json
from vectorlog.api.response import Response, json_response
from vectorlog.domain.errors import Forbidden
from vectorlog.domain.vectors import Vector
from vectorlog.embedding.catalogue import Offer
from vectorlog.use_cases import embeddings


def list_all(call: Call) -> Response:
    """GET /models."""
    call.no_query()
    return json_response({"object": "list", "data": [_model(each) for each in call.deployment.models.offered]})


def get(call: Call) -> Response:
    """GET /models/<model>."""
    call.no_query()
    return json_response(_model(embeddings.offer(call.deployment, call.ids["model"])))


def refuse_delete(call: Call) -> Response:
    """DELETE /models/<model>. OpenAI's operation deletes models that a client has fine-tuned; here there are none.

    Raises:
        ModelNotFound: there is no such model.
        Forbidden: the deployment's operator chooses what it offers.
    """
    call.no_query()
    model = embeddings.offer(call.deployment, call.ids["model"]).model
    raise Forbidden(
        f"You have insufficient permissions for this operation. The model '{model}' belongs to the deployment; only "
        f"models that you have fine-tuned can be deleted, and there are none here."
    )


def list_limits(call: Call) -> Response:
    """GET /embeddings/models."""
    _refuse_if_off(call)
    call.no_query()
    limits = {
        "max_batch_size": embeddings.MAX_INPUTS,
        "max_input_tokens": embeddings.MAX_INPUT_TOKENS,
        "max_input_length": MAX_CHARS,
    }
    data = [
        {"id": each.model, "provider": each.provider, "model": each.name, "limits": limits}
        for each in call.deployment.models.offered
    ]
    return json_response({"object": "list", "data": data})


def embed(call: Call) -> Response:
    """POST /embeddings."""
    _refuse_if_off(call)
    call.no_query()
    body = call.body(EmbeddingsRequest)
    embedded = embeddings.embed(call.deployment, body.model, body.dimensions, body.input)
    show = _base64 if body.encoding_format == "base64" else _floats
    return json_response(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": place, "embedding": show(vector)}
                for place, vector in enumerate(embedded.vectors)
            ],
            "model": embedded.space.name,
            "usage": {"prompt_tokens": embedded.tokens, "total_tokens": embedded.tokens},
        }
    )


def _refuse_if_off(call: Call) -> None:
    if call.deployment.embeddings_api == "off":
        raise NotOffered(
            f"Invalid URL ({call.request.method} {call.request.path}). This deployment does not offer embeddings. "
            f"Files are embedded when they are attached to a store."
        )


def _model(offer: Offer) -> Json:
    """A model, with the fields of both dialects; what is not known of it is null."""
    full, smallest = offer.dimensions, offer.smallest
    known = isinstance(full, int) and smallest is not None
    return {
        "id": offer.model,
        "object": "model",
        "created": 0,  # no provider says when
        "owned_by": offer.provider,
        "model_type": "embeddings",
        "input_modalities": ["text"],
        "output_modalities": ["embedding"],
        "embedding_dimension_range": {"min": smallest, "max": full, "default": full} if known else None,
        **dict.fromkeys(_NOT_KNOWN),
        "lifecycle": {"status": "active", "deprecated_at": None, "retires_at": None, "successor": None},
        "capabilities": {
            "supports_temperature": False,
            "supports_top_p": False,
            "supports_reasoning": False,
            "supports_reasoning_effort": False,
            "supports_structured_outputs": None,
        },
    }


_NOT_KNOWN = (
    *("context_window", "max_image_resolution", "min_image_resolution", "parameter_count", "active_parameter_count"),
    *("release_date", "serving_locations", "developer", "base_model", "weights", "license", "languages", "tts"),
    "limitations",
)
"""Fields that MKA1's client refuses to be without."""


def _floats(vector: Vector) -> list[float]:
    return list(vector)


def _base64(vector: Vector) -> str:
    """Returns the numbers as little-endian floats of four bytes."""
    if sys.byteorder == "big":
        vector = array("f", vector)
        vector.byteswap()
    return base64.b64encode(vector.tobytes()).decode()
