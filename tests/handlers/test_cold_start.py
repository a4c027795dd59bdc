"""The cost of importing a handler, as a traced function does at a cold start."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = ("api", "search", "projector", "work", "embed", "erase", "dead_letters", "sweep")
LIBRARIES = """
import boto3
import aws_lambda_powertools.event_handler
from aws_lambda_powertools import Logger, Tracer
from pydantic import BaseModel
class Model(BaseModel):
    number: int
boto3.client("dynamodb")
"""
BUDGET = 1.3
RUNS = 7
ATTEMPTS = 3
"""Measurements of which one must keep the budget: other load on the same core can only make one worse."""


def _seconds(program: str) -> float:
    """CPU time of a fresh interpreter for an import, which excludes other load on the machine."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(FUNCTIONS),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "LAMBDA_TASK_ROOT": "/var/task",  # makes X-Ray's SDK patch the same libraries as in Lambda
    }
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", program], environment)
    _, status, usage = os.wait4(process, 0)
    assert status == 0, f"this failed:\n{program}"
    return usage.ru_utime + usage.ru_stime


def _measured() -> Mapping[str, float]:
    """Medians in seconds, measured in turns."""
    programs = {"libraries": LIBRARIES, **{name: f"import handlers.{name}" for name in HANDLERS}}
    found: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(RUNS):
        for name, program in programs.items():
            found[name].append(_seconds(program))
    return {name: statistics.median(each) for name, each in found.items()}


@pytest.mark.aws  # a minute of imports that do not concern the local edition
def test_budget() -> None:
    """No handler takes more than 1.3 times as long to import as Powertools, pydantic and a DynamoDB client alone."""
    for _ in range(ATTEMPTS):
        medians = _measured()
        ratios = {name: seconds / medians["libraries"] for name, seconds in medians.items()}
        table = "\n".join(f"{name:13}{medians[name] * 1000:6.0f} ms {ratio:5.2f}" for name, ratio in ratios.items())
        sys.stdout.write(f"\n{table}\n")
        if max(ratios.values()) <= BUDGET:
            return
    pytest.fail(f"above {BUDGET}:\n{table}")


def test_left_out() -> None:
    """No handler imports modules that only a search, an ingest or the local edition needs before it needs them, and
    neither does the function behind most routes when it builds its deployment and routes.
    """
    heavy = "opensearchpy", "numpy", "onnxruntime", "tokenizers", "pypdfium2", "uvicorn", "httpx", "requests"
    made = "from vectorlog.runtime.aws import api\napi.resolver()"
    _seconds(
        f"import sys, {', '.join(f'handlers.{name}' for name in HANDLERS)}\n{made}\nassert not set({heavy!r}) "
        f"& set(sys.modules)"
    )
