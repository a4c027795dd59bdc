"""Which operations OpenAI, MKA1 and this server have, and what differs: `python -m tools.conformance` prints the table,
`--write` puts it into docs/conformance.md.

OpenAI's operations are those of its specification, MKA1's those of its Python client, ours those of the route table.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from tools import openai_differences
from vectorlog.api import unserved
from vectorlog.api.dialect import MKA1, OPENAI
from vectorlog.api.errors import NotOffered
from vectorlog.api.openapi.document import template
from vectorlog.api.openapi.operations import OPERATIONS
from vectorlog.api.routes import ROUTES

PAGE = Path(__file__).parents[1] / "docs/conformance.md"
MKA1_MODULES = ("files", "vectorstores", "llm_usage", "models_", "embeddings")
MKA1_PATHS = re.compile(r"/(files|vector_stores)(/.*)?|/usage/(files|vector_stores)|/models(/\{\w+\})?|/embeddings.*")
"""MKA1's operations on our resources. The others below `/models` administer its own platform."""
INTRODUCTION = """\
# Conformance

Every operation of OpenAI's and MKA1's APIs on the resources that this server serves, and what differs.
OpenAI's operations are those of its published specification, MKA1's those that its Python client requests.
The page is made by `python -m tools.conformance --write`.
[contract.md](contract.md) says what each operation does.

An operation that this server has works under both prefixes, `/v1` and `/api/v1/llm`.

## Tested clients

These clients drive a running server in both editions.

| Client | Version | What is tested |
|---|---|---|
{clients}

"""
CLIENTS = Path(__file__).parents[1] / "tests/clients"
JOURNEY = "Files, stores, batches, polls, search, uploads in parts, lists"


def of_openai() -> set[str]:
    """Returns OpenAI's operations, as `METHOD path`."""
    return set(json.loads(openai_differences.PUBLISHED.read_text())["operations"])


def of_mka1() -> set[str]:
    """Returns the operations that MKA1's client requests."""
    found: set[str] = set()
    for name in MKA1_MODULES:
        source = inspect.getsource(import_module(f"meetkai_mka1.{name}"))
        for method, path in re.findall(r'method="(\w+)",\s*path="([^"]+)"', source):
            below = path.removeprefix(MKA1.prefix)
            if MKA1_PATHS.fullmatch(below):
                found.add(f"{method} {below}")
    return found


def of_ours() -> dict[str, str]:
    """Returns what each of our operations does."""
    return {f"{each.method} {template(each.path)}": OPERATIONS[each.operation].summary for each in ROUTES}


def rows() -> list[tuple[str, str, str, str, str]]:
    """Returns the table: the operation, who has it (OpenAI, MKA1, this server), and what it does or what to use
    instead.
    """
    openai, mka1, ours = of_openai(), of_mka1(), of_ours()
    known = [{_shape(each) for each in several} for several in (openai, mka1, ours)]
    every = {_shape(each): each for each in (*mka1, *openai, *ours)}  # ours is shown where parameters have other names
    made = []
    for shape, operation in sorted(every.items(), key=lambda each: each[1].split(" ")[::-1]):
        in_openai, in_mka1, here = ("yes" if shape in each else "–" for each in known)
        prefix = OPENAI.prefix if operation in openai else MKA1.prefix
        made.append((operation, in_openai, in_mka1, here, ours.get(operation) or _instead(operation, prefix)))
    return made


def _shape(operation: str) -> str:
    return re.sub(r"\{\w+\}", "{}", operation)


def _instead(operation: str, prefix: str) -> str:
    """Returns the sentence that answers an operation which is not offered."""
    method, _, path = operation.partition(" ")
    refused = unserved.refuse(method, prefix + path)
    if not isinstance(refused, NotOffered):
        return "Answered 405: the path has other methods."
    return refused.message.partition("). ")[2].replace("|", "\\|")


def differing() -> list[str]:
    """Returns the reviewed differences, as sections of Markdown."""
    lines = []
    for reason, kept in openai_differences.reviewed().items():
        fields = [each.split(" | ") for each in kept if each.count(" | ") == 3]
        if fields:
            lines += [
                f"**{reason.removeprefix('# ')}.**",
                "",
                "| Resource | Part | Field | Difference |",
                "|---|---|---|---|",
            ]
            lines += [f"| `{where}` | {part} | `{field}` | {what} |" for where, part, field, what in fields]
            lines.append("")
    return lines


def clients() -> list[str]:
    """Returns the rows of the clients, with the versions that the tests are pinned to."""
    node = json.loads((CLIENTS / "node/package.json").read_text())["dependencies"]["openai"]
    go = re.search(r"openai-go/v3 v(\S+)", (CLIENTS / "go/go.mod").read_text())
    java = re.search(r"<artifactId>openai-java</artifactId>\s*<version>(.+?)<", (CLIENTS / "java/pom.xml").read_text())
    assert go
    assert java
    return [
        f"| `openai` for Python | {version('openai')} | Every operation that it has for these resources. |",
        f"| `meetkai-mka1` for Python | {version('meetkai-mka1')} | Every operation that it has for these resources. |",
        f"| `openai` for Node | {node} | {JOURNEY}; an error. |",
        f"| `openai-go` | {go[1]} | {JOURNEY}; errors 400, 401, 403, 404, 409, 429. "
        "On AWS a download above 4 MB needs a step of the program: contract.md, section 9.4. |",
        f"| `openai-java` | {java[1]} | {JOURNEY}; errors 400, 401, 403, 404, 409, 429. "
        "Answers are validated against its models. |",
    ]


def text() -> str:
    """Returns the page."""
    head = [
        "## Operations",
        "",
        "| Operation | OpenAI | MKA1 | Here | What it does, or what to use instead |",
        "|---|---|---|---|---|",
    ]
    table = [f"| `{name}` | {openai} | {mka1} | {ours} | {what} |" for name, openai, mka1, ours, what in rows()]
    below = [
        "",
        "## Where `/v1` differs from OpenAI's specification",
        "",
        "`[]` stands for an item of a list.",
        "What MKA1's dialect does differently is in [contract.md](contract.md), section 10.",
        "",
    ]
    return (
        INTRODUCTION.format(clients="\n".join(clients()))
        + "\n".join([*head, *table, *below, *differing()]).rstrip()
        + "\n"
    )


def main() -> None:
    """Prints or writes the page."""
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text())
    else:
        sys.stdout.write(text())


if __name__ == "__main__":
    main()
