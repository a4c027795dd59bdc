"""`./dev aws`: the AWS edition on this machine, until Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType

import click

from local_aws.deployment import Index, RunningDeployment, running
from local_aws.fetch import FetchError, say
from local_aws.process import StartError
from local_aws.servers import Servers, described, exports
from local_aws.servers import running as servers_running
from vectorlog.defaults import LOCAL_MODEL


@click.command()
@click.option("--port", default=0, show_default="a free one", help="Port of the API.")
@click.option(
    "--models", default=f"local:{LOCAL_MODEL}", show_default=True, help="What VECTORLOG_MODELS says in the functions."
)
@click.option(
    "--index",
    type=click.Choice(["domain", "serverless"]),
    default="domain",
    show_default=True,
    help="What OpenSearch behaves like: a domain, or a collection of OpenSearch Serverless, which sleeps after ten "
    "minutes without requests.",
)
def main(port: int, models: str, index: Index) -> None:
    """Start DynamoDB, SQS, S3 and OpenSearch, and run the real handlers on them. All data is in memory and is lost at
    the end.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _interrupt)
    say("starting DynamoDB, SQS, S3 and OpenSearch …")
    try:
        with servers_running() as servers, running(servers, port, {"VECTORLOG_MODELS": models}, index) as served:
            click.echo(_banner(servers, served))
            signal.pause()
    except (FetchError, StartError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        say("stopped")


def _banner(servers: Servers, served: RunningDeployment) -> str:
    owned = served.resources
    return f"""The AWS edition is listening on {served.url}

  tables  {owned.events_table}, {owned.views_table}
  queues  {owned.work.url}, {owned.embed.url}
  bucket  {owned.bucket}

  from openai import OpenAI
  client = OpenAI(base_url="{served.url}/v1", api_key="{served.key}")
  store = client.vector_stores.create(name="docs")
  client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=open("README.md", "rb"))
  print(client.vector_stores.search(store.id, query="what survives a crash?").data[0].content[0].text)

The first call of each function takes seconds, because its process is started then.

{described(servers)}
{_for_commands(servers, served)}
Ctrl-C stops it."""


def _for_commands(servers: Servers, served: RunningDeployment) -> str:
    """The other variables that a shell needs for `./dev verify --edition aws` and the like; with `--stage`, none."""
    besides = {
        name: value
        for name, value in served.variables.items()
        if name.startswith("VECTORLOG_") and servers.environment.get(name) != value
    }
    return (
        f"Then ./dev verify, rebuild, export, import and keys take --stage {served.resources.stage}.\n"
        f"With --edition aws they also need:\n{exports(dict(sorted(besides.items())))}\n"
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
