"""The image that functions run in: Lambda's own, or where its registry cannot be reached a stand-in made of this
machine's Python.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from local_aws.fetch import say
from local_aws.sam import stand_in
from local_aws.sam.engine import DOCKER, Architecture, docker

LAMBDA = "public.ecr.aws/lambda/{language}:{version}-{architecture}"
STAND_IN = "vectorlog-lambda-stand-in:{version}-{architecture}-{digest}"
PULL_S = 900


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has, and what tells the SAM CLI to use it where it is not Lambda's own."""

    name: str
    options: Sequence[str] = ()

    @property
    def is_lambdas(self) -> bool:
        """Whether functions run as on AWS, or in a stand-in."""
        return not self.options


def find_image(runtime: str, architecture: Architecture) -> Image:
    """The image of a runtime such as `python3.13`: the engine's, pulled, or a stand-in under a name of its own.

    Raises:
        NoStandIn: it could not be pulled, and none could be made.
    """
    language, version = runtime[: len("python")], runtime[len("python") :]
    name = LAMBDA.format(language=language, version=version, architecture=architecture)
    if _has(name) or _pulled(name):
        return Image(name)
    # Its digest is in the name: sam keeps the image that it makes on top of another one for as long as the name stays.
    made = STAND_IN.format(version=version, architecture=architecture, digest=stand_in.digest())
    if not _has(made):
        say(f"sam: making a stand-in for it of this machine's Python {version}, this once …")
        stand_in.make(made, version)
    return Image(made, ("--invoke-image", made))


def _has(name: str) -> bool:
    return bool(docker("images", "--quiet", name).strip())


def _pulled(name: str) -> bool:
    say(f"sam: pulling {name}, this once …")
    try:
        subprocess.run((DOCKER, "pull", "--quiet", name), check=True, capture_output=True, text=True, timeout=PULL_S)
    except subprocess.TimeoutExpired:
        say(f"sam: it took longer than {PULL_S} s")
        return False
    except subprocess.CalledProcessError as error:
        say(f"sam: it could not be pulled: {error.stderr.strip()}")
        return False
    return True
