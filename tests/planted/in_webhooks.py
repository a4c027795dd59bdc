"""Bugs in what is told to others."""

from __future__ import annotations

from tests.planted.bug import Bug

DELIVERY = "reactions/test_delivery.py::"
BUGS = (
    Bug(
        "lost-worker-takes-its-message",
        "reactions/delivery.py",
        "            self._send(replace(message, due=state.lent_until), state.lent_until - now)\n",
        "            pass\n",
        "If a worker dies while it sends, the events of that store wait until the next one happens.",
        (f"{DELIVERY}TestOrder::test_a_worker_that_died",),
    ),
    Bug(
        "new-events-overtake",
        "reactions/delivery.py",
        "        if state.next_at > now:",
        "        if state.next_at > now and message.due:",
        "Each new event of a store asks a receiver that failed at once, without any wait.",
        (f"{DELIVERY}TestOrder::test_new_events_do_not_hurry_one_that_fails",),
    ),
    Bug(
        "never-disabled",
        "reactions/delivery.py",
        "now - since >= GIVE_UP_MS",
        "now - since >= 1000 * GIVE_UP_MS",
        "An endpoint that is gone is asked for ever, and its owner never hears of it.",
        (f"{DELIVERY}TestRetries::test_back_off",),
    ),
    Bug(
        "silent-receivers-are-asked-by-all",
        "reactions/delivery.py",
        "        if rest.until > now:",
        "        if rest.until > now + 10**12:",
        "A receiver that is away holds all senders, so others wait for theirs.",
        (f"{DELIVERY}TestRetries::test_a_silent_endpoint_is_asked_seldom",),
    ),
    Bug(
        "failed-events-are-removed",
        "reactions/delivery.py",
        "                failed = self._try(lane, receiver, part)\n",
        "                failed = self._try(lane, receiver, part)\n                self._outbox.remove(part)\n",
        "What a receiver refuses once is lost.",
        (f"{DELIVERY}TestOrder::test_events_wait_behind_one_that_fails",),
    ),
    Bug(
        "old-events-are-told",
        "reactions/announcer.py",
        "told = [(event, self._project(event)) for event in events if event.at >= first]",
        "told = [(event, self._project(event)) for event in events]",
        "After damage of the views, receivers get all events of all time once more.",
        (f"{DELIVERY}TestWhatIsTold::test_nothing_old",),
    ),
    Bug(
        "one-private-address-is-enough",
        "webhooks/addresses.py",
        "not all(is_public(",
        "not any(is_public(",
        "A name with a public and a private address lets strangers reach what only the deployment can.",
        ("webhooks/test_addresses.py::test_private",),
    ),
    Bug(
        "mapped-addresses-are-public",
        "webhooks/addresses.py",
        "            return is_public(inside)",
        "            return True",
        "An IPv6 address that leads to a private IPv4 address lets strangers reach it.",
        ("webhooks/test_addresses.py::test_private",),
    ),
    Bug(
        "wrong-key-signs",
        "reactions/delivery.py",
        "        if not webhook_requests.has_its_key(self._deployment, lane.receiver, state):",
        "        if False:",
        "After the loss of the key, receivers refuse every event, and nobody is told why.",
        (f"{DELIVERY}TestRetries::test_another_key",),
    ),
)
