"""A failed history as text: one line for each step, in plain words, with short names for ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.steps import Step

WORK = {
    "project": "the projector reads a page of the feed",
    "work": "a worker takes a message",
    "ingest": "the ingester takes some files",
    "again": "a part of the feed is delivered once more",
    "redeliver": "old messages are delivered once more",
    "shuffle": "the messages change their order",
    "collect": "the daily pass over all blobs begins, perhaps a day later",
    "sweep": "the sweep runs",
    "restart": "the process is restarted",
    "rest": "all work is done, and everything is checked",
    "disk_full": "the disk is full from now on",
    "disk_free": "the disk has room again",
    "deploy": "another version of the reader runs from now on",
    "throttle": "the provider refuses from now on",
    "unthrottle": "the provider answers again",
}


def timeline(story: Sequence[tuple[Step, str]]) -> str:
    """Returns the lines of a story."""
    return "\n".join(f"{step.number % 10**6:>5}  {sentence(step)}{_told(told)}" for step, told in story)


def sentence(step: Step) -> str:
    """Returns a step in plain words."""
    about, kind = step.about, step.kind
    if kind in WORK:
        return WORK[kind]
    who = f"{about['actor']}: " if "actor" in about else ""
    return who + _request(kind, about) + (f" (key of {step.number})" if about.get("key") else "")


def _request(kind: str, about: Mapping[str, Any]) -> str:
    match kind:
        case "upload":
            return f"upload {about['text']!r}"
        case "create":
            named = f" with {', '.join(about['files'])} ({about['chunking']})" if about["files"] else ""
            return f"create a store{named}"
        case "modify":
            return f"rename {about['store']}"
        case "attach":
            return f"attach {about['file']} to {about['store']} with {about['attributes']}, {about['chunking']}"
        case "attach_batch":
            items = ", ".join(f"{file} {attributes} {chunking}" for file, attributes, chunking in about["items"])
            return f"batch in {about['store']}: {items}" + (" skipping duplicates" if about["skip"] else "")
        case "cancel":
            return f"cancel {about['batch']}"
        case "detach":
            return f"detach {about['file']} from {about['store']}"
        case "change":
            return f"set attributes of {about['file']} in {about['store']} to {about['attributes']}"
        case "share":
            return f"{about['store']} for {about['user']}: {about['role'] or 'no role'}"
        case "delete_file" | "delete_store":
            return f"delete {about.get('file') or about['store']}"
        case "repeat":
            return f"repeat request {about['request']} under its key"
        case "look" | "look_file" | "look_store" | "look_batch":
            thing = about.get("batch") or about.get("file") or about["store"]
            return f"get {thing}" + (f" in {about['store']}" if kind == "look" else "")
        case "list_files" | "list_batch" | "list_stores" | "list_uploads":
            thing = about.get("batch") or about.get("store") or kind.removeprefix("list_")
            return f"list {thing}, {about['order']}, by {about['limit']}, filter {about.get('filter')}"
        case "search":
            words = " (words only)" if about["words"] else ""
            return (
                f"search {about['store']} for '{about['query']}', {about['limit']} at most, n={about['filter']}{words}"
            )
        case "wait":
            return f"{about['ms']} ms pass"
        case _:
            return f"{kind} {dict(about)}"


def _told(told: str) -> str:
    return "" if told in ("200", "True", "None") else f" → {told}"
