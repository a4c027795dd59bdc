"""The image that functions run in. `docker` is a script with the answers of a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.sam.image import find_image
from local_aws.sam.stand_in import NoStandIn

OWN = "public.ecr.aws/lambda/python:3.13-arm64"


@pytest.fixture(autouse=True)
def _only_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def answering(folder: Path, images: str, pull: str) -> None:
    command = folder / "docker"
    command.write_text(f"#!/bin/sh\ncase $1 in images) {images} ;; pull) {pull} ;; esac\n")
    command.chmod(0o755)


class TestFindImage:
    def test_there(self, tmp_path: Path) -> None:
        """An image that the engine has is not pulled again."""
        answering(tmp_path, images="echo 0123456789ab", pull="exit 1")
        found = find_image("python3.13", "arm64")
        assert (found.name, found.is_lambdas) == (OWN, True)

    def test_pulled(self, tmp_path: Path) -> None:
        """Lambda's own image is pulled if possible."""
        answering(tmp_path, images=":", pull=f'test "$3" = {OWN}')
        assert find_image("python3.13", "arm64").is_lambdas

    def test_nothing_to_make_it_of(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """If it cannot be pulled, the engine's reason is given, and what a stand-in would need."""
        answering(tmp_path, images=":", pull="echo 'no such host' >&2; exit 1")
        with pytest.raises(NoStandIn, match=r"public\.ecr\.aws"):
            find_image("python3.13", "arm64")
        assert "it could not be pulled: no such host" in capsys.readouterr().err

    def test_stand_in(self, tmp_path: Path) -> None:
        """An existing stand-in is used, under a name that nobody takes for Lambda's own."""
        answering(tmp_path, images="case $3 in vectorlog-*) echo 0123456789ab ;; esac", pull="exit 1")
        found = find_image("python3.13", "arm64")
        assert found.name.startswith("vectorlog-lambda-stand-in:3.13-arm64-")
        assert found.options == ("--invoke-image", found.name)
