"""The stack, synthesized once for all tests, because jsii takes seconds to start. Without `-m infra` nothing here is
imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.infra.synthesized import Synthesize, Synthesized


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The CDK is not in the environment that `./dev test` creates."""
    return True if config.option.markexpr != "infra" else None


@pytest.fixture(scope="session")
def synthesize() -> Synthesize:
    """Synthesizes the stack with other settings than the defaults, in a second or two."""
    from tests.infra.synthesized import Synthesized

    return Synthesized


@pytest.fixture(scope="session")
def stack(synthesize: Synthesize) -> Synthesized:
    """The stack with default settings."""
    return synthesize()
