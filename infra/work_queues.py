"""The work queues, their dead letters, and the queue for stream records that the projector could not handle."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from vectorlog.runtime.aws.records import REDELIVERY_DELAYS_MS

RETENTION = Duration.days(14)
"""The maximum of SQS."""
VISIBILITY_FACTOR = 6
"""A message's visibility time-out is six times the function's time-out, as Lambda's guide asks, because Lambda retries
throttled calls meanwhile.
"""


class WorkQueues(Construct):
    """`work`, `embed`, `erase` and `deliver`, each with its dead letters, and `given_up` for the stream. They are
    standard queues: order does not matter (that of events is kept by the outbox), and SQS is fair between groups.

    A message is given up after as many receives as `runtime.aws.records` has delays for. Nothing is ever given up
    twice: what the dead letters' function cannot settle stays, and rings an alarm.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        work_timeout: Duration,
        embed_timeout: Duration,
        erase_timeout: Duration,
        deliver_timeout: Duration,
        dead_timeout: Duration,
    ) -> None:
        super().__init__(scope, id)
        self.work_dead = self._queue("WorkDeadLetters", dead_timeout)
        self.work = self._queue("Work", work_timeout, self.work_dead)
        self.embed_dead = self._queue("EmbedDeadLetters", dead_timeout)
        self.embed = self._queue("Embed", embed_timeout, self.embed_dead)
        self.erase_dead = self._queue("EraseDeadLetters", dead_timeout)
        self.erase = self._queue("Erase", erase_timeout, self.erase_dead)
        self.deliver_dead = self._queue("DeliverDeadLetters", dead_timeout)
        self.deliver = self._queue("Deliver", deliver_timeout, self.deliver_dead)
        self.given_up = self._queue("GivenUp", dead_timeout)
        self.by_name = {"work": self.work, "embed": self.embed, "erase": self.erase, "deliver": self.deliver}
        self.dead_letters = {
            "work": self.work_dead,
            "embed": self.embed_dead,
            "erase": self.erase_dead,
            "deliver": self.deliver_dead,
        }

    def _queue(self, id: str, timeout: Duration, dead: sqs.Queue | None = None) -> sqs.Queue:
        return sqs.Queue(
            self,
            id,
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * int(timeout.to_seconds())),
            retention_period=RETENTION,
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=len(REDELIVERY_DELAYS_MS))
            if dead
            else None,
        )
