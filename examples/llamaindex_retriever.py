"""Vectorlog as a retriever of LlamaIndex.

pip install llama-index-core llama-index-llms-litellm openai
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/llamaindex_retriever.py vs_… 'At which pressure does the relief valve open?' [EXTENSION]

`VectorlogRetriever` is all that a query engine needs; copy it. Filters have the form of OpenAI's API. LiteLLM calls the
model because llama-index-llms-openai needs a version of `openai` below 3.
"""

import os
import sys

from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.llms.litellm import LiteLLM
from openai import OpenAI


class VectorlogRetriever(BaseRetriever):
    """Finds passages in a vector store. Metadata: the file's attributes, `file_name`, `file_id`, `page_label`."""

    def __init__(self, client: OpenAI, store: str, filters: dict | None = None, top_k: int = 5) -> None:
        super().__init__()
        self._client = client
        self._store = store
        self._options = {"max_num_results": top_k, **({"filters": filters} if filters else {})}

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._client.vector_stores.search(self._store, query=query_bundle.query_str, **self._options)
        return [
            NodeWithScore(
                node=TextNode(
                    text=each.content[0].text,
                    metadata={
                        **(each.attributes or {}),
                        "file_name": each.filename,
                        "file_id": each.file_id,
                        "page_label": str(each.content[0].location["first_page"] or ""),
                    },
                    excluded_llm_metadata_keys=["file_id", *(each.attributes or {})],
                ),
                score=each.score,
            )
            for each in found
        ]


if __name__ == "__main__":
    store, question, *extension = sys.argv[1:]
    vectorlog = OpenAI(base_url=f"{os.environ['VECTORLOG_URL']}/v1", api_key=os.environ["VECTORLOG_API_KEY"])
    filters = {"type": "eq", "key": "extension", "value": extension[0]} if extension else None
    model = LiteLLM(model=f"openai/{os.environ['OPENAI_MODEL']}")
    engine = RetrieverQueryEngine(
        VectorlogRetriever(vectorlog, store, filters), response_synthesizer=get_response_synthesizer(llm=model)
    )
    answer = engine.query(question)
    print(answer)
    for each in answer.source_nodes:
        page = each.metadata["page_label"]
        print(f"- {each.metadata['file_name']}" + (f", page {page}" if page else ""))
