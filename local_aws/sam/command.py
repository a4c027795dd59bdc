"""The SAM CLI, in a separate environment: its requirements conflict with this project's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.account import CREDENTIALS
from local_aws.fetch import FetchError, cache, once, say
from local_aws.sam.image import Image

PACKAGE = "aws-sam-cli==1.170.0"


@dataclass(frozen=True, slots=True)
class Sam:
    """A command line of the SAM CLI for one template.

    Attributes:
        program: the SAM CLI.
        template: from `template.prepare`.
        variables: file with the functions' environment.
        image: the image that functions run in.
    """

    program: Path
    template: Path
    variables: Path
    image: Image

    def start(self, what: str, port: int) -> Sequence[str | Path]:
        """`start-api` or `start-lambda` on 127.0.0.1; a function's container is started at its first call, and kept."""
        return *self._local(what), "--host", "127.0.0.1", "--port", str(port), "--warm-containers", "LAZY"

    def invoke(self, function: str, event: Path) -> Sequence[str | Path]:
        """`invoke`: one event in its own container. It prints the answer; the function's log goes to stderr."""
        return *self._local("invoke"), function, "--event", event

    def _local(self, command: str) -> Sequence[str | Path]:
        # Credentials reach the containers from here.
        environment = CREDENTIALS | {"SAM_CLI_TELEMETRY": "0"}
        settings = (f"{name}={value}" for name, value in environment.items())
        options = ("--template", self.template, "--env-vars", self.variables, "--skip-pull-image")
        return "env", *settings, self.program, "local", command, *options, *self.image.options


def installed() -> Path:
    """The program; installed by uv the first time.

    Raises:
        FetchError: it could not be installed.
    """
    return once("sam", PACKAGE.encode(), _install) / "bin" / "sam"


def _install(folder: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise FetchError(f"There is no uv to install {PACKAGE} with; ./dev sam brings it.")
    say(f"sam: installing {PACKAGE}, this once …")
    # Relocatable, because the folder gets its final name once it is complete.
    for command in (
        (uv, "venv", "--quiet", "--relocatable", "--allow-existing", "--python", sys.executable, folder),
        (uv, "pip", "install", "--quiet", "--python", folder, PACKAGE),
    ):
        if subprocess.run(command, cwd=cache()).returncode:
            raise FetchError(f"{PACKAGE} could not be installed; see above.")
