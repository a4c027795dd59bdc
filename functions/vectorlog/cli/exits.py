"""How commands for users end: their exit codes, and what is said of a failure. docs/cli.md lists the codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import TextIOWrapper

import click

from vectorlog.client.filter_text import BadFilter
from vectorlog.client.server import Refused

REFUSED = 1
USAGE = 2
SOME_FAILED = 3
NO_ANSWER = 4
NO_RIGHT = 5
NOT_FOUND = 6
INTERRUPTED = 130
MEANING = {
    0: "done",
    REFUSED: "the server refused it, or something went wrong; the message says what",
    USAGE: "the command was not called properly",
    SOME_FAILED: "some files failed, and are listed with the reason; the others are done",
    NO_ANSWER: "the server cannot be reached, does not answer, or is none of this API",
    NO_RIGHT: "the key is wrong, has expired, or does not have the right (401, 403)",
    NOT_FOUND: "there is nothing of that name or id",
    INTERRUPTED: "stopped by Ctrl-C; the same command goes on from there",
}
"""What each exit code means."""


class Failure(click.ClickException):
    """Ends a command with a message and this exit code."""

    exit_code: int  # type: ignore[misc]  # click takes it from the exception

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.exit_code = code


def code_of(error: Refused) -> int:
    """The exit code for what a server refused."""
    match error.status:
        case 0:
            return NO_ANSWER
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return NO_RIGHT
        case HTTPStatus.NOT_FOUND:
            return NOT_FOUND
        case _:
            return REFUSED


@contextmanager
def told() -> Iterator[None]:
    """Ends the command with a message and its exit code, where a server refuses something or Ctrl-C is pressed. Letters
    that the output's encoding does not have are printed as question marks.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        yield
    except BadFilter as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    except Refused as error:
        said = [str(error), *getattr(error, "__notes__", ())]
        if code_of(error) == NO_ANSWER:
            said.append("Start the server, or name another one with --url or VECTORLOG_URL.")
        raise Failure("\n".join(said), code_of(error)) from None
    except KeyboardInterrupt:
        raise Failure("Stopped.", INTERRUPTED) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure(f"{error.filename or 'The system'}: {error.strerror or error}") from None
