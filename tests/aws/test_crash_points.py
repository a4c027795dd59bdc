"""Each function of the AWS edition, cut at every call that it makes to a port."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.servers import Servers
from tests.aws_bench import AwsBench
from tests.crash_points import HANDLERS, cut
from tests.edition import Bench

pytestmark = pytest.mark.aws


@pytest.mark.parametrize("name", HANDLERS)
def test_cut(name: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the function dies, before the first call or after any, what it was asked for is done when its event comes again,
    just as if nothing had died, and nothing differs from the log or is left over.
    """

    def bench(folder: Path, patch: pytest.MonkeyPatch) -> Bench:
        return AwsBench(servers, folder, patch)

    assert cut(HANDLERS[name], bench, tmp_path, monkeypatch)
