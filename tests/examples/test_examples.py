"""`examples/`, run as their first lines say, with a real server and a stand-in for the model. An answer holds a passage
only if the framework found it and handed it to the model.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import openai
import pytest
from openai.types import StaticFileChunkingStrategyParam
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.examples.interpreter import HERE, PYTHON, ROOT
from tests.live.live_server import LiveServer
from tests.support.model_server import ModelServer

EXAMPLES = ROOT / "examples"
QUESTION = "At which pressure does the relief valve open?"
NEW = "The relief valve of the new pump opens at 16 bar."
OLD = "The relief valve of the old pump opens at 9 bar."
PDF = 'filters={"type":"eq","key":"extension","value":"pdf"}'
_OFFLINE = {
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
}
_SLOWEST_S = 300
"""Ten times what the slowest takes: most of it is imports, and the machine may be busy."""

pytestmark = pytest.mark.examples


@dataclass(frozen=True, slots=True)
class Example:
    """An example, and how it is told to search in files of one kind only.

    Attributes:
        name: of its file.
        narrowed: what its question gets, such as `name=value`, or its further argument; empty if it has no filter.
        cites: what it prints for the passage of the second page of `new.pdf`.
    """

    name: str
    narrowed: str
    cites: str = "new.pdf, page 2"

    def run(self, url: str, key: str, model: str, store: str, *, narrow: bool = False) -> str:
        """Runs it, and returns what it prints."""
        word = self.narrowed if narrow else ""
        asked = [f"{QUESTION} {word}"] if "=" in word else [QUESTION, *word.split()]
        return run(EXAMPLES / self.name, url, key, model, store, *asked)


def run(script: Path, url: str, key: str, model: str, *arguments: str) -> str:
    """Runs a program with the frameworks, and returns what it prints."""
    variables = {
        "VECTORLOG_URL": url,
        "VECTORLOG_API_KEY": key,
        "OPENAI_BASE_URL": model,
        "OPENAI_API_KEY": "of-the-model",
        "OPENAI_MODEL": "gpt-stub",
        "DEEPSEEK_API_BASE": model,
        "DEEPSEEK_API_KEY": "of-the-model",
    }
    ran = subprocess.run(
        [PYTHON, script, *arguments],
        env=os.environ | _OFFLINE | variables,
        capture_output=True,
        text=True,
        timeout=_SLOWEST_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


ALL = (
    Example("openai_function_tool.py", "extension=pdf"),
    Example("agents_function_tool.py", "extension=pdf"),
    Example("agents_mcp.py", PDF, '"title":"new.pdf (page 2)"'),
    Example("litellm_file_search.py", "pdf"),
    Example("litellm_responses.py", "", "new.pdf"),
    Example("langchain_retriever.py", "pdf"),
    Example("llamaindex_retriever.py", "pdf"),
    Example("haystack_retriever.py", "pdf"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A server with a key, and a store of two files."""

    url: str
    key: str
    store: str
    client: openai.OpenAI


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    server = LiveServer(tmp_path_factory.mktemp("examples") / "data", "")
    server.start()
    try:
        first = server.client()
        store = first.vector_stores.create(name="manuals").id
        sizes: StaticFileChunkingStrategyParam = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}
        for name, content in (("new.pdf", _pdf("The pump moves water. " * 40, NEW)), ("old.txt", OLD.encode())):
            added = first.vector_stores.files.upload_and_poll(
                vector_store_id=store,
                file=(name, content),
                attributes={"extension": name.rpartition(".")[2]},
                chunking_strategy={"type": "static", "static": sizes},
            )
            assert added.status == "completed", added.last_error
        admin = openai.OpenAI(base_url=f"{server.url}/v1", admin_api_key="any", max_retries=0)
        key = admin.admin.organization.admin_api_keys.create(name="examples").value
        yield Place(server.url, key, store, openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0))
        assert server.errors() == []
    finally:
        server.stop()


def _pdf(*pages: str) -> bytes:
    file = BytesIO()
    canvas = Canvas(file)
    for page in pages:
        text = canvas.beginText(72, 720)
        words = page.split()
        for at in range(0, len(words), 12):
            text.textLine(" ".join(words[at : at + 12]))
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.mark.parametrize("example", ALL, ids=lambda each: each.name)
def test_examples(example: Example, place: Place) -> None:
    """It finds both passages, and hands them to the model; it says which file and page they are from. With a filter it
    finds one of them.
    """

    def said(narrow: bool) -> str:
        return example.run(place.url, place.key, model.base_url, place.store, narrow=narrow)

    with ModelServer() as model, ThreadPoolExecutor(2) as pool:
        both, *one = pool.map(said, (False, True) if example.narrowed else (False,))
    assert (NEW in both, OLD in both) == (True, True)
    assert example.cites in both
    for narrowed in one:
        assert (NEW in narrowed, OLD in narrowed) == (True, False)


def test_hosted_file_search(place: Place) -> None:
    """The Responses API, where the frameworks' hosted file search goes, is refused with what to do instead."""
    with pytest.raises(openai.NotFoundError, match=r"does not offer the Responses API.*vector_stores"):
        place.client.responses.create(
            model="gpt-stub", input=QUESTION, tools=[{"type": "file_search", "vector_store_ids": [place.store]}]
        )


def test_what_does_not_work(place: Place) -> None:
    """docs/frameworks.md is right about it: the hosted file search of the Agents SDK is refused, LiteLLM's synchronous
    `completion` does not search, and its Responses API leaves out filters. If this fails, something works at last.
    """
    with ModelServer() as model:
        said = run(HERE / "refused.py", place.url, place.key, model.base_url, place.store)
    agents, completion, responses = said.splitlines()
    assert agents == "agents: not_offered"
    assert (NEW in completion, OLD in completion) == (False, False)
    assert (NEW in responses, OLD in responses) == (True, True)


def test_every_example_is_here() -> None:
    """No example is left out of these tests, and docs/frameworks.md names each."""
    assert {each.name for each in EXAMPLES.glob("*.py")} == {each.name for each in ALL}
    page = (ROOT / "docs" / "frameworks.md").read_text()
    assert [each.name for each in ALL if each.name not in page] == []
