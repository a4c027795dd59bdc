"""The port of the metrics, and the list of counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that only grows, counted separately for each combination of label values, of which there are few.

    Attributes:
        name: in snake case; each metrics system writes it in its own way.
        description: one line for people who read the metrics.
        labels: the names of the labels, in order. A label that does not apply has the value "".
    """

    name: str
    description: str
    labels: tuple[str, ...]


FILES = Counter("files", "Ingests of files by outcome; 'postponed' counts once for each wait.", ("outcome", "code"))
PROVIDER_REFUSALS = Counter(
    "provider_refusals", "Calls that an embedding provider refused, after all retries.", ("model", "kind")
)
DEPLOYMENT_FAULTS = Counter(
    "deployment_faults",
    "Tries that failed because of the embedding settings ('embedding') or of this machine ('host'); the files wait.",
    ("part",),
)
FAILED_REQUESTS = Counter("failed_requests", "Requests that were answered with a 5xx.", ("route", "status"))
FAULTS = Counter("faults", "Requests that ended with an unexpected error; they are among the failed ones.", ())
LEFTOVERS = Counter("leftovers", "Blobs that were deleted because no commit needed them, by kind.", ("kind",))
LEFTOVER_BYTES = Counter("leftover_bytes", "The bytes of those blobs.", ("kind",))
DELAYED_TAGS = Counter(
    "delayed_tags",
    "Changes of attributes that were answered before the index had them, because writing it failed.",
    ("error",),
)
NOT_RERANKED = Counter(
    "not_reranked",
    "Searches that were answered in the order that they had before, because the reranker gave no scores, by kind.",
    ("kind",),
)

WEBHOOKS = Counter(
    "webhooks",
    "Events sent to webhook endpoints ('endpoint') and to the event bus ('bus'); 'failed' counts each try.",
    ("receiver", "outcome"),
)
DISABLED_WEBHOOKS = Counter("disabled_webhooks", "Webhook endpoints that were disabled; the log says why.", ())
POSTPONED_MESSAGES = Counter(
    "postponed_messages", "Messages of a queue that failed and were put off; one is counted each time.", ("queue",)
)
WAKES = Counter("wakes", "How often a sleeping index was 'woken', and how often that 'failed'.", ("outcome",))

COUNTERS = (
    FILES,
    PROVIDER_REFUSALS,
    DEPLOYMENT_FAULTS,
    FAILED_REQUESTS,
    FAULTS,
    LEFTOVERS,
    LEFTOVER_BYTES,
    DELAYED_TAGS,
    NOT_RERANKED,
    WEBHOOKS,
    DISABLED_WEBHOOKS,
)
"""Those of both editions; the two above occur on AWS only."""

FaultyPart = Literal["embedding", "host"]
"""The parts that `DEPLOYMENT_FAULTS` counts."""
FileOutcome = Literal["completed", "failed", "postponed", "given_up"]
"""The outcomes that `FILES` counts. A file that is given up is also counted as failed, because that is how it ends."""


class Metrics(Protocol):
    """Where counts are reported. It can be used from several threads, and raises no errors that callers must handle."""

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """Adds to a counter for these label values."""
        ...


class NoMetrics:
    """Implements Metrics by counting nothing, for commands and tests."""

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """See Metrics."""
