"""Starts the local AWS servers, and runs a command with them or waits for Ctrl-C: `python -m local_aws [COMMAND …]`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from time import monotonic
from types import FrameType

from local_aws.fetch import FetchError, say
from local_aws.process import StartError
from local_aws.servers import described, running


def main(command: list[str]) -> int:
    """The command's exit status, or 1 if the servers could not be started."""
    signal.signal(signal.SIGTERM, _interrupt)  # so that the servers stop with it
    began = monotonic()
    try:
        say("starting DynamoDB, SQS, S3 and OpenSearch …")
        with running() as servers:
            say(f"started in {monotonic() - began:.0f} s")
            if not command:
                say(described(servers))
                signal.pause()
            return subprocess.run(command, env=os.environ | servers.environment).returncode
    except (FetchError, StartError) as error:
        say(f"local_aws: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
