"""Fixtures that tests of several packages share."""

from __future__ import annotations

import gc
import os
import signal
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from local_aws import servers as local_servers
from local_aws.process import in_memory
from local_aws.servers import VARIABLE, Servers
from tests.support.bench import Bench
from tests.support.told import Told, listening

TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""The variable that tells pytest where to make folders."""


def pytest_configure(config: pytest.Config) -> None:
    """Puts the tests' folders into memory, unless the command or the environment says where they are: a sync to disk
    takes milliseconds, and there are tens of thousands. No test cuts the power; those of durability watch the system
    calls, or kill processes.

    Also, signals end what tests start, as in a terminal. Shells ignore SIGINT in what runs in the background, as nohup
    does SIGHUP, and programs would inherit that.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if config.option.basetemp or TEMPORARY in os.environ:
        return
    if memory := in_memory():
        os.environ[TEMPORARY] = str(memory)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names bytes by their length: an archive holds the time, and two processes that share the tests must name them
    alike.
    """
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spares Python from looking for cycles among what is imported and collected, which stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _certificates() -> Iterator[None]:
    """Reads the list of certificates once, and not for each client, though hardly any test speaks TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A new local deployment with the real index."""
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def told() -> Iterator[Told]:
    """The failures that are told while the test runs."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The real local servers, with the environment pointed at them: the running ones (`./dev test aws`), or new
    ones.
    """
    if VARIABLE in os.environ:
        yield Servers.of(os.environ[VARIABLE])
        return
    with local_servers.running() as started, pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture(autouse=True)
def _on_servers(request: pytest.FixtureRequest) -> None:
    """Makes the servers available to tests marked `aws`."""
    if request.node.get_closest_marker("aws"):
        request.getfixturevalue("servers")
