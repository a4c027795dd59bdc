"""Which embedding models a deployment offers.

ModelError
├── UnknownModel            the deployment does not offer it
├── UnsupportedDimensions   the model cannot give that number
└── ModelNotConfigured      a store was made with it, but it is no longer offered
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from vectorlog.domain.vectors import Space
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.reported import Reported, reported
from vectorlog.telemetry.telemetry import Telemetry


class ModelError(Exception):
    """The message is a sentence for the user."""


class UnknownModel(ModelError):
    """The message names the models that there are."""


class UnsupportedDimensions(ModelError):
    """The message names the numbers that there are."""


class ModelNotConfigured(ModelError):
    """The message names the model."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can be used.

    Attributes:
        provider: short word before the colon of the model's full name.
        name: the provider's name of it; may hold colons itself.
        dimensions: its own number, or how to learn it (asked once; may raise `EmbeddingError`).
        shortens: whether it gives any smaller number of dimensions too.
        connect: makes its embedder; cheap, connects at first use.
        sizes: the only smaller numbers that it gives, where it does not give any.
    """

    provider: str
    name: str
    dimensions: int | Callable[[], int]
    shortens: bool
    connect: Callable[[Space], Embedder]
    sizes: tuple[int, ...] = ()

    @property
    def model(self) -> str:
        """`provider:name`."""
        return f"{self.provider}:{self.name}"


class Models:
    """The offered models, and one embedder for each space in use. Safe to use from several threads.

    Args:
        offers: at least one.
        default: name of the model of requests that name none; the first offer where it is None.
        telemetry: is told of each refusal of a provider.

    Raises:
        UnknownModel: the default is not offered.
    """

    def __init__(
        self, offers: Sequence[Offer], default: str | None = None, *, telemetry: Telemetry | None = None
    ) -> None:
        self._telemetry = telemetry or Telemetry()
        self._offers = {offer.model: offer for offer in offers}
        self._learnt: dict[str, int] = {}
        self._connected: dict[Space, Embedder] = {}
        self._connecting = Lock()
        self._default = self._offer(default) if default else offers[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Full names, in the order of the offers."""
        return tuple(self._offers)

    def resolve(self, model: str | None = None, dimensions: int | None = None) -> Space:
        """The space that a request means; the default model and its own dimensions where it says nothing.

        A name without its provider will do where only one provider has it.

        Raises:
            UnknownModel: no offer has this name, or several have.
            UnsupportedDimensions: the model cannot give this number.
            EmbeddingError: the model's dimensions had to be asked for, and no answer came.
        """
        offer = self._offer(model) if model else self._default
        own = self._dimensions(offer)
        if dimensions is None or dimensions == own:
            return Space(offer.model, own)
        if offer.shortens and (dimensions in offer.sizes if offer.sizes else 0 < dimensions < own):
            return Space(offer.model, dimensions)
        allowed = _listed((*offer.sizes, own)) if offer.sizes else f"1 to {own}" if offer.shortens else f"{own} only"
        raise UnsupportedDimensions(f"{offer.model} gives {allowed} dimensions, not {dimensions}.")

    def embedder(self, space: Space) -> Embedder:
        """The embedder of a space; the same one for the same space, closed by `close`.

        Raises:
            ModelNotConfigured: the deployment no longer offers the model.
        """
        with self._connecting:
            if space not in self._connected:
                if space.model not in self._offers:
                    raise ModelNotConfigured(
                        f"The embedding model {space.model} is not configured here; offered: {self._listed}."
                    )
                self._connected[space] = Reported(self._offers[space.model].connect(space), self._telemetry)
            return self._connected[space]

    def close(self) -> None:
        """Closes every embedder that was handed out."""
        with self._connecting:
            for embedder in self._connected.values():
                embedder.close()
            self._connected.clear()

    @property
    def _listed(self) -> str:
        return ", ".join(self._offers)

    def _offer(self, name: str) -> Offer:
        if name in self._offers:
            return self._offers[name]
        found = [offer for offer in self._offers.values() if offer.name == name]
        if len(found) > 1:
            raise UnknownModel(
                f"Several providers offer {name}; say which: {', '.join(offer.model for offer in found)}."
            )
        if not found:
            raise UnknownModel(f"The embedding model {name} is not offered here; offered: {self._listed}.")
        return found[0]

    def _dimensions(self, offer: Offer) -> int:
        if isinstance(offer.dimensions, int):
            return offer.dimensions
        if offer.model not in self._learnt:
            with reported(self._telemetry, offer.model):
                self._learnt[offer.model] = offer.dimensions()
        return self._learnt[offer.model]


def _listed(sizes: Sequence[int]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"
