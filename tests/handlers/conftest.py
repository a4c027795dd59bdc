"""A deployment for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import moto_aws
from tests.support.moto_deployment import MotoDeployment
from vectorlog.runtime.aws import once


@pytest.fixture
def moto() -> Iterator[MotoDeployment]:
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        yield MotoDeployment(patch)
    once.forget()
