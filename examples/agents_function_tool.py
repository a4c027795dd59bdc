"""Vectorlog as a function tool of OpenAI's Agents SDK.

pip install openai-agents
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/agents_function_tool.py vs_… 'At which pressure does the relief valve open?'

With the SDK's `FileSearchTool` the model's server searches its own stores; this function takes its place.
"""

import os
import sys

from agents import Agent, Runner, function_tool
from openai import AsyncOpenAI

vectorlog = AsyncOpenAI(base_url=f"{os.environ['VECTORLOG_URL']}/v1", api_key=os.environ["VECTORLOG_API_KEY"])
store, question = sys.argv[1:]


@function_tool
async def search_documents(query: str, extension: str | None = None) -> str:
    """Finds passages of the documents.

    Args:
        query: what to look for.
        extension: search only files of this kind, such as pdf.
    """
    filters = {"filters": {"type": "eq", "key": "extension", "value": extension}} if extension else {}
    found = await vectorlog.vector_stores.search(store, query=query, max_num_results=5, **filters)
    return "\n\n".join(f"[{place(each)}]\n{each.content[0].text}" for each in found.data) or "Nothing was found."


def place(result) -> str:
    """Where a result is from: `location` is Vectorlog's addition to the API."""
    page = result.content[0].location["first_page"]
    return f"{result.filename}, page {page}" if page else result.filename


agent = Agent(
    name="Librarian",
    instructions="Answer from the documents. Name the file and page that an answer is from.",
    tools=[search_documents],
    model=os.environ["OPENAI_MODEL"],
)
print(Runner.run_sync(agent, question).final_output)
