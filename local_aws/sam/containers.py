"""The containers that `sam` started for a deployment."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sam.engine import docker, inspect

LABEL = "sam.cli.container.type=lambda"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a function.

    Attributes:
        memory: as `docker stats` counts it, such as `93.4MiB`; empty if it no longer runs.
    """

    id: str
    function: str
    memory: str


def containers(variable: str, value: str) -> list[Container]:
    """The containers whose environment has this marker, which is how a deployment recognizes its own."""
    found = inspect(*docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split())
    environments = {each["Id"]: dict(pair.split("=", 1) for pair in each["Config"]["Env"]) for each in found}
    ours = {id_: environment for id_, environment in environments.items() if environment.get(variable) == value}
    memory = _memory(list(ours))
    return [
        Container(id_, environment["AWS_LAMBDA_FUNCTION_NAME"], memory.get(id_, ""))
        for id_, environment in ours.items()
    ]


def remove(variable: str, value: str) -> None:
    """Removes containers that `sam` left behind; there are none if it was stopped normally."""
    if left := [each.id for each in containers(variable, value)]:
        docker("rm", "--force", *left)


def _memory(ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    lines = docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids).splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}
