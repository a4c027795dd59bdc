"""A deployment for `sam local`: what it owns on the local servers, and the environment of functions in containers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from local_aws import resources
from local_aws.embeddings import MODEL, embeddings
from local_aws.process import HOST
from local_aws.resources import Resources
from local_aws.sam import command, containers
from local_aws.sam.command import Sam
from local_aws.sam.engine import Engine, architecture
from local_aws.sam.forwarder import forwarding, reachable
from local_aws.sam.image import find_image
from local_aws.sam.template import prepare
from local_aws.servers import Servers

HANDLERS = ("api", "search", "projector", "work", "embed", "erase", "dead_letters", "sweep")
VISIBILITY_S = 180
"""A function's first container takes seconds, and the messages of a function wait for each other."""

LOG_END = 4_000

BEYOND_THE_STACK = (
    *(f"AWS_ENDPOINT_URL_{service}" for service in ("DYNAMODB", "SQS", "S3", "SECRETS_MANAGER")),
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "VECTORLOG_OPENSEARCH_ENGINE",
    "VECTORLOG_OPENSEARCH_PREFIX",
    "VECTORLOG_OPENSEARCH_REFRESH",
    "VECTORLOG_EMBEDDING_BASE_URL",
    "POWERTOOLS_METRICS_DISABLED",
)
"""Variables that functions receive here even if the stack does not declare them, because AWS has no such servers
and models.
"""


@dataclass(frozen=True, slots=True)
class SamDeployment:
    """A deployment that `sam` can run.

    Attributes:
        functions: logical id by handler.
        variables: the functions' environment, with this machine's own addresses.
        folder: for the output of its processes.
    """

    sam: Sam
    functions: Mapping[str, str]
    servers: Servers
    resources: Resources
    variables: Mapping[str, str]
    folder: Path

    def logs(self) -> str:
        """The last output of sam and the functions."""
        return "\n".join(
            f"── {log.name}\n{log.read_text(errors='replace')[-LOG_END:]}" for log in sorted(self.folder.glob("*.log"))
        )


@contextmanager
def deployed(servers: Servers, engine: Engine, assembly: Path, variables: Mapping[str, str]) -> Iterator[SamDeployment]:
    """Creates tables, queues, a bucket and the addresses at which containers find them; removes all of it at the end.

    Args:
        servers: the running servers.
        engine: runs the containers.
        assembly: output of `cdk synth`.
        variables: more of the functions' environment; if it names no models, functions embed with the local model,
            which this process serves.

    Raises:
        FetchError: the SAM CLI could not be installed.
        WrongTemplate: functions cannot run from this template here.
        NoStandIn: there is no image to run them in.
    """
    template = prepare(assembly, architecture(), BEYOND_THE_STACK, HANDLERS)
    program, image = command.installed(), find_image(template.runtime, architecture())
    with ExitStack() as stack:
        if "VECTORLOG_MODELS" not in variables:
            variables = {
                **variables,
                "VECTORLOG_MODELS": MODEL,
                "VECTORLOG_EMBEDDING_BASE_URL": stack.enter_context(embeddings()),
            }
        owned = resources.make(servers, visibility_s=VISIBILITY_S)
        stack.callback(resources.remove, servers, owned)
        stack.callback(containers.remove, "VECTORLOG_EVENTS_TABLE", owned.events_table)
        given = {**servers.environment, **owned.environment, **_WITHOUT_METRICS, **variables}
        if engine.bridge:
            stack.enter_context(forwarding(engine.bridge, _ports(given)))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sam-")))
        told = folder / "env.json"
        told.write_text(json.dumps({"Parameters": reachable(given, engine.host)}))
        yield SamDeployment(Sam(program, template.path, told, image), template.functions, servers, owned, given, folder)


_WITHOUT_METRICS = {"POWERTOOLS_METRICS_DISABLED": "1"}


def _ports(variables: Mapping[str, str]) -> set[int]:
    """Ports of this machine's servers that the variables name."""
    found = (urlsplit(value) for value in variables.values() if value.startswith(f"http://{HOST}:"))
    return {url.port for url in found if url.port}
