"""`vectorlog events`: tells webhooks and the event bus again what happened. A server may be running."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vectorlog.cli import deployments, options
from vectorlog.cli.progress import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from vectorlog.event_log.streams import Streams
    from vectorlog.reactions.announcer import Announcer
    from vectorlog.work.messages import Deliver
    from vectorlog.work.queue import Queue

    Parts = tuple[Streams, Announcer, Callable[[Sequence[Deliver]], None]]


@click.group()
def command() -> None:
    """Send events to webhooks and to the event bus again."""


@command.command()
@options.settings(["data"])
@deployments.option
@click.option(
    "--since",
    required=True,
    metavar="WHEN",
    callback=lambda *given: _since(given[2]),
    help="From when on: a time ago such as 2h or 3d, or a date such as 2027-01-31 or 2027-01-31T12:00 (UTC).",
)
@click.option("--store", default=None, metavar="ID", help="Only the events of this store.")
def replay(data: Path, which: deployments.Chosen, since: int, store: str | None) -> None:
    """Send what happened since a time once more, from the log.

    Every endpoint that wants an event now gets it, under the id that it had before. The whole log is read.
    """
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.operations.replay import replay as replay_events

    with _parts(which, data) as (streams, announcer, send):
        try:
            number = replay_events(streams, announcer, send, since, store, watch)
        except UnknownSchema as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{number:,} events are being sent again, to whoever wants them.")


@contextmanager
def _parts(which: deployments.Chosen, data: Path) -> Iterator[Parts]:
    if which.aws:
        from vectorlog.runtime.aws import workers

        announcer = workers.announcer()
        if announcer is None:
            raise click.ClickException("The deployment has no outbox. Deploy it with this version of Vectorlog first.")
        from vectorlog.runtime.aws import wiring

        yield wiring.deployment().streams, announcer, _sending(workers.deliver_queue())
        return
    from vectorlog.reactions.announcer import Announcer
    from vectorlog.runtime.local.data_folder import DataFolder, NoDataFolder, UnknownFormat
    from vectorlog.runtime.local.log_and_views import LocalLogAndViews, clock
    from vectorlog.work.sqlite import SQLiteQueue

    try:
        opened = LocalLogAndViews(DataFolder(Path(data).expanduser().absolute(), must_exist=True))
    except (NoDataFolder, UnknownFormat) as error:
        raise click.ClickException(str(error)) from None
    with closing(opened) as parts:
        announcer = Announcer(parts.streams, parts.views, parts.outbox, clock)
        yield parts.streams, announcer, _sending(SQLiteQueue(parts.derived, "deliver", clock))


def _sending(queue: Queue) -> Callable[[Sequence[Deliver]], None]:
    from vectorlog.work.messages import outgoing

    return lambda messages: queue.send([outgoing(each, each.receiver) for each in messages])


def _since(text: str) -> int:
    """Returns a time in ms since 1970.

    Raises:
        click.BadParameter: the text is neither a time ago nor a date, or the time is in the future.
    """
    now, ago = time.time(), re.fullmatch(r"(\d{1,5})([dhms])", text)
    if ago:
        at = now - int(ago[1]) * {"d": 86_400, "h": 3_600, "m": 60, "s": 1}[ago[2]]
    else:
        try:
            date = datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(
                f"'{text}' is neither a time ago such as 2h nor a date such as 2027-01-31."
            ) from None
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    if at > now:
        raise click.BadParameter(f"'{text}' is in the future.")
    return round(at * 1000)
