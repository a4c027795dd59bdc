"""The `openai` clients for Go and Java: files, stores, polls, batches, search, uploads, lists and errors.

They run where Go 1.26, or a JDK 17 and Maven, are installed. The clients are fetched and compiled once, in minutes.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.clients.administered import Administered, new_project
from tests.clients.programs import PROGRAMS, Program
from tests.clients.service import Service

pytestmark = pytest.mark.long

REFUSALS = {
    "bad": (400, "integer_above_max_value", "limit", "Invalid 'limit'"),
    "key": (401, "invalid_api_key", "", "Incorrect API key provided"),
    "scope": (403, "permission_denied", "", "It needs a key of scope 'write'"),
    "missing": (404, "", "vector_store_id", "No vector store found with id 'vs_nothing'."),
    "conflict": (409, "idempotency_key_reused", "", "Idempotency-Key"),
    "limit": (429, "insufficient_quota", "", "files"),
}
TYPES: Mapping[str, Mapping[str, str]] = {
    "go": dict.fromkeys(REFUSALS, "Error"),
    "java": {
        "bad": "BadRequestException",
        "key": "UnauthorizedException",
        "scope": "PermissionDeniedException",
        "missing": "NotFoundException",
        "conflict": "UnexpectedStatusCodeException",
        "limit": "RateLimitException",
    },
}
UNNAMED = {"go": "anonymous_file", "java": "upload"}
"""The name of a file that was uploaded without one; Java's client leaves it out."""


@pytest.fixture(scope="session", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]()


def test_journey(program: Program, service: Service, user: str) -> None:
    """What a program does with files, stores, batches, search and uploads works unchanged."""
    size, part = 9_000_000, 4_000_000
    seen = program.run("journey", f"{service.url}/v1", service.key, user, str(size), str(part))
    assert seen == {
        "created": ["journey", "completed", 0],
        "requestId": True,
        "attached": ["completed", ""],
        "batch": ["completed", 2, 2],
        "found": [["0.txt", "bees make honey", 0]],
        "pages": [3, 3],
        "text": ["the fox is quick"],
        "content": "bees make honey",
        "updated": "renamed",
        "unnamed": UNNAMED[program.language],
        "uploaded": ["completed", 3, True, "cancelled"],
        "deleted": [True, True, True],
    }


def test_refusals(program: Program, administered: Administered) -> None:
    """Every kind of error arrives with its status, code, param and sentence; in Java as a type of its own."""
    project, full = new_project(), new_project()
    administered.limit(full, max_files=1)
    keys = [administered.make(*each).value for each in ((project, "write"), (project, "read"), (full, "write"))]
    administered.client(keys[2]).files.create(file=("a.txt", b"a"), purpose="assistants")
    seen = program.run("refusals", f"{administered.url}/v1", *keys)
    types = TYPES[program.language]
    assert {kind: each[:4] for kind, each in seen.items()} == {
        kind: [types[kind], status, code, param] for kind, (status, code, param, _) in REFUSALS.items()
    }
    for kind, (*_, sentence) in REFUSALS.items():
        assert sentence in seen[kind][4]
