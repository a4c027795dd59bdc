"""What a key stands for, and what waits in the queues of a deployment."""

from __future__ import annotations

import pytest

from tests.clients.administered import Administered, new_project
from tests.clients.conftest import EDITION

DIALECTS = ("/v1", "/api/v1/llm")


@pytest.mark.parametrize("prefix", DIALECTS)
@pytest.mark.parametrize("scope", ["read", "write", "admin"])
def test_what_a_key_stands_for(administered: Administered, prefix: str, scope: str) -> None:
    """Any key may ask what it stands for; the end user is the one of the request."""
    project = new_project()
    key = administered.make(project, scope, expires_in_seconds=3600)
    with administered.raw(key.value) as raw:
        answer = raw.get(f"{prefix}/whoami", headers={"X-On-Behalf-Of": "ada"}).json()
        assert raw.get(f"{prefix}/whoami", params={"x": 1}).status_code == 400
    assert answer == {
        "object": "caller",
        "project_id": project,
        "user_id": "ada",
        "scope": scope,
        "all_projects": False,
        "key_id": key.id,
        "key_required": True,
        "expires_at": key.expires_at,
    }


def test_without_a_valid_key(administered: Administered) -> None:
    """Without a key, or with a wrong one, the answer is that of every operation: the console shows its log-in."""
    with administered.raw("vlk_wrong") as raw:
        assert raw.get("/v1/whoami").status_code == 401
        assert raw.get("/v1/whoami", headers={"Authorization": ""}).status_code == 401


@pytest.mark.parametrize("prefix", DIALECTS)
def test_queues(administered: Administered, prefix: str) -> None:
    """A key for all projects sees what each queue of the deployment holds; the other keys are refused."""
    with administered.raw() as raw:
        answer = raw.get(f"{prefix}/organization/queues")
        assert answer.status_code == 200, answer.text
        queues = {each["id"]: each for each in answer.json()["data"]}
    assert set(queues) == (
        {"work", "embed", "erase", "deliver"} if EDITION == "aws" else {"work", "embed", "slow", "deliver"}
    )
    for each in queues.values():
        assert min(each["waiting"], each["in_progress"], each["delayed"]) >= 0
    for scope in ("read", "write", "admin"):
        with administered.raw(administered.make(new_project(), scope).value) as raw:
            assert raw.get(f"{prefix}/organization/queues").status_code == 403
