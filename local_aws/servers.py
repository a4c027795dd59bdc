"""The four servers together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Self

from local_aws import dynamodb, opensearch, s3, sqs
from local_aws.account import CREDENTIALS

if TYPE_CHECKING:
    from botocore.client import BaseClient

VARIABLE = "VECTORLOG_LOCAL_AWS"
"""The variable that tells child processes where the servers are: `Servers` as JSON."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of the servers: URLs without a path."""

    dynamodb: str
    sqs: str
    s3: str
    opensearch: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point boto3, the AWS CLI and `running()` in a child process at the servers."""
        return CREDENTIALS | {
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.dynamodb,
            "AWS_ENDPOINT_URL_SQS": self.sqs,
            "AWS_ENDPOINT_URL_S3": self.s3,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.s3,  # moto serves it too
            "AWS_ENDPOINT_URL_EVENTBRIDGE": self.s3,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": self.s3,  # and this
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            "VECTORLOG_OPENSEARCH_ENDPOINT": self.opensearch,
            "VECTORLOG_OPENSEARCH_ENGINE": "lucene",  # this node has no faiss
            "VECTORLOG_OPENSEARCH_REFRESH": "true",
            VARIABLE: json.dumps(asdict(self)),
        }

    def client(
        self, service: Literal["dynamodb", "dynamodbstreams", "sqs", "s3", "secretsmanager", "cloudformation", "events"]
    ) -> BaseClient:
        """A client of one of the servers, whatever this process's environment says."""
        import boto3

        urls = {"sqs": self.sqs, "s3": self.s3, "secretsmanager": self.s3, "cloudformation": self.s3, "events": self.s3}
        return boto3.client(
            service,
            endpoint_url=urls.get(service, self.dynamodb),
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    @classmethod
    def of(cls, variable: str) -> Self:
        """Reads the servers from `VARIABLE` in the environment."""
        return cls(**json.loads(variable))


@contextmanager
def running() -> Iterator[Servers]:
    """Starts all four in parallel and gives their addresses. They stop together, and their data is lost.

    Raises:
        FetchError: one could not be downloaded.
        StartError: one did not start.
    """
    starters = (dynamodb.dynamodb, sqs.sqs, s3.s3, opensearch.opensearch)
    with ThreadPoolExecutor(len(starters)) as pool, ExitStack() as stack:
        starting = [pool.submit(_enter, starter()) for starter in starters]
        failures: list[BaseException] = []
        urls: list[str] = []
        for started in starting:
            if error := started.exception():
                failures.append(error)
                continue
            url, server = started.result()
            stack.push(server)
            urls.append(url)
        if failures:
            raise failures[0]
        yield Servers(*urls)


def _enter(server: AbstractContextManager[str]) -> tuple[str, AbstractContextManager[str]]:
    return server.__enter__(), server


def exports(variables: Mapping[str, str]) -> str:
    """`export` lines for a shell."""
    return "\n".join(f"  export {name}='{value}'" for name, value in variables.items())


def described(servers: Servers) -> str:
    """Says what runs where, and how to point a shell at it."""
    urls = "\n".join(f"  {name:<11}{url}" for name, url in asdict(servers).items())
    return f"""All data is in memory and is lost when this ends.
{urls}

In another shell, for the AWS CLI, boto3 and ./dev test aws:
{exports(servers.environment)}

  aws dynamodb list-tables
  aws sqs list-queues --endpoint-url {servers.sqs}
  aws s3 ls
  curl {servers.opensearch}/_cat/indices
"""
