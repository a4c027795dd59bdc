"""`vectorlog serve`: serves the API on this machine, from one data folder."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from vectorlog.cli import options
from vectorlog.runtime.local.settings import Settings, WrongSettings

if TYPE_CHECKING:
    from vectorlog.runtime.local.server import Server
    from vectorlog.runtime.local.service import Local

log = logging.getLogger(__name__)


@click.command()
@options.settings()
def command(**values: Any) -> None:  # noqa: ANN401  # one for each setting
    """Serve the API from a data folder, until Ctrl-C."""
    from vectorlog.index.embedded.schema import FolderInUse as IndexInUse
    from vectorlog.ingest import rapid_ocr
    from vectorlog.ingest.ocr import OcrMissing
    from vectorlog.runtime.local import logs
    from vectorlog.runtime.local.allocator import share_arenas
    from vectorlog.runtime.local.copied import TornCopy
    from vectorlog.runtime.local.data_folder import FolderInUse, UnknownFormat
    from vectorlog.runtime.local.process_limits import LimitTooLow, check_file_size
    from vectorlog.runtime.local.server import Server
    from vectorlog.runtime.local.service import Local

    try:
        settings = Settings(**values)
    except WrongSettings as error:
        raise click.UsageError(str(error)) from None
    share_arenas()
    logs.configure(people=sys.stderr.isatty(), level=settings.log_level)
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # once uvicorn has stopped, it raises the signal that it caught again
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        if settings.ocr:
            rapid_ocr.check()
        check_file_size()
        local = Local(settings)
    except (OcrMissing, LimitTooLow, FolderInUse, UnknownFormat, IndexInUse, TornCopy) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"The data folder {settings.data} cannot be used: {error.strerror}.") from None
    try:
        server = Server(local)
    except LimitTooLow as error:
        local.close()
        raise click.ClickException(str(error)) from None
    except OSError as error:
        local.close()
        where = f"{settings.host}:{settings.port}"
        raise click.ClickException(
            f"Cannot listen on {where}: {error.strerror}. Give another address with --host and --port."
        ) from None
    click.echo(_banner(local, server))
    try:
        server.run()
    finally:
        log.info("stopping; unfinished work resumes after the next start")
        if not local.close() and isinstance(sys.exception(), SystemExit):
            os._exit(0)  # otherwise the interpreter would wait for the threads that are still blocked


def _banner(local: Local, server: Server) -> str:
    settings = local.settings
    url = server.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")  # browsers open these
    model = local.models.resolve()
    if server.open:
        keys = (
            f"none yet, so any key is accepted, as project 'default'. Create one: vectorlog keys create --project "
            f"NAME --data {settings.data}"
        )
    elif server.any_key:
        keys = "required"
    else:
        keys = (
            f"required, but there is none yet. Create one: vectorlog keys create --project NAME --data {settings.data}"
        )
    return f"""Vectorlog is listening on {server.url}

  model   {model.name} ({model.dimensions} dimensions)
  data    {settings.data}
  keys    {keys}
  console {url}/console

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{"any" if server.open else "vlk_…"}")
  store = client.vector_stores.create(name="docs")
  client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=open("README.md", "rb"))
  for result in client.vector_stores.search(store.id, query="what survives a crash?").data:
      print(round(result.score, 3), result.filename, repr(result.content[0].text[:80]))

Press Ctrl-C to stop it."""
