"""A server that tests may administer, and clients for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from openai import OpenAI
from openai.types.admin.organization import AdminAPIKeyCreateResponse


@dataclass(frozen=True, slots=True)
class Administered:
    """A server, and a key that administers all of its projects."""

    url: str
    key: str

    def client(self, key: str | None = None) -> OpenAI:
        """Returns OpenAI's client with this key, also for its administration; by default with the administrator's."""
        used = key or self.key
        return OpenAI(base_url=f"{self.url}/v1", api_key=used, admin_api_key=used, max_retries=0)

    def raw(self, key: str | None = None) -> httpx.Client:
        """Returns a client for requests that OpenAI's does not send."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key or self.key}"}, timeout=60)

    def make(self, project: str, scope: str, **fields: Any) -> AdminAPIKeyCreateResponse:
        """Creates a key."""
        extra = {"project_id": project, "scope": scope, **fields}
        return self.client().admin.organization.admin_api_keys.create(name=f"{scope} of a test", extra_body=extra)

    def limit(self, project: str, **limits: int | None) -> dict[str, Any]:
        """Sets limits of a project, by their fields in the API; returns all of its limits."""
        rates = self.client().admin.organization.projects.rate_limits
        return rates.update_rate_limit("rl-project", project_id=project, extra_body=limits).model_dump()


def new_project() -> str:
    """Returns the name of a project that no other test has."""
    return f"project {uuid.uuid4().hex}"
