"""Vectorlog as a function tool of the `openai` SDK: the model asks for a search, and answers from what it gets.

pip install openai
export VECTORLOG_URL=http://127.0.0.1:8080 VECTORLOG_API_KEY=any OPENAI_API_KEY=sk-… OPENAI_MODEL=gpt-…
python examples/openai_function_tool.py vs_… 'At which pressure does the relief valve open?'

`OPENAI_BASE_URL` names another server of the Responses API. Its own tool `file_search` would search the stores of that
server, so the search is a function here, with a filter that the model may set.
"""

import json
import os
import sys

from openai import OpenAI

vectorlog = OpenAI(base_url=f"{os.environ['VECTORLOG_URL']}/v1", api_key=os.environ["VECTORLOG_API_KEY"])
model = OpenAI()
store, question = sys.argv[1:]

SEARCH = {
    "type": "function",
    "name": "search_documents",
    "description": "Finds passages of the documents. Name the file and page that an answer is from.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "extension": {"type": "string", "description": "Search only files of this kind, such as pdf."},
        },
        "required": ["query"],
    },
}


def search_documents(query: str, extension: str | None = None) -> str:
    """Returns passages, each below the file and page that it is from."""
    filters = {"filters": {"type": "eq", "key": "extension", "value": extension}} if extension else {}
    found = vectorlog.vector_stores.search(store, query=query, max_num_results=5, **filters)
    return "\n\n".join(f"[{place(each)}]\n{each.content[0].text}" for each in found) or "Nothing was found."


def place(result) -> str:
    """Where a result is from: `location` is Vectorlog's addition to the API."""
    page = result.content[0].location["first_page"]
    return f"{result.filename}, page {page}" if page else result.filename


conversation = [{"role": "user", "content": question}]
while True:
    answer = model.responses.create(model=os.environ["OPENAI_MODEL"], input=conversation, tools=[SEARCH])
    calls = [each for each in answer.output if each.type == "function_call"]
    if not calls:
        break
    conversation += answer.output
    for call in calls:
        output = search_documents(**json.loads(call.arguments))
        conversation.append({"type": "function_call_output", "call_id": call.call_id, "output": output})
print(answer.output_text)
