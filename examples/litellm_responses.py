"""The Responses API with its tool `file_search`, by LiteLLM, with a model of a provider that has no file search itself.

pip install litellm
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any DEEPSEEK_API_KEY=sk-…
python examples/litellm_responses.py vs_… 'At which pressure does the relief valve open?'

The request is what OpenAI's own server would take. LiteLLM gives the model a function instead of the tool, searches,
and adds citations. It searches the server that `OPENAI_BASE_URL` names, and leaves out the tool's filters.
"""

import asyncio
import os
import sys

os.environ["OPENAI_BASE_URL"] = f"{os.environ['VECTORLOG_URL']}/v1"
os.environ["OPENAI_API_KEY"] = os.environ["VECTORLOG_API_KEY"]

import litellm

store, question = sys.argv[1:]


async def main() -> None:
    """Asks, and prints the answer and the files that it cites."""
    answer = await litellm.aresponses(
        model=os.environ.get("LITELLM_MODEL", "deepseek/deepseek-chat"),
        input=question,
        tools=[{"type": "file_search", "vector_store_ids": [store]}],
    )
    text = answer.output[-1]["content"][0]
    print(text["text"])
    for citation in text["annotations"]:
        print(f"- {citation['filename']} ({citation['file_id']})")


asyncio.run(main())
