"""Limits of projects, as OpenAI's project rate limits."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Count


class ProjectRateLimit(Answer):
    """All limits that are in force for a project; 0 is no limit."""

    id: Literal["rl-project"]
    object: Literal["project.rate_limit"]
    model: Literal["*"]
    """The limits do not depend on a model."""
    max_requests_per_1_minute: Count
    """60 times the limit of a second."""
    max_tokens_per_1_minute: Literal[0]
    """Tokens are not limited."""
    max_requests_per_1_second: Count
    """Requests with a valid key."""
    max_files_per_1_minute: Count
    """Files that are attached, each time."""
    max_stored_bytes: Count
    """Bytes of uploaded files."""
    max_files: Count
    """Uploaded files."""
    max_vector_stores: Count
    """Vector stores."""
