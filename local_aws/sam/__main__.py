"""`./dev sam`: the synthesized template in real Lambda containers, with the local servers behind it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from local_aws.deployment import RunningDeployment
from local_aws.fetch import FetchError, say
from local_aws.function import FunctionError
from local_aws.process import StartError
from local_aws.sam.check import check
from local_aws.sam.deployment import SamDeployment, deployed
from local_aws.sam.engine import NoEngine, architecture, find_engine
from local_aws.sam.journey import WentWrong
from local_aws.sam.samples import SAMPLES, follow, invoke, seed
from local_aws.sam.serving import serving
from local_aws.sam.stand_in import NoStandIn
from local_aws.sam.template import WrongTemplate
from local_aws.servers import described
from local_aws.servers import running as servers_running

ROOT = Path(__file__).parents[2]
ASSEMBLY = ROOT / ".cache" / "sam.out"
OWN_MODELS = ("VECTORLOG_MODELS", "VECTORLOG_EMBEDDING_BASE_URL")
"""If these are set, the functions embed with them instead of the local model."""
NO_ENGINE = 2


@click.group(invoke_without_command=True)
@click.option(
    "--assembly",
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    help="Output of an earlier `cdk synth`.",
)
@click.pass_context
def main(context: click.Context, assembly: Path | None) -> None:
    """Synthesize the stack, start the local servers, and run the API and the functions behind it in containers, until
    Ctrl-C.

    It needs a Docker engine. Without one it says so and exits with status 2.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _interrupt)
    context.obj = assembly
    if context.invoked_subcommand is None:
        with _running(assembly) as deployment, serving(deployment) as served:
            click.echo(_banner(deployment, served))
            signal.pause()


@main.command("invoke")
@click.argument("names", nargs=-1, type=click.Choice(tuple(SAMPLES)), metavar="[NAME]…")
@click.pass_obj
def invoke_samples(assembly: Path | None, names: tuple[str, ...]) -> None:
    """Run samples of events/ by `sam local invoke`, in this order on one new deployment; all eight if none is named."""
    with _running(assembly) as deployment:
        seed(deployment.variables)
        for name in names or SAMPLES:
            answered = invoke(deployment, name)
            say(f"── {name}: {answered.seconds:.1f} s")
            click.echo(json.dumps(answered.answer, indent=2))
            follow()


@main.command("check")
@click.pass_obj
def check_all(assembly: Path | None) -> None:
    """Drive the API with the `openai` client and run every sample; prints requests, answers and times. For CI.

    If no Docker engine answers, it says that nothing was checked, and succeeds.
    """
    try:
        find_engine()
    except NoEngine as error:
        say(f"sam: NOT CHECKED, because no containers can run here. {error}")
        return
    with _running(assembly) as deployment:
        click.echo(check(deployment))


@contextmanager
def _running(assembly: Path | None) -> Iterator[SamDeployment]:
    try:
        engine = find_engine()
        synthesized = assembly or _synthesized()
        say("starting DynamoDB, SQS, S3 and OpenSearch …")
        own = {name: os.environ[name] for name in OWN_MODELS if name in os.environ}
        with servers_running() as servers, deployed(servers, engine, synthesized, own) as deployment:
            yield deployment
    except NoEngine as error:
        say(f"sam: {error}")
        sys.exit(NO_ENGINE)
    except (FetchError, FunctionError, NoStandIn, StartError, WentWrong, WrongTemplate) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        say("stopped")


def _synthesized() -> Path:
    """Synthesizes the stack for this machine's architecture, in a separate folder. The CDK's own asset paths cannot be
    used by sam.
    """
    say("synthesizing the stack …")
    shutil.rmtree(
        ASSEMBLY, ignore_errors=True
    )  # else the CDK would leave another stage's template and old assets there
    options = ("--quiet", "--no-path-metadata", "--output", ASSEMBLY, "--context", f"architecture={architecture()}")
    if status := subprocess.run((ROOT / "dev", "cdk", "synth", *options)).returncode:
        raise WrongTemplate(f"./dev cdk synth ended with status {status}; see above.")
    return ASSEMBLY


def _banner(deployment: SamDeployment, served: RunningDeployment) -> str:
    image = deployment.sam.image
    return f"""The stack's API is listening on {served.url}, by sam local start-api

  image   {image.name}{"" if image.is_lambdas else " (built from this machine's Python; not Lambda's own)"}
  models  {served.variables["VECTORLOG_MODELS"]}
  logs    {deployment.folder}/api.log, {deployment.folder}/lambda.log

  from openai import OpenAI
  client = OpenAI(base_url="{served.url}/v1", api_key="{served.key}")
  store = client.vector_stores.create(name="docs")
  client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=open("README.md", "rb"))
  print(client.vector_stores.search(store.id, query="what survives a crash?").data[0].content[0].text)

{described(deployment.servers)}
A function's container is started at its first call, which takes seconds. Ctrl-C stops everything."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
