"""Collects the commits, the state and the rows of a stream to show, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vectorlog.deployment import Deployment
from vectorlog.event_log import codec
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import origin_of
from vectorlog.operations.show.records import ShownCommit, ShownRow, ShownStream, iso
from vectorlog.views.projection import touched
from vectorlog.views.table import Row

COMMITS = 100
"""How many of a stream's newest commits are shown."""
_SECRETS = ("hash", "url")
"""The field with an API key's hash, which opens nothing, but is of no use to a reader either; and the URL of a webhook
endpoint, which may open something.
"""


def of(deployment: Deployment, newest: Commit, only: Sequence[Commit] | None = None) -> ShownStream:
    """Returns a stream, given its newest commit. `only` are the commits to show; by default the newest ones."""
    first = max(0, newest.version + 1 - COMMITS)
    commits = deployment.streams.log.read(newest.stream, first, COMMITS) if only is None else only
    decision = deployment.streams.decode(newest)
    rows = deployment.views.table.get(touched(decision))
    return ShownStream(
        id=newest.stream,
        kind=codec.aggregate_of(newest.stream).name,
        commits=tuple(map(shown, commits)),
        left_out=first if only is None else newest.version + 1 - len(only),
        state=_without_secret(json.loads(newest.state)["data"]),
        rows=rows_of(rows.values()),
    )


def rows_of(rows: Iterable[Row]) -> tuple[ShownRow, ...]:
    """Converts rows for showing, in the order of their keys."""
    return tuple(
        ShownRow(
            pk=row.key.pk,
            sk=row.key.sk,
            version=row.version,
            status=row.status,
            deadline=None if row.deadline is None else iso(row.deadline),
            gone=row.gone,
            counts=dict(row.counts),
        )
        for row in sorted(rows, key=lambda each: each.key)
    )


def shown(commit: Commit) -> ShownCommit:
    """Converts a commit for showing."""
    origin = origin_of(commit.meta)
    events = tuple({**event, "data": _without_secret(event["data"])} for event in json.loads(commit.events))
    return ShownCommit(commit.version, iso(commit.at), origin.actor, origin.request, origin.imported, events)


def _without_secret(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in data.items() if name not in _SECRETS}
