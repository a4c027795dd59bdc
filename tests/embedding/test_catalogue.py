from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedding.stub_server import StubServer
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import ModelNotConfigured, Models, UnknownModel, UnsupportedDimensions
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.offers import local_offers, openai_offers
from vectorlog.endpoints.endpoint import Endpoint

LOCAL = Space("local:granite-embedding-30m-english#2", 384)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(dimensions=1536) as server:
        yield server


@pytest.fixture
def endpoint(stub: StubServer) -> Iterator[Endpoint]:
    endpoint = Endpoint(stub.base_url, "sk-test")
    yield endpoint
    endpoint.close()


@pytest.fixture
def models(endpoint: Endpoint) -> Iterator[Models]:
    models = Models([*local_offers(threads=1), *openai_offers(endpoint)])
    yield models
    models.close()


@pytest.mark.parametrize(
    ("model", "dimensions", "space"),
    [
        (None, None, LOCAL),
        (None, 384, LOCAL),
        ("local:granite-embedding-30m-english", None, LOCAL),
        ("granite-embedding-30m-english", None, LOCAL),
        ("text-embedding-3-small", None, Space("openai:text-embedding-3-small", 1536)),
        ("openai:text-embedding-3-small", 512, Space("openai:text-embedding-3-small", 512)),
        ("openai:text-embedding-3-large", 1, Space("openai:text-embedding-3-large", 1)),
        ("openai:text-embedding-3-large", 3072, Space("openai:text-embedding-3-large", 3072)),
        ("openai:text-embedding-ada-002", 1536, Space("openai:text-embedding-ada-002", 1536)),
    ],
)
def test_a_request_gets_the_space_that_it_names(
    models: Models, model: str | None, dimensions: int | None, space: Space
) -> None:
    """The default is the first model; a bare name is enough; dimensions may be shortened if the model can."""
    assert models.resolve(model, dimensions) == space


@pytest.mark.parametrize(
    "name", ["text-embedding-4", "openai:", "azure:text-embedding-3-small", ":text-embedding-3-small"]
)
def test_an_unknown_model_is_refused_with_a_list(models: Models, name: str) -> None:
    """A mistyped name is an error that lists the models."""
    with pytest.raises(
        UnknownModel,
        match=r"local:granite-embedding-30m-english, (local:multilingual-e5-small, )?openai:text-embedding-3-small, "
        r"openai:text-embedding-3-large",
    ):
        models.resolve(name)


@pytest.mark.parametrize(
    ("model", "dimensions", "allowed"),
    [
        ("granite-embedding-30m-english", 256, "384 only"),
        ("text-embedding-3-small", 1537, "1 to 1536"),
        ("text-embedding-3-small", 0, "1 to 1536"),
        ("text-embedding-3-small", -1, "1 to 1536"),
        ("text-embedding-ada-002", 512, "1536 only"),
    ],
)
def test_dimensions_that_a_model_lacks_are_refused(models: Models, model: str, dimensions: int, allowed: str) -> None:
    """The message lists the supported dimensions."""
    with pytest.raises(UnsupportedDimensions, match=allowed):
        models.resolve(model, dimensions)


def test_a_name_that_two_providers_share_needs_its_provider(endpoint: Endpoint) -> None:
    """A bare name never picks a provider by chance."""
    models = Models(
        [*openai_offers(endpoint), *openai_offers(endpoint, provider="proxy", models={"text-embedding-3-small": None})]
    )
    with pytest.raises(UnknownModel, match="openai:text-embedding-3-small, proxy:text-embedding-3-small"):
        models.resolve("text-embedding-3-small")
    assert models.resolve("proxy:text-embedding-3-small", 256) == Space("proxy:text-embedding-3-small", 256)


def test_the_default_can_be_named(endpoint: Endpoint) -> None:
    """The deployment's setting decides; a default that is not offered is an error at the start."""
    offers = [*local_offers(), *openai_offers(endpoint)]
    assert Models(offers, "text-embedding-3-small").resolve().model == "openai:text-embedding-3-small"
    with pytest.raises(UnknownModel, match="nothing-of-the-kind is not offered"):
        Models(offers, "nothing-of-the-kind")


def test_dimensions_of_another_model_are_asked_for_once(stub: StubServer, endpoint: Endpoint) -> None:
    """Any model of a compatible endpoint is accepted; names may contain colons; dimensions are learnt at the first use,
    not at the start.
    """
    stub.dimensions = 768
    models = Models(openai_offers(endpoint, provider="ollama", models={"nomic-embed-text:latest": None, "known": 32}))
    assert models.resolve("known") == Space("ollama:known", 32)
    assert stub.requests == []
    space = models.resolve("nomic-embed-text:latest")
    assert (
        space == models.resolve("ollama:nomic-embed-text:latest", 768) == Space("ollama:nomic-embed-text:latest", 768)
    )
    assert len(stub.requests) == 1
    assert len(models.embedder(space).query("pump")) == 768
    models.close()


def test_dimensions_that_cannot_be_learnt_are_asked_for_again(stub: StubServer, endpoint: Endpoint) -> None:
    """A provider that was down at the first use does no lasting harm."""
    models = Models(openai_offers(endpoint, provider="ollama", models={"nomic": None}))
    stub.fail(404, "pull it first")
    with pytest.raises(EmbeddingError, match="pull it first"):
        models.resolve()
    assert models.resolve() == Space("ollama:nomic", 1536)


def test_each_space_has_one_embedder(models: Models, stub: StubServer) -> None:
    """Threads and connections are created once; a space's dimensions are sent only if they are fewer than the
    model's.
    """
    full, short = models.resolve("text-embedding-3-small"), models.resolve("text-embedding-3-small", 512)
    assert models.embedder(full) is models.embedder(full)
    assert (len(models.embedder(full).query("pump")), len(models.embedder(short).query("pump"))) == (1536, 512)
    assert [request.get("dimensions") for request in stub.requests] == [None, 512]
    assert models.embedder(LOCAL).space == LOCAL


def test_a_store_of_a_model_that_is_gone_says_so(models: Models) -> None:
    """After a setting was removed, its stores fail with the model's name."""
    with pytest.raises(ModelNotConfigured, match="cohere:embed-v4 is not configured here"):
        models.embedder(Space("cohere:embed-v4", 1024))


def test_stores_of_an_earlier_revision_keep_it(models: Models) -> None:
    """What names the model gets its newest revision; a store of an earlier one is served with its own vectors, and one
    of a later version's revision says that the deployment is too old. Users see the model's name.
    """
    earlier, later = (
        Space("local:granite-embedding-30m-english", 384),
        Space("local:granite-embedding-30m-english#3", 384),
    )
    assert models.resolve("local:granite-embedding-30m-english").revision == 2
    assert [earlier.revision, LOCAL.revision, later.revision] == [1, 2, 3]
    assert {each.name for each in (earlier, LOCAL, later)} == {"local:granite-embedding-30m-english"}
    assert [models.offers(each) for each in (earlier, LOCAL, later)] == [True, True, False]
    assert [models.embedder(each).space for each in (earlier, LOCAL)] == [earlier, LOCAL]
    old, new = (models.embedder(each).query("How long is the pump guaranteed?") for each in (earlier, LOCAL))
    assert old != new
    assert sum(a * b for a, b in zip(old, new, strict=True)) > 0.995
    with pytest.raises(
        ModelNotConfigured, match=r"newer version .* with local:granite-embedding-30m-english\."
    ) as refused:
        models.embedder(later)
    assert "#" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["proxy:a#b", "proxy:a#", "proxy:#1x", "proxy:a", "openai:a#2", "openai:local:a#2", "local:a"]
)
def test_other_names_have_no_revision(name: str) -> None:
    """A provider's model may have any name, also one that ends as a revision of the built-in model does."""
    assert (Space(name, 3).name, Space(name, 3).revision) == (name, 1)


def test_an_endpoints_model_with_a_number(stub: StubServer) -> None:
    """An endpoint's models `a` and `a#2` are two models, and a store of either is served by it."""
    endpoint = Endpoint(stub.base_url, None)
    models = Models(openai_offers(endpoint, models={"a": 1536, "a#2": 1536}))
    for name in ("a", "a#2"):
        space = models.resolve(name)
        assert space == Space(f"openai:{name}", 1536)
        models.embedder(space).query("text")
    assert [request["model"] for request in stub.requests] == ["a", "a#2"]
    models.close()
    endpoint.close()
