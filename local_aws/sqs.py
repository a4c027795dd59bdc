"""ElasticMQ 1.7.1: SQS, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_aws.account import ACCOUNT, REGION
from local_aws.fetch import fetch
from local_aws.java import find_java
from local_aws.process import HOST, running, temporary


@contextmanager
def sqs() -> Iterator[str]:
    """Runs the server, and gives its URL."""
    java, jars = find_java(), installed()
    settings = {
        "node-address.host": HOST,
        "rest-sqs.bind-hostname": HOST,
        "rest-sqs.sqs-limits": "strict",
        "rest-stats.enabled": "false",
        "aws.region": REGION,
        "aws.accountId": ACCOUNT,
    }

    def command(port: int) -> Sequence[str | Path]:
        ports = {"node-address.port": str(port), "rest-sqs.bind-port": str(port)}
        properties = (f"-D{name}={value}" for name, value in (settings | ports).items())
        return (
            java,
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            *properties,
            "-cp",
            f"{jars}/*",
            "org.elasticmq.server.Main",
        )

    with (
        temporary("sqs") as folder,
        running("sqs", command, Path(folder), ready="/?Action=ListQueues") as url,
    ):
        yield url


def installed() -> Path:
    """The folder of its jars; downloads them the first time."""
    return fetch("sqs")
