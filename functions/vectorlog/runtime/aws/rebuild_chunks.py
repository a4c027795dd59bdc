"""Has a deployment's files read again while it runs."""

from __future__ import annotations

from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_chunks import Reread, reread
from vectorlog.runtime.aws import wiring


def chunks(watch: Watch) -> Reread:
    """Has files read again whose chunks an earlier version made. The functions do it, as they see the commits.

    Raises:
        UnknownSchema: newer code wrote a commit.
    """
    deployment = wiring.deployment()
    return reread(deployment.streams, deployment.views, deployment.blobs, deployment.clock, watch)
