"""A deployment in containers: `sam local start-api` serves its API, and the pump feeds the functions behind it through
`start-lambda`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from local_aws import process
from local_aws.deployment import RunningDeployment, first_key
from local_aws.payloads import Invoke
from local_aws.pump import pumping
from local_aws.sam.deployment import SamDeployment
from local_aws.sam.invoker import Container, connect
from local_aws.triggers import steps

LONGEST_S = 300
"""Time-out of the slowest function."""
FORBIDDEN = 403
"""Body of `start-api`'s answer to a path without a route."""
NOT_FOUND = 404


@contextmanager
def serving(deployment: SamDeployment) -> Iterator[RunningDeployment]:
    """Runs the deployment. A function's container is started at its first call.

    Raises:
        StartError: one of sam's servers did not start.
    """
    sam, owned = deployment.sam, deployment.resources
    with ExitStack() as stack:
        starting = process.running(
            "lambda", lambda port: sam.start("start-lambda", port), deployment.folder, status=NOT_FOUND
        )
        client = connect(stack.enter_context(starting), LONGEST_S)

        def function(name: str, handler: str, limit: int, timeout_s: int) -> Invoke:  # noqa: ARG001  # the template says the others
            return Container(client, deployment.functions[handler])

        stack.enter_context(pumping(steps(deployment.servers, owned, function)))
        starting = process.running(
            "api", lambda port: sam.start("start-api", port), deployment.folder, status=FORBIDDEN
        )
        url = stack.enter_context(starting)
        yield RunningDeployment(url, first_key(deployment.servers, owned), owned, deployment.variables)
