"""`./dev account-test` leaves nothing behind, whatever fails. Here its commands do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tools.account_test import try_out


class Account:
    """An account with at most one stack, and what was done with it."""

    def __init__(self, *failing: str, stack: bool = False) -> None:
        self.failing = failing
        self.stack = stack
        self.done: list[str] = []
        self.given: list[Mapping[str, str]] = []

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        (step,) = [each for each in ("deploy", "destroy", "tests/account", "tests/clients") if each in command]
        self.done.append(step)
        self.given.append(variables)
        if step in ("deploy", "destroy"):
            assert list(command[-2:]) == ["-c", "opensearch_vectors=disk"]
            assert "removal=destroy" in command, "nothing may be left that costs money"
            self.stack = step == "deploy"
        return 3 if step in self.failing else 0

    def outputs(self) -> Mapping[str, str] | None:
        return {"Url": "https://x/dev", "FirstKeySecret": "arn:key"} if self.stack else None

    def test(self) -> int:
        return try_out(["-c", "opensearch_vectors=disk"], self.run, self.outputs, {"arn:key": "sk-1"}.__getitem__)


def test_order() -> None:
    """It deploys, measures, runs the clients' tests with the stage's address and key, and destroys."""
    account = Account()
    assert account.test() == 0
    assert account.done == ["deploy", "tests/account", "tests/clients", "destroy"]
    assert account.given[1]["VECTORLOG_TEST_URL"] == "https://x/dev"
    assert account.given[2]["VECTORLOG_TEST_KEY"] == "sk-1"
    assert account.given[2]["VECTORLOG_TEST_EDITION"] == "aws"


@pytest.mark.parametrize("step", ["deploy", "tests/account", "tests/clients", "destroy"])
def test_destroyed_whatever_fails(step: str) -> None:
    """A step that fails is reported by the exit status, and the stage is destroyed all the same."""
    account = Account(step)
    assert account.test() == 3
    assert account.done[-1] == "destroy"


def test_not_somebody_elses() -> None:
    """A stack that was there before is left alone."""
    account = Account(stack=True)
    assert account.test() == 1
    assert account.done == []
