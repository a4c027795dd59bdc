"""A deployment for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import moto_aws
from tests.handlers.deployment import Deployment
from vectorlog.runtime import once


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        yield Deployment(patch)
    once.forget()
