"""Vectorlog behind LiteLLM's file search: the tool `file_search` works unchanged, with any model that LiteLLM calls.

pip install litellm
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/litellm_file_search.py vs_… 'At which pressure does the relief valve open?' [EXTENSION]

LiteLLM's registry says that the store is on a server of OpenAI's API, and where that server is. LiteLLM searches it
before it calls the model, and gives the passages to the model with the question.
"""

import asyncio
import os
import sys

import litellm
from litellm.types.vector_stores import LiteLLM_ManagedVectorStore
from litellm.vector_stores.vector_store_registry import VectorStoreRegistry

store, question, *extension = sys.argv[1:]
litellm.vector_store_registry = VectorStoreRegistry(
    [
        LiteLLM_ManagedVectorStore(
            vector_store_id=store,
            custom_llm_provider="openai",
            litellm_params={
                "api_base": f"{os.environ['VECTORLOG_URL']}/v1",
                "api_key": os.environ["VECTORLOG_API_KEY"],
            },
        )
    ]
)
tool = {"type": "file_search", "vector_store_ids": [store], "max_num_results": 5}
if extension:
    tool["filters"] = {"type": "eq", "key": "extension", "value": extension[0]}


async def main() -> None:
    """Asks, and prints the answer and what was found. LiteLLM's synchronous `completion` does not search."""
    answer = await litellm.acompletion(
        model=f"openai/{os.environ['OPENAI_MODEL']}",
        messages=[{"role": "user", "content": question}],
        tools=[tool],
    )
    message = answer.choices[0].message
    print(message.content)
    for search in message.provider_specific_fields["search_results"]:
        for result in search["data"]:
            page = result["content"][0]["location"]["first_page"]
            print(f"- {result['filename']}" + (f", page {page}" if page else ""))


asyncio.run(main())
