"""The page of events: its schema is the code's, and events are as it says."""

from __future__ import annotations

import json
import re

import jsonschema_rs

from tools import events_page
from vectorlog.domain.outgoing_event import TYPES, OutgoingEvent
from vectorlog.webhooks import payload


def test_schema() -> None:
    """The page has the schema of this version; `python -m tools.events_page --write` puts it there."""
    page = events_page.PAGE.read_text()
    assert events_page.with_schema(page) == page


def test_types() -> None:
    """The page says when each type of event is sent."""
    page = events_page.PAGE.read_text()
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE)) == set(TYPES)


def test_events_match() -> None:
    """Every event is as the schema says, for webhooks and for a bus."""
    validator = jsonschema_rs.validator_for(json.loads(events_page.schema()))
    counts = {"completed": 1, "failed": 2, "cancelled": 0, "total": 3}
    for kind in TYPES:
        for fields in ({}, {"code": "invalid_file"}, {"counts": counts}):
            event = OutgoingEvent("evt_1", kind, 1, "file-1", "vs_1", **fields)
            for project in (None, "acme"):
                validator.validate(json.loads(payload.encode(event, project)))
