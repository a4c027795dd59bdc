"""`./dev aws`: the AWS edition on this machine, until Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

import click

from local_aws.deployment import Index, RunningDeployment, running
from local_aws.embeddings import UnknownModel
from local_aws.env_file import env_file, variables_of
from local_aws.fetch import FetchError, say
from local_aws.models import offered
from local_aws.process import StartError
from local_aws.servers import running as servers_running


@click.command()
@click.option("--port", default=0, show_default="a free one", help="Port of the API.")
@click.option(
    "--models",
    help="What VECTORLOG_MODELS says in the functions, such as openai:small,local:granite-embedding-30m-english. "
    "By default what VECTORLOG_EMBEDDING and …_MODEL say, as for `serve`; VECTORLOG_EMBEDDING_BASE_URL and …_API_KEY "
    "are the endpoint.",
)
@click.option(
    "--index",
    type=click.Choice(["domain", "serverless"]),
    default="domain",
    show_default=True,
    help="What OpenSearch behaves like: a domain, or a collection of OpenSearch Serverless, which sleeps after ten "
    "minutes without requests.",
)
def main(port: int, models: str | None, index: Index) -> None:
    """Start DynamoDB, SQS, S3 and OpenSearch, and run the real handlers on them. All data is in memory and is lost at
    the end.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _interrupt)
    say("starting DynamoDB, SQS, S3 and OpenSearch …")
    try:
        with (
            servers_running() as servers,
            offered(servers, models, os.environ) as variables,
            running(servers, port, variables, index) as served,
            env_file(variables_of(served.url, served.key, served.resources.stage, served.variables)) as file,
        ):
            click.echo(_banner(served, os.path.relpath(file)))
            signal.pause()
    except (FetchError, StartError, UnknownModel) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        say("stopped")


def _banner(served: RunningDeployment, file: str) -> str:
    owned = served.resources
    return f"""The AWS edition is listening on {served.url}

  models  {served.variables["VECTORLOG_MODELS"]}
  tables  {owned.events_table}, {owned.views_table}
  queues  {owned.work.url}, {owned.embed.url}
  bucket  {owned.bucket}

In another shell:

  . {file}
  ./dev verify --edition aws
  ./dev ingest docs --store docs && ./dev search docs "what survives a crash?"
  aws dynamodb list-tables

That file has the addresses and a key, for AWS's command line, for ours, and for OpenAI's clients (OPENAI_BASE_URL). It
goes when this ends. The first call of each function takes seconds, because its process is started then.

Ctrl-C stops it. All data is in memory, and is lost then."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
