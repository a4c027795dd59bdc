"""Vectorlog as an MCP server of OpenAI's Agents SDK: no code of your own for the search.

pip install openai-agents
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/agents_mcp.py vs_… 'At which pressure does the relief valve open?'

`/mcp/vs_…` offers one vector store, `/mcp` all that the key may read. The tools and their filters are in docs/mcp.md;
each result names its file and pages, and has a link that opens at the passage.
"""

import asyncio
import os
import sys

from agents import Agent, Runner
from agents.mcp import MCPServerStreamableHttp

store, question = sys.argv[1:]


async def main() -> None:
    """Connects, asks, and prints the answer."""
    parameters = {
        "url": f"{os.environ['VECTORLOG_URL']}/mcp/{store}",
        "headers": {"Authorization": f"Bearer {os.environ['VECTORLOG_API_KEY']}"},
    }
    async with MCPServerStreamableHttp(params=parameters, cache_tools_list=True) as vectorlog:
        agent = Agent(
            name="Librarian",
            instructions="Answer from the documents. Name the file and page that an answer is from.",
            mcp_servers=[vectorlog],
            model=os.environ["OPENAI_MODEL"],
        )
        print((await Runner.run(agent, question)).final_output)


asyncio.run(main())
