"""What docs/frameworks.md says does not work: `python refused.py vs_…`, with the variables of the examples."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import litellm
from agents import Agent, FileSearchTool, OpenAIResponsesModel, Runner
from litellm.types.vector_stores import LiteLLM_ManagedVectorStore
from litellm.vector_stores.vector_store_registry import VectorStoreRegistry
from openai import AsyncOpenAI, NotFoundError

URL, KEY = f"{os.environ['VECTORLOG_URL']}/v1", os.environ["VECTORLOG_API_KEY"]
QUESTION = "At which pressure does the relief valve open?"


async def agents(store: str) -> str:
    """The Agents SDK's `FileSearchTool`, with Vectorlog in the place of the model's server."""
    model = OpenAIResponsesModel("gpt-stub", AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0))
    agent = Agent(name="Librarian", tools=[FileSearchTool(vector_store_ids=[store])], model=model)
    try:
        await Runner.run(agent, QUESTION)
    except NotFoundError as error:
        return str(error.code)
    return "it worked"


def completion(tool: dict[str, Any], model: str) -> str:
    """LiteLLM's synchronous `completion` with a registry."""
    given = {"api_base": URL, "api_key": KEY}
    litellm.vector_store_registry = VectorStoreRegistry(
        [
            LiteLLM_ManagedVectorStore(
                vector_store_id=tool["vector_store_ids"][0], custom_llm_provider="openai", litellm_params=given
            )
        ]
    )
    messages = [{"role": "user", "content": QUESTION}]
    answer = litellm.completion("openai/gpt-stub", messages=messages, tools=[tool], api_base=model)
    return str(answer.choices[0].message.content)


async def responses(tool: dict[str, Any]) -> str:
    """LiteLLM's Responses API with a filter."""
    os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"] = URL, KEY
    answer = await litellm.aresponses(model="deepseek/deepseek-chat", input=QUESTION, tools=[tool])
    return str(answer.output[-1]["content"][0]["text"])


def main(store: str) -> None:
    tool = {
        "type": "file_search",
        "vector_store_ids": [store],
        "filters": {"type": "eq", "key": "extension", "value": "pdf"},
    }
    print("agents:", asyncio.run(agents(store)))
    print("completion:", completion(dict(tool), os.environ["OPENAI_BASE_URL"]).replace("\n", " "))
    print("responses:", asyncio.run(responses(tool)).replace("\n", " "))


if __name__ == "__main__":
    main(sys.argv[1])
