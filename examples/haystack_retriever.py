"""Vectorlog as a retriever of Haystack.

pip install haystack-ai
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/haystack_retriever.py vs_… 'At which pressure does the relief valve open?' [EXTENSION]

`VectorlogRetriever` is all that a pipeline needs; copy it. Filters have the form of OpenAI's API.
"""

import os
import sys

from haystack import Document, Pipeline, component
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from openai import OpenAI

PASSAGES = """Answer from these passages, and name file and page:
{% for each in documents %}
[{{ each.meta.file_name }}{% if each.meta.page_number %}, page {{ each.meta.page_number }}{% endif %}]
{{ each.content }}
{% endfor %}"""


@component
class VectorlogRetriever:
    """Finds passages in a vector store. Meta: the file's attributes, `file_name`, `file_id`, `page_number`."""

    def __init__(self, client: OpenAI, store: str, top_k: int = 5) -> None:
        self.client = client
        self.store = store
        self.top_k = top_k

    @component.output_types(documents=list[Document])
    def run(self, query: str, filters: dict | None = None) -> dict[str, list[Document]]:
        """Searches; `filters` are OpenAI's."""
        options = {"max_num_results": self.top_k, **({"filters": filters} if filters else {})}
        found = self.client.vector_stores.search(self.store, query=query, **options)
        documents = [
            Document(
                content=each.content[0].text,
                score=each.score,
                meta={
                    **(each.attributes or {}),
                    "file_name": each.filename,
                    "file_id": each.file_id,
                    "page_number": each.content[0].location["first_page"],
                },
            )
            for each in found
        ]
        return {"documents": documents}


if __name__ == "__main__":
    store, question, *extension = sys.argv[1:]
    vectorlog = OpenAI(base_url=f"{os.environ['VECTORLOG_URL']}/v1", api_key=os.environ["VECTORLOG_API_KEY"])
    pipeline = Pipeline()
    pipeline.add_component("retriever", VectorlogRetriever(vectorlog, store))
    messages = [ChatMessage.from_system(PASSAGES), ChatMessage.from_user("{{ question }}")]
    pipeline.add_component("prompt", ChatPromptBuilder(messages, required_variables=["documents", "question"]))
    pipeline.add_component("model", OpenAIChatGenerator(model=os.environ["OPENAI_MODEL"]))
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "model.messages")
    filters = {"type": "eq", "key": "extension", "value": extension[0]} if extension else None
    given = {"retriever": {"query": question, "filters": filters}, "prompt": {"question": question}}
    print(pipeline.run(given)["model"]["replies"][0].text)
