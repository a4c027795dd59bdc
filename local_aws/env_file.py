"""The file that points a shell at a running `./dev aws`: `. .cache/aws.env`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATH = Path(__file__).parents[1] / ".cache" / "aws.env"


@contextmanager
def env_file(variables: Mapping[str, str], path: Path = PATH) -> Iterator[Path]:
    """Writes the file, which is there as long as the block runs: what it names is gone afterwards. It holds a key, so
    only its owner may read it.
    """
    path.parent.mkdir(exist_ok=True)
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(lines)
    try:
        yield path
    finally:
        if path.exists() and path.read_text() == lines:  # not that of another deployment that began since
            path.unlink()


def variables_of(url: str, key: str, stage: str, functions: Mapping[str, str]) -> dict[str, str]:
    """What a shell needs for AWS's and our command lines, and for OpenAI's clients.

    Args:
        url: of the API.
        key: of project `default`.
        stage: by which commands find the deployment.
        functions: the environment of its functions.
    """
    for_commands = {name: value for name, value in functions.items() if name.startswith(("AWS_", "VECTORLOG_"))}
    for_clients = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": key}
    return {**for_commands, **for_clients, "VECTORLOG_URL": f"{url}/v1", "VECTORLOG_API_KEY": key, "STAGE": stage}
