"""The Lambda functions: one factory, and a spec for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aws_cdk import Duration, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.assets import Assets, Bundle
from infra.configuration import Configuration
from infra.retention import log_group
from vectorlog.defaults import GATEWAY_SECONDS

NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
"""Rights that Lambda needs to put a function into a network (its guide, "Giving Lambda functions access to resources in
an Amazon VPC").
"""
COLLECTOR_ACTIONS = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
"""What the collector in AWS's layer calls with the function's role."""
METRICS_NAMESPACE = "vectorlog"
"""CloudWatch namespace of the metrics that functions send."""
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
ONE_CORE = 1_769
"""Megabytes that give a function one whole core (Lambda's guide, "Configure function memory")."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """The differences between one function and the others.

    Attributes:
        handler: its module in functions/handlers.
        bundle: the libraries that it carries.
        description: shown in the console.
        seconds: its time-out.
        megabytes: its memory, and with it its share of a core.
        disk: MB of /tmp.
        outside: whether it stays out of the network, because it calls the public internet.
    """

    handler: str
    bundle: Bundle
    description: str
    seconds: int
    megabytes: int = ONE_CORE
    disk: int = 512
    outside: bool = False

    @property
    def timeout(self) -> Duration:
        """Its time-out."""
        return Duration.seconds(self.seconds)


API = FunctionSpec("api", "core", "Every route but search and MCP", GATEWAY_SECONDS)
SEARCH = FunctionSpec("search", "index", "The search routes and MCP", GATEWAY_SECONDS)
PROJECTOR = FunctionSpec("projector", "core", "Makes rows and messages of the log's stream", 60, 1_024)
WORK = FunctionSpec("work", "index", "Fan-out, cancel, purge, re-tag, replay", 300, 1_024)
ERASE = FunctionSpec("erase", "core", "Erases commits of the log; no other function may delete any", 300, 512)
DELIVER = FunctionSpec("deliver", "core", "Sends events to webhooks and to the event bus", 60, 512, outside=True)
EMBED = FunctionSpec("embed", "ingest", "Ingests files: text, chunks, vectors, index", 300, disk=2_560)
DEAD_LETTERS = FunctionSpec("dead_letters", "index", "Handles messages and records that failed too often", 60, 512)
SWEEP = FunctionSpec("sweep", "core", "Ends or retries whatever is past its deadline, once a minute", 60, 512)
FIRST_KEY = FunctionSpec("first_key", "core", "Creates the first API key when the stack is created", 60, 512)
INDEX_ACCESS = FunctionSpec(
    "index_access", "index", "Grants functions their rights in OpenSearch when the stack is created", 300, 512
)
"""/tmp of embed holds the four files of 512 MB that it reads at once, the largest that
an import brings.
"""


def embed(configuration: Configuration) -> FunctionSpec:
    """The embed function. With a collection it waits in each round until searches see what it wrote, which takes up to
    two minutes if the collection has to wake first.
    """
    return replace(EMBED, seconds=600) if configuration.index == "serverless" else EMBED


def service_of(configuration: Configuration) -> str:
    """The service name in logs, traces and metrics; it separates the stages of one account."""
    return f"vectorlog-{configuration.stage}"


class Functions(Construct):
    """The factory of functions: Python 3.13, with JSON logs in one group per function, and traces if they are wanted.
    Lambda's own tracing stays off: it would end in X-Ray only, and what the functions send has the invocation too.

    Args:
        scope: parent construct.
        id: name below the parent.
        configuration: gives architecture, retention and stage.
        assets: the code that functions carry.
        vpc: the network that every function joins; None: they join none.

    Attributes:
        made: each function, by the name of its handler module.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        configuration: Configuration,
        assets: Assets,
        vpc: ec2.IVpc | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._configuration = configuration
        self._assets = assets
        self._vpc = vpc
        self._reserved = {"api": configuration.api_reserved, "search": configuration.search_reserved}
        self.made: dict[str, lambda_.Function] = {}
        collector = configuration.adot_layer_arn
        self._layers = [lambda_.LayerVersion.from_layer_version_arn(self, "Collector", collector)] if collector else []
        sampled = {
            "VECTORLOG_OTLP_ENDPOINT": configuration.traces_to,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(configuration.traced_share),
        }
        self._tracing = sampled if configuration.traces_to else {}

    def make(self, spec: FunctionSpec, variables: Mapping[str, str]) -> lambda_.Function:
        """Creates a function; `variables` are those that `runtime/aws/environment.py` reads, without their prefix."""
        vpc = None if spec.outside else self._vpc
        name = "".join(part.capitalize() for part in spec.handler.split("_"))
        group = log_group(self, f"{name}Log", configuration=self._configuration)
        function = lambda_.Function(
            self,
            name,
            description=f"Vectorlog {self._configuration.stage}: {spec.description}",
            handler=f"handlers.{spec.handler}.handler",
            code=self._assets.code(spec.bundle),
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=ARCHITECTURES[self._configuration.architecture],
            timeout=spec.timeout,
            memory_size=spec.megabytes,
            reserved_concurrent_executions=self._reserved.get(spec.handler) or None,
            ephemeral_storage_size=Size.mebibytes(spec.disk),
            layers=self._layers,
            log_group=group,
            role=self._role(f"{name}Role", group, vpc),
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            vpc=vpc,
            environment={
                **{f"VECTORLOG_{each.upper()}": value for each, value in variables.items()},
                "POWERTOOLS_SERVICE_NAME": service_of(self._configuration),
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **self._tracing,
            },
        )
        self.made[spec.handler] = function
        return function

    def _role(self, id: str, group: logs.ILogGroup, vpc: ec2.IVpc | None) -> iam.Role:
        """A role that may write its own log, and send traces by the collector and join the network if there are these.
        AWS's managed policies would let it write every log.

        A group's ARN already ends with `:*`, which stands for its streams. With `:log-stream:*` appended it would match
        nothing.
        """
        role = iam.Role(self, id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn])
        )
        if vpc is not None:
            role.add_to_policy(iam.PolicyStatement(actions=NETWORK_ACTIONS, resources=["*"]))
        if self._layers:
            role.add_to_policy(iam.PolicyStatement(actions=COLLECTOR_ACTIONS, resources=["*"]))
        return role
