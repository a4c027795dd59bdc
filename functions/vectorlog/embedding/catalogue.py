"""The embedding models that a deployment offers.

ModelError
├── UnknownModel            the deployment does not offer it
├── UnsupportedDimensions   the model does not support that number
└── ModelNotConfigured      a store uses it, but it is no longer offered
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from vectorlog.domain.vectors import Space, model_of
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.meter import Meter, NoMeter
from vectorlog.embedding.reporting import TOGETHER, ReportingEmbedder, refusals_reported
from vectorlog.telemetry.telemetry import Telemetry


class ModelError(Exception):
    """A model or its dimensions cannot be used; the message is a sentence for the user."""


class UnknownModel(ModelError):
    """The deployment does not offer this model; the message lists the models that it offers."""


class UnsupportedDimensions(ModelError):
    """The model does not support this number of dimensions; the message lists the supported ones."""


class ModelNotConfigured(ModelError):
    """A store uses a model that the deployment does not offer, or not in that revision; the message names it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that stores can be created with.

    Attributes:
        provider: the part before the colon in the model's full name.
        name: the provider's name for the model; may contain colons itself.
        dimensions: the model's full number of dimensions, or a function that finds it out. The function is called at
            most once and may raise `EmbeddingError`.
        shortens: whether the model can return fewer dimensions.
        connect: creates the embedder for a space; cheap, since it connects on first use.
        sizes: the smaller numbers that the model supports; if empty, a model that shortens supports all of them.
        together: how many chunks it is worth to embed in one call, rather than each file as soon as possible.
        revision: of the vectors of new stores. `connect` is also called for the spaces of earlier revisions.
        by_windows: whether files are embedded by the windows that their chunks share, rather than chunk by chunk.
        languages: ISO 639-1 codes of those that the model knows; empty if that is not known, or if it is most of them.
    """

    provider: str
    name: str
    dimensions: int | Callable[[], int]
    shortens: bool
    connect: Callable[[Space], Embedder]
    sizes: tuple[int, ...] = ()
    together: int = TOGETHER
    revision: int = 1
    by_windows: bool = False
    languages: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """`provider:name`."""
        return f"{self.provider}:{self.name}"

    @property
    def smallest(self) -> int | None:
        """The smallest number of dimensions that the model supports; None if the provider has to be asked for it."""
        if self.shortens:
            return min(self.sizes, default=1)
        return self.dimensions if isinstance(self.dimensions, int) else None


class Models:
    """The offered models, and one embedder for each space in use. Safe to use from several threads.

    Args:
        offers: at least one.
        default: model for requests that name none; the first offer if None.
        telemetry: records each refusal by a provider.
        meter: is told how long the calls of models take.

    Raises:
        UnknownModel: the default is not offered.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        default: str | None = None,
        *,
        telemetry: Telemetry | None = None,
        meter: Meter = NoMeter(),
    ) -> None:
        self._telemetry = telemetry or Telemetry()
        self._meter = meter
        self._offers = {offer.model: offer for offer in offers}
        self._known_dimensions: dict[str, int] = {}
        self._embedders: dict[Space, ReportingEmbedder] = {}
        self._embedders_lock = Lock()
        self._default = self._offer(default) if default else offers[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The models' full names, in the order of the offers."""
        return tuple(self._offers)

    @property
    def offered(self) -> tuple[Offer, ...]:
        """The models on offer, the default first; of the others, in the order in which they were given."""
        return tuple(sorted(self._offers.values(), key=lambda offer: offer is not self._default))

    def resolve(self, model: str | None = None, dimensions: int | None = None) -> Space:
        """Returns the space for the model and dimensions of a request.

        Without a model it is the default model, without dimensions the model's full number. The provider may be left
        out of the name if only one provider offers the model.

        Raises:
            UnknownModel: no offer has this name, or several have it.
            UnsupportedDimensions: the model does not support this number of dimensions.
            EmbeddingError: the provider had to be asked for the model's dimensions, and that failed.
        """
        offer = self._offer(model) if model else self._default
        full = self._dimensions(offer)
        if dimensions is None or dimensions == full:
            return Space(model_of(offer.model, offer.revision), full)
        if offer.shortens and (dimensions in offer.sizes if offer.sizes else 0 < dimensions < full):
            return Space(model_of(offer.model, offer.revision), dimensions)
        allowed = _joined((*offer.sizes, full)) if offer.sizes else f"1 to {full}" if offer.shortens else f"{full} only"
        raise UnsupportedDimensions(f"{offer.model} gives {allowed} dimensions, not {dimensions}.")

    def offers(self, space: Space) -> bool:
        """Whether vectors of the space can be made here: those of the model's newest revision or of an earlier one."""
        offer = self._offers.get(space.name)
        return offer is not None and space.revision <= offer.revision

    def embedder(self, space: Space) -> ReportingEmbedder:
        """Returns the space's embedder, always the same one for a space; `close` closes it.

        Raises:
            ModelNotConfigured: the deployment no longer offers the model.
        """
        with self._embedders_lock:
            if space not in self._embedders:
                offer = self._offers.get(space.name)
                if offer is None:
                    raise ModelNotConfigured(
                        f"The embedding model {space.name} is not configured here; offered: {self._offered}."
                    )
                if not self.offers(space):
                    raise ModelNotConfigured(
                        f"A newer version of Vectorlog made the vectors of this store with {space.name}. Update this "
                        f"deployment to that version."
                    )
                self._embedders[space] = ReportingEmbedder(
                    offer.connect(space),
                    self._telemetry,
                    together=offer.together,
                    by_windows=offer.by_windows,
                    meter=self._meter,
                )
            return self._embedders[space]

    def languages(self, model: str) -> tuple[str, ...]:
        """Returns the codes of the languages that a model knows; empty if that is not known."""
        offer = self._offers.get(model)
        return offer.languages if offer else ()

    def close(self) -> None:
        """Closes all embedders."""
        with self._embedders_lock:
            for embedder in self._embedders.values():
                embedder.close()
            self._embedders.clear()

    @property
    def _offered(self) -> str:
        return ", ".join(self._offers)

    def _offer(self, name: str) -> Offer:
        if name in self._offers:
            return self._offers[name]
        matching = [offer for offer in self._offers.values() if offer.name == name]
        if len(matching) > 1:
            raise UnknownModel(
                f"Several providers offer {name}; say which: {', '.join(offer.model for offer in matching)}."
            )
        if not matching:
            raise UnknownModel(f"The embedding model {name} is not offered here; offered: {self._offered}.")
        return matching[0]

    def _dimensions(self, offer: Offer) -> int:
        if isinstance(offer.dimensions, int):
            return offer.dimensions
        if offer.model not in self._known_dimensions:
            with refusals_reported(self._telemetry, offer.model):
                self._known_dimensions[offer.model] = offer.dimensions()
        return self._known_dimensions[offer.model]


def _joined(sizes: Sequence[int]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"
