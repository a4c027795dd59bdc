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
"""Tells child processes where the servers are: `Servers` as JSON."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are: URLs without a path."""

    dynamodb: str
    sqs: str
    s3: str
    opensearch: str

    @property
    def environment(self) -> dict[str, str]:
        """What points boto3, the AWS CLI and `running()` in a child process at them."""
        return CREDENTIALS | {
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.dynamodb,
            "AWS_ENDPOINT_URL_SQS": self.sqs,
            "AWS_ENDPOINT_URL_S3": self.s3,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.s3,  # moto's, too
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            "VECTORLOG_OPENSEARCH_ENDPOINT": self.opensearch,
            "VECTORLOG_OPENSEARCH_ENGINE": "lucene",  # there is no faiss in this node
            "VECTORLOG_OPENSEARCH_REFRESH": "true",
            VARIABLE: json.dumps(asdict(self)),
        }

    def client(self, service: Literal["dynamodb", "dynamodbstreams", "sqs", "s3", "secretsmanager"]) -> BaseClient:
        """A client of one of them, whatever this process's environment says."""
        import boto3

        urls = {"sqs": self.sqs, "s3": self.s3, "secretsmanager": self.s3}
        return boto3.client(
            service,
            endpoint_url=urls.get(service, self.dynamodb),
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    @classmethod
    def of(cls, variable: str) -> Self:
        """Reads what `environment` holds under `VARIABLE`."""
        return cls(**json.loads(variable))


@contextmanager
def running() -> Iterator[Servers]:
    """Starts all four at the same time and gives their addresses; they stop together, and their data go with them.

    Raises:
        FetchError: one could not be fetched.
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
    """Lines for a shell."""
    return "\n".join(f"  export {name}='{value}'" for name, value in variables.items())


def described(servers: Servers) -> str:
    """What runs where, and how to point a shell at it."""
    urls = "\n".join(f"  {name:<11}{url}" for name, url in asdict(servers).items())
    return f"""All of it is in memory and goes when this ends.
{urls}

In another shell, for the AWS CLI, boto3 and ./dev test aws:
{exports(servers.environment)}

  aws dynamodb list-tables
  aws sqs list-queues --endpoint-url {servers.sqs}
  aws s3 ls
  curl {servers.opensearch}/_cat/indices
"""
