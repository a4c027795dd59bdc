"""The rules of cdk-nag that every synth checks, and the accepted findings with their reasons."""

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
    """A finding that we accept.

    Attributes:
        rule: its id. `{Files/Bucket}` in it stands for the logical id of the construct there, `{index}` for the
            OpenSearch domain.
        at: where it is accepted: a path below the stack, whose parts may be patterns. A path that a configuration lacks
            is ignored.
        reason: why it is acceptable.
    """

    rule: str
    at: str
    reason: str


_NAMED = (
    "The code creates the names below this prefix, and uses no others; tests/infra lists the rights of each function."
)
_OURS = (
    "Indexes are created when a model is first used, and their names begin with vectorlog-; fine-grained access "
    "limits the function to them."
)
_CLIENTS = (
    "The function checks the caller's key itself, because the answer to a wrong one must be OpenAI's or MKA1's, and "
    "a revoked key must stop working within seconds. Health routes are open on purpose."
)
_RUNTIME = "Nothing that the functions use needs a newer version than Python 3.13, which AWS supports until 2029."
_MAPPINGS = "Mappings of queues have no destination: the queue's own redrive does it. The stream's mapping has one."
_TRACES = "Functions send traces by OpenTelemetry to where the deployment wants them (otlp_endpoint), or none."
_MASTER = "The one function that grants rights in the domain; only CloudFormation calls it."
_SIZE = (
    "The size is a setting (opensearch_nodes) and costs money; the default is the smallest domain. The index can be "
    "rebuilt from the artefacts."
)

ACCEPTED = (
    Accepted(
        "AwsSolutions-APIG2",
        "Api",
        "The function checks bodies; its errors name the parameter, as OpenAI's do.",
    ),
    Accepted(
        "AwsSolutions-APIG3",
        "Api",
        "A web ACL is the account's choice, and can be attached to the stage without a deploy. Throttles are set.",
    ),
    Accepted("AwsSolutions-APIG4", "Api", _CLIENTS),
    Accepted("AwsSolutions-COG4", "Api", _CLIENTS),
    Accepted(
        "AwsSolutions-EC23",
        "Network/Vpc/*/SecurityGroup",
        "The rule cannot read what an endpoint admits: the network's own addresses, known only to CloudFormation.",
    ),
    Accepted(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "Api",
        "API Gateway uses this role for every API of the account and region, so it has AWS's own policy for it.",
    ),
    Accepted(
        "AwsSolutions-IAM5[Resource::*]",
        "Functions",
        "Those on network interfaces in a VPC, and of X-Ray with a collector, do not support resources.",
    ),
    Accepted(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]",
        "Rollout/*Group",
        "It is AWS's own policy for what CodeDeploy does: it moves aliases, and reads alarms.",
    ),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/files/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/manifests/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/artefacts/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/uploads/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::<{Files/Bucket}.Arn>/answers/*]", "Functions", _NAMED),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*]", "Functions", _OURS),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*/_refresh]", "Functions", _OURS),
    Accepted("AwsSolutions-IAM5[Resource::{index}/vectorlog-*/_mapping]", "Functions", _OURS),
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
        "A VPC is a setting (vpc=new); without one, IAM and fine-grained access guard the domain.",
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
            "Only functions reach it, and they log what they do. For a record of every access, turn on CloudTrail's "
            "data events."
        ),
    ),
    Accepted(
        "AwsSolutions-SMG4",
        "FirstKey",
        "It is a client's key, and a rotation could not tell the client; keys are created and revoked by command.",
    ),
    Accepted(
        "AwsSolutions-SMG4",
        "Outgoing",
        "With another key every webhook has another secret, which its owner would have to be given.",
    ),
    Accepted("AwsSolutions-SQS3", "WorkQueues/GivenUp", "It holds records that failed; an alarm watches it."),
    Accepted(
        "AwsSolutions-VPC7",
        "Network",
        (
            "Nothing in it can be reached from outside. Flow logs are billed by the gigabyte, and can be turned on "
            "without a deploy."
        ),
    ),
    Accepted(
        "Serverless-SNSRedrivePolicy",
        "Alarms",
        "The subscriber is e-mail, which SNS retries; alarms stay red on the dashboard meanwhile.",
    ),
    Accepted(
        "Serverless-SQSRedrivePolicy",
        "WorkQueues/GivenUp",
        "It holds records that failed; an alarm watches it.",
    ),
    Accepted("Serverless-SQSRedrivePolicy", "WorkQueues/*DeadLetters", "They are dead letters; an alarm watches them."),
    Accepted(
        "Serverless-EventBusDLQ",
        "Functions/Sweep",
        "The next minute makes up for a missed one. An alarm rings if none comes.",
    ),
    Accepted(
        "Serverless-LambdaDLQ",
        "Functions",
        (
            "Only the sweep is called asynchronously, whose next minute makes up for a lost one, and functions that "
            "CloudFormation waits for."
        ),
    ),
    Accepted("Serverless-LambdaEventSourceMappingDestination", "Functions", _MAPPINGS),
    Accepted("Serverless-LambdaEventSourceMappingDestination", "Rollout", _MAPPINGS),
    Accepted("Serverless-LambdaLatestVersion", "Functions", _RUNTIME),
    Accepted("Serverless-LambdaTracing", "Functions", _TRACES),
    Accepted("Serverless-APIGWXrayEnabled", "Api", _TRACES),
)


def check(app: App, configuration: Configuration) -> None:
    """Checks every synth of the app with both packs. A finding fails the synth, and is printed with its place."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    index = configuration.opensearch_domain_arn or "<{ChunkIndex/Domain/Domain}.Arn>"
    for stack in app.node.children:
        if isinstance(stack, Stack):
            for accepted in ACCEPTED:
                _accept(stack, replace(accepted, rule=accepted.rule.replace("{index}", index)))


def synth(app: App, configuration: Configuration) -> None:
    """Checks an app and synthesizes it.

    Raises:
        SystemExit: a rule is broken; the CDK has printed which.
    """
    check(app, configuration)
    try:
        app.synth()
    except RuntimeError as failed:
        if "ValidationFailed" not in str(failed):
            raise
        raise SystemExit(
            f"The stack breaks a rule; see above. Fix it, or accept it with a reason in {__file__}."
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
