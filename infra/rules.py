"""AWS's own rules, which every synth checks, and each finding that is accepted, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aws_cdk import App, CfnElement, Stack, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from constructs import IConstruct

from infra.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that is meant.

    Attributes:
        rule: its id. `{Files/Bucket}` in it stands for the logical id of the construct there, `{index}` for the
            OpenSearch domain.
        at: where it is accepted, below the stack: a path whose parts may be patterns. What is not in a configuration is
            passed over.
        reason: why.
    """

    rule: str
    at: str
    reason: str


_NAMED = (
    "The names below are made by the code, under this prefix alone; tests/infra has a table of what each "
    "function may do."
)
_OURS = (
    "Indexes are made when a model is first used, and their names begin with vectorlog-; fine-grained "
    "access keeps it to them."
)
_CLIENTS = (
    "The function checks the caller's key itself, since the answer to a wrong one has to be OpenAI's and "
    "MKA1's, and a key may be "
    "revoked within seconds. Health routes are open on purpose."
)
_RUNTIME = (
    "Python 3.13 is the newest one that every library carries wheels for and that the tests run on; AWS "
    "supports it until 2029."
)
_MASTER = "The one function that gives out rights in the domain, which CloudFormation alone calls."
_SIZE = (
    "A matter of opensearch_nodes and money: the default is the smallest domain. What it holds can be made "
    "again of the artefacts."
)

ACCEPTED = (
    Accepted(
        "AwsSolutions-APIG2",
        "Api",
        "Bodies are checked by the function, whose errors name the parameter as OpenAI's do.",
    ),
    Accepted(
        "AwsSolutions-APIG3",
        "Api",
        "A web ACL is up to the account; it attaches to the stage without a deploy. Throttles are set.",
    ),
    Accepted("AwsSolutions-APIG4", "Api", _CLIENTS),
    Accepted("AwsSolutions-COG4", "Api", _CLIENTS),
    Accepted(
        "AwsSolutions-EC23",
        "Network/Vpc/*/SecurityGroup",
        "The rule cannot read what an endpoint lets in: the network's own addresses, which CloudFormation alone knows.",
    ),
    Accepted(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "Api",
        "API Gateway takes this role for every API of the account and region, so it has what AWS says that it needs.",
    ),
    Accepted(
        "AwsSolutions-IAM5[Resource::*]",
        "Functions",
        "X-Ray's actions, and those on network interfaces in a VPC, know no resources.",
    ),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/files/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/manifests/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/artefacts/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*]", "Functions", _OURS),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*/_refresh]", "Functions", _OURS),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*/_delete_by_query]", "Functions", _OURS),
    Accepted(
        "AwsSolutions-IAM5[Resource::{index}/_plugins/_security/api/roles/*]",
        "Functions/IndexAccessRole",
        _MASTER,
    ),
    Accepted(
        "AwsSolutions-IAM5[Resource::{index}/_plugins/_security/api/rolesmapping/*]",
        "Functions/IndexAccessRole",
        _MASTER,
    ),
    Accepted("AwsSolutions-L1", "Functions", _RUNTIME),
    Accepted(
        "AwsSolutions-OS1",
        "ChunkIndex",
        "A VPC is a choice (vpc=new); without one, IAM and fine-grained access guard the domain.",
    ),
    Accepted(
        "AwsSolutions-OS3", "ChunkIndex", "Functions have no fixed addresses; the policy names their roles instead."
    ),
    Accepted("AwsSolutions-OS4", "ChunkIndex", _SIZE),
    Accepted("AwsSolutions-OS7", "ChunkIndex", _SIZE),
    Accepted(
        "AwsSolutions-S1",
        "Files",
        (
            "Functions alone reach it, and log what they do. Who wants every access on record turns on "
            "CloudTrail's data events."
        ),
    ),
    Accepted(
        "AwsSolutions-SMG4",
        "FirstKey",
        "It is a client's key, which no rotation could tell the client; keys are made and revoked by command.",
    ),
    Accepted("AwsSolutions-SQS3", "WorkQueues/GivenUp", "It is where records end that failed; an alarm looks at it."),
    Accepted(
        "AwsSolutions-VPC7",
        "Network",
        (
            "Nothing in it can be reached from outside. Flow logs are paid by the gigabyte, and can be turned on "
            "without a deploy."
        ),
    ),
    Accepted(
        "Serverless-SNSRedrivePolicy",
        "Alarms",
        "E-mail is the subscriber, which SNS tries again; alarms stay red on the dashboard meanwhile.",
    ),
    Accepted(
        "Serverless-SQSRedrivePolicy",
        "WorkQueues/GivenUp",
        "It is where records end that failed; an alarm looks at it.",
    ),
    Accepted(
        "Serverless-SQSRedrivePolicy", "WorkQueues/*DeadLetters", "They are dead letters; an alarm looks at them."
    ),
    Accepted(
        "Serverless-EventBusDLQ",
        "Functions/Sweep",
        "A missed minute is made up for by the next. An alarm rings when none comes.",
    ),
    Accepted(
        "Serverless-LambdaDLQ",
        "Functions",
        (
            "None is called asynchronously but the sweep, whose next minute makes up for a lost one, and what "
            "CloudFormation waits for."
        ),
    ),
    Accepted(
        "Serverless-LambdaEventSourceMappingDestination",
        "Functions",
        "Mappings of queues know no destination: the queue's own redrive does it. The stream's mapping has one.",
    ),
    Accepted("Serverless-LambdaLatestVersion", "Functions", _RUNTIME),
)


def check(app: App, configuration: Configuration) -> None:
    """Has every synth of the app checked by both packs; one that finds something fails, and says what and where."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    index = configuration.opensearch_domain_arn or "<{ChunkIndex/Domain/Domain}.Arn>"
    for stack in app.node.children:
        if isinstance(stack, Stack):
            for accepted in ACCEPTED:
                _accept(stack, replace(accepted, rule=accepted.rule.replace("{index}", index)))


def synth(app: App, configuration: Configuration) -> None:
    """Checks an app and synthesizes it.

    Raises:
        SystemExit: the rules found something, which the CDK has printed by then.
    """
    check(app, configuration)
    try:
        app.synth()
    except RuntimeError as failed:
        if "ValidationFailed" not in str(failed):
            raise
        raise SystemExit(
            f"The stack breaks a rule; see above. Mend it, or accept it with a reason in {__file__}."
        ) from None


def _accept(stack: Stack, accepted: Accepted) -> None:
    pack = accepted.rule.partition("-")[0]
    for construct in _found(stack, accepted.at):
        for rule in _rules(stack, accepted.rule):  # as metadata: `acknowledge` refuses ids with several `::`
            construct.node.add_metadata(
                Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {f"{pack}::{rule}": accepted.reason}
            )


def _found(scope: IConstruct, path: str) -> Iterator[IConstruct]:
    first, _, rest = path.partition("/")
    for child in scope.node.children:
        if fnmatchcase(child.node.id, first):
            yield from _found(child, rest) if rest else (child,)


def _rules(stack: Stack, rule: str) -> Iterator[str]:
    place = re.search(r"\{(.+?)\}", rule)
    if place is None:
        yield rule
        return
    for construct in _found(stack, place[1]):
        made = construct.node.default_child
        if isinstance(made, CfnElement):
            yield rule.replace(place[0], stack.get_logical_id(made))
