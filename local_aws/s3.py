"""Moto's server: S3, and Secrets Manager beside it. It does not check signatures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_aws.fetch import ROOT
from local_aws.process import running, temporary

RUN = "import sys; sys.path.append(sys.argv[1]); from local_aws.moto_server import serve; serve(int(sys.argv[2]))"
"""The child's program. It runs in a temporary folder, so this package is not on its path."""


@contextmanager
def s3() -> Iterator[str]:
    """Runs the server, and gives its URL."""
    with (
        temporary("s3") as folder,
        running(
            "s3", lambda port: (sys.executable, "-c", RUN, ROOT.parent, str(port)), Path(folder), ready="/moto-api/"
        ) as url,
    ):
        yield url
