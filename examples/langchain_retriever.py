"""Vectorlog as a retriever of LangChain.

pip install langchain-core langchain-openai
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/langchain_retriever.py vs_… 'At which pressure does the relief valve open?' [EXTENSION]

`VectorlogRetriever` is all that a chain needs; copy it. Filters have the form of OpenAI's API.
"""

import os
import sys
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_openai import ChatOpenAI
from openai import OpenAI


class VectorlogRetriever(BaseRetriever):
    """Finds passages in a vector store. Metadata: the file's attributes, `source`, `file_id`, `page`, `score`."""

    client: Any
    store: str
    filters: dict | None = None
    k: int = 5

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        filters = {"filters": self.filters} if self.filters else {}
        found = self.client.vector_stores.search(self.store, query=query, max_num_results=self.k, **filters)
        return [
            Document(
                each.content[0].text,
                metadata={
                    **(each.attributes or {}),
                    "source": each.filename,
                    "file_id": each.file_id,
                    "page": each.content[0].location["first_page"],
                    "score": each.score,
                },
            )
            for each in found
        ]


def cited(documents: list[Document]) -> str:
    """The passages, each below the file and page that it is from."""
    places = [
        f"{each.metadata['source']}, page {each.metadata['page']}" if each.metadata["page"] else each.metadata["source"]
        for each in documents
    ]
    return "\n\n".join(f"[{place}]\n{each.page_content}" for place, each in zip(places, documents, strict=True))


if __name__ == "__main__":
    store, question, *extension = sys.argv[1:]
    vectorlog = OpenAI(base_url=f"{os.environ['VECTORLOG_URL']}/v1", api_key=os.environ["VECTORLOG_API_KEY"])
    filters = {"type": "eq", "key": "extension", "value": extension[0]} if extension else None
    retriever = VectorlogRetriever(client=vectorlog, store=store, filters=filters)
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Answer from these passages, and name file and page:\n\n{passages}"), ("human", "{question}")]
    )
    model = ChatOpenAI(model=os.environ["OPENAI_MODEL"])
    passages = retriever | cited
    chain = {"passages": passages, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    print(chain.invoke(question))
