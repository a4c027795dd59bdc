"""Rights of functions: the actions that their code calls, on the resources that it calls them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.configuration import Configuration
from vectorlog.defaults import ANSWERS
from vectorlog.limits.dynamodb import RATE
from vectorlog.runtime.aws.link_key import LINKS
from vectorlog.views.dynamodb_counter_items import COUNTERS_OF
from vectorlog.views.dynamodb_items import BY_DEADLINE, BY_STATUS


@dataclass(frozen=True, slots=True)
class Grants:
    """Grants rights on what functions share. A transaction needs the rights of its parts (DynamoDB's guide, "Using IAM
    with transactions").
    """

    configuration: Configuration
    log: dynamodb.ITable
    views: Sequence[dynamodb.ITable]
    bucket: s3.IBucket

    def append(self, function: lambda_.Function) -> None:
        """Reads streams and appends to them. Our code puts a commit only where there is none."""
        _allow(function, ["dynamodb:Query", "dynamodb:PutItem"], [self.log.table_arn])

    def erase(self, function: lambda_.Function) -> None:
        """Deletes commits and appends others, lists and changes rows, replaces manifests, and deletes large answers."""
        self.append(function)
        _allow(function, ["dynamodb:DeleteItem"], [self.log.table_arn])
        self.write_rows(function)
        self.list_rows(function)
        self.read_objects(function, "manifests")
        self.put_objects(function, "manifests")
        self.delete_objects(function, "manifests")
        self.delete_objects(function, ANSWERS)

    def fold(self, function: lambda_.Function) -> None:
        """Reads a stream from its beginning, to fold a state of an older schema again."""
        _allow(function, ["dynamodb:Query"], [self.log.table_arn])

    def read_stream(self, function: lambda_.Function) -> None:
        """Reads records that were given up from the log's stream."""
        arn = self.log.table_stream_arn
        assert arn is not None
        _allow(function, ["dynamodb:GetShardIterator", "dynamodb:GetRecords"], [arn])

    def read_rows(self, function: lambda_.Function) -> None:
        """Reads rows by their keys."""
        _allow(function, ["dynamodb:BatchGetItem"], [table.table_arn for table in self.views])

    def count_requests(self, function: lambda_.Function) -> None:
        """Counts requests in the items of the table of views that are read, and changes no row."""
        statement = iam.PolicyStatement(actions=["dynamodb:UpdateItem"], resources=[self.views[0].table_arn])
        statement.add_condition("ForAllValues:StringLike", {"dynamodb:LeadingKeys": [f"{RATE}*"]})
        function.add_to_role_policy(statement)

    def sign_links(self, function: lambda_.Function) -> None:
        """Reads the key that signs addresses of passages, and makes it if there is none."""
        statement = iam.PolicyStatement(actions=["dynamodb:UpdateItem"], resources=[self.views[0].table_arn])
        statement.add_condition("ForAllValues:StringEquals", {"dynamodb:LeadingKeys": [LINKS]})
        function.add_to_role_policy(statement)

    def note_progress(self, function: lambda_.Function) -> None:
        """Reads and changes rows; of those, it only writes how far an ingest has come."""
        actions = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
        _allow(function, actions, [table.table_arn for table in self.views])

    def write_rows(self, function: lambda_.Function) -> None:
        """Reads rows by their keys, with what is counted of them, changes and deletes them."""
        actions = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        _allow(function, actions, [table.table_arn for table in self.views])
        statement = iam.PolicyStatement(actions=["dynamodb:Query"], resources=[table.table_arn for table in self.views])
        statement.add_condition("ForAllValues:StringLike", {"dynamodb:LeadingKeys": [f"{COUNTERS_OF}*"]})
        function.add_to_role_policy(statement)

    def list_rows(self, function: lambda_.Function) -> None:
        """Lists rows, including those of one status."""
        _allow(
            function,
            ["dynamodb:Query"],
            [arn for table in self.views for arn in (table.table_arn, _index(table, BY_STATUS))],
        )

    def find_overdue(self, function: lambda_.Function) -> None:
        """Finds the rows that are past their deadline."""
        _allow(function, ["dynamodb:Query"], [_index(table, BY_DEADLINE) for table in self.views])

    def read_objects(self, function: lambda_.Function, *folders: str) -> None:
        """Reads objects. Listing is included because S3 answers "forbidden" for a missing object to a caller who may
        not list the bucket.
        """
        _allow(function, ["s3:GetObject"], [self.bucket.arn_for_objects(f"{folder}/*") for folder in folders])
        _allow(function, ["s3:ListBucket"], [self.bucket.bucket_arn])

    def put_objects(self, function: lambda_.Function, *folders: str) -> None:
        """Writes objects, large ones in parts."""
        _allow(
            function,
            ["s3:PutObject", "s3:AbortMultipartUpload"],
            [self.bucket.arn_for_objects(f"{folder}/*") for folder in folders],
        )

    def hand_out(self, function: lambda_.Function, folder: str) -> None:
        """Writes objects, and signs URLs from which clients read them."""
        _allow(function, ["s3:PutObject", "s3:GetObject"], [self.bucket.arn_for_objects(f"{folder}/*")])

    def delete_objects(self, function: lambda_.Function, *folders: str) -> None:
        """Finds and deletes objects; the bucket keeps their bytes for some more days."""
        _allow(function, ["s3:DeleteObject"], [self.bucket.arn_for_objects(f"{folder}/*") for folder in folders])
        _allow(function, ["s3:ListBucket"], [self.bucket.bucket_arn])

    def send(self, function: lambda_.Function, *queues: sqs.IQueue) -> None:
        """Sends messages."""
        _allow(function, ["sqs:SendMessage"], [queue.queue_arn for queue in queues])

    def count_messages(self, function: lambda_.Function, *queues: sqs.IQueue) -> None:
        """Reads how many messages queues hold."""
        _allow(function, ["sqs:GetQueueAttributes"], [queue.queue_arn for queue in queues])

    def put_off(self, function: lambda_.Function, queue: sqs.IQueue) -> None:
        """Delays the redelivery of a message."""
        _allow(function, ["sqs:ChangeMessageVisibility"], [queue.queue_arn])

    def name_models(self, function: lambda_.Function) -> None:
        """Reads the key of the embedding endpoint; Bedrock's models need no call to be named."""
        if self.configuration.embedding_secret_arn:
            _allow(function, ["secretsmanager:GetSecretValue"], [self.configuration.embedding_secret_arn])

    def rewrite(self, function: lambda_.Function) -> None:
        """Reads the key of the chat model that rewrites queries."""
        if self.configuration.rewriting_secret_arn:
            _allow(function, ["secretsmanager:GetSecretValue"], [self.configuration.rewriting_secret_arn])

    def rerank(self, function: lambda_.Function) -> None:
        """Reads the key of the reranker."""
        if self.configuration.reranking_secret_arn:
            _allow(function, ["secretsmanager:GetSecretValue"], [self.configuration.reranking_secret_arn])

    def embed(self, function: lambda_.Function) -> None:
        """Calls the models that are offered."""
        self.name_models(function)
        stack = Stack.of(function)
        models = [model.removeprefix("bedrock:") for model in self.configuration.models if model.startswith("bedrock:")]
        if models:
            arns = [f"arn:{stack.partition}:bedrock:{stack.region}::foundation-model/{model}" for model in models]
            _allow(function, ["bedrock:InvokeModel"], arns)


def _allow(function: lambda_.Function, actions: list[str], resources: list[str]) -> None:
    function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))


def _index(table: dynamodb.ITable, name: str) -> str:
    return f"{table.table_arn}/index/{name}"
