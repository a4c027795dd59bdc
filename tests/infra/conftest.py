"""The stack, synthesized once for all tests: jsii takes seconds to start. Without `-m infra` nothing here is even
imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.infra.synthesized import Synthesize, Synthesized


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The CDK is not in the environment that `./dev test` makes."""
    return True if config.option.markexpr != "infra" else None


@pytest.fixture(scope="session")
def synthesize() -> Synthesize:
    """Makes the stack with other choices than the default; a second or two each."""
    from tests.infra.synthesized import Synthesized

    return Synthesized


@pytest.fixture(scope="session")
def stack(synthesize: Synthesize) -> Synthesized:
    """The stack as it is by default."""
    return synthesize()
