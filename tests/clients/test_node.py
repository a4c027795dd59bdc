"""The `openai` client for Node: uploads, batches, polls, search and errors.

It runs where Node 20 is, and fetches the client from npm once.
"""

from __future__ import annotations

from pathlib import Path

from tests.clients.conftest import EDITION
from tests.clients.node_client import run
from tests.clients.service import Service


def test_journey(node: Path, service: Service, user: str) -> None:
    """What a Node program does with files, stores, batches and search works unchanged."""
    seen = run(node, "journey.mjs", f"{service.url}/v1", service.key, user)
    assert seen == {
        "created": ["node", "completed", 0],
        "requestId": True,
        "attached": ["completed", None],
        "batch": ["completed", 2],
        "uploaded": ["completed", 1],
        "found": [["0.txt", "bees make honey", 0]],
        "pages": [4, 4],
        "text": ["the fox is quick"],
        "content": "bees make honey",
        "updated": "renamed",
        "refused": [True, "404 No vector store found with id 'vs_nothing'."],
        "deleted": [True, True],
    }


def test_uploads(node: Path, service: Service, user: str) -> None:
    """Parts that are sent at once, in any order of arrival, become the file."""
    size, part = 10_000_000, 4_000_000 if EDITION == "aws" else 3_000_000
    seen = run(node, "uploads.mjs", f"{service.url}/v1", service.key, user, str(size), str(part))
    assert seen == {"status": "completed", "parts": -(-size // part), "same": True, "cancelled": "cancelled"}
