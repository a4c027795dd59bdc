"""Tests on a deployed stage: `./dev account-test` deploys one, runs them and the clients' tests on it, and destroys it.

Without `VECTORLOG_TEST_URL` they are skipped. **They were never run on AWS**: nobody who wrote them had an account. On
the local edition they ran with few texts, which shows that they measure, and nothing about OpenSearch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from openai import OpenAI

URL = os.environ.get("VECTORLOG_TEST_URL", "").rstrip("/")
KEY = os.environ.get("VECTORLOG_TEST_KEY", "any")


@pytest.fixture(scope="session")
def deployed() -> Iterator[OpenAI]:
    """A client of the stage. A search that meets a cold function, or an index that wakes, is repeated."""
    if not URL:
        pytest.skip("needs a stage in an AWS account: ./dev account-test")
    with OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=8, timeout=60) as client:
        yield client
