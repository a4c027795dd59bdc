"""The image that functions run in: Lambda's own, or a stand-in built from this machine's Python if Lambda's registry
cannot be reached.
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
    """An image of the engine, and the arguments that make the SAM CLI use it if it is not Lambda's own."""

    name: str
    options: Sequence[str] = ()

    @property
    def is_lambdas(self) -> bool:
        """Whether this is Lambda's own image and not a stand-in."""
        return not self.options


def find_image(runtime: str, architecture: Architecture) -> Image:
    """The image of a runtime such as `python3.13`: the engine's, a pulled one, or a stand-in under another name.

    Raises:
        NoStandIn: it could not be pulled, and no stand-in could be built.
    """
    language, version = runtime[: len("python")], runtime[len("python") :]
    name = LAMBDA.format(language=language, version=version, architecture=architecture)
    if _has(name) or _pulled(name):
        return Image(name)
    # Its digest is part of the name: sam keeps the image that it builds on top of another one while the name stays.
    made = STAND_IN.format(version=version, architecture=architecture, digest=stand_in.digest())
    if not _has(made):
        say(f"sam: building a stand-in for it from this machine's Python {version}, once …")
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
