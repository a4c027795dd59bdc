"""The copy of the synthesized template that `sam local` gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_aws.sam.template import Template, WrongTemplate, prepare

API: Mapping[str, Any] = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"BinaryMediaTypes": ["*/*"]}}


def function(handler: str, architecture: str = "arm64", **variables: object) -> dict[str, Any]:
    properties = {
        "Handler": handler,
        "Runtime": "python3.13",
        "Architectures": [architecture],
        "Environment": {"Variables": variables},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties, "Metadata": {"aws:asset:path": "asset.1"}}


def method() -> dict[str, Any]:
    return {"Type": "AWS::ApiGateway::Method", "Properties": {"Integration": {"Type": "AWS_PROXY"}}}


def prepared(folder: Path, resources: Mapping[str, Any]) -> tuple[Template, dict[str, Any]]:
    """The template of a stack with these resources, and the content of its copy."""
    (folder / "Stack.template.json").write_text(json.dumps({"Resources": resources}))
    template = prepare(folder, "arm64", ("AWS_ENDPOINT_URL_SQS",), ("api", "dead_letters"))
    return template, json.loads(template.path.read_text())["Resources"]


class TestPrepare:
    def test_functions(self, tmp_path: Path) -> None:
        """Our functions are recognized by their handlers, whatever the stack calls them; others are left alone."""
        others = {
            "Provider": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Handler": "index.handler", "Runtime": "nodejs22.x"},
            }
        }
        ours = {"A1": function("handlers.api.handler"), "D2": function("handlers.dead_letters.handler")}
        template, copied = prepared(tmp_path, {**ours, **others})
        assert template.functions == {"api": "A1", "dead_letters": "D2"}
        assert template.runtime == "python3.13"
        assert copied["Provider"] == others["Provider"]
        assert template.path.parent == tmp_path  # assets are named relative to it

    def test_variables(self, tmp_path: Path) -> None:
        """A function gets the local servers' addresses and otherwise only what the stack declares: what the stack
        forgot stays missing.
        """
        ours = {
            "A1": function("handlers.api.handler", VECTORLOG_BUCKET={"Ref": "Bucket"}),
            "D2": function("handlers.dead_letters.handler"),
        }
        _, copied = prepared(tmp_path, ours)
        variables = [copied[name]["Properties"]["Environment"]["Variables"] for name in ("A1", "D2")]
        assert variables == [
            {"VECTORLOG_BUCKET": {"Ref": "Bucket"}, "AWS_ENDPOINT_URL_SQS": ""},
            {"AWS_ENDPOINT_URL_SQS": ""},
        ]

    def test_binary(self, tmp_path: Path) -> None:
        """Bodies are bytes, as the API says; sam learns it from a method, because it ignores the API's own setting."""
        ours = {"A1": function("handlers.api.handler"), "D2": function("handlers.dead_letters.handler")}
        _, copied = prepared(tmp_path, {**ours, "Api": API, "M1": method(), "M2": method()})
        told = [copied[name]["Properties"]["Integration"].get("ContentType") for name in ("M1", "M2")]
        assert told == ["*/*", None]

    def test_again(self, tmp_path: Path) -> None:
        """A second run uses the stack's template, not the copy of the first run."""
        ours = {"A1": function("handlers.api.handler"), "D2": function("handlers.dead_letters.handler")}
        assert prepared(tmp_path, ours) == prepared(tmp_path, ours)

    def test_architecture(self, tmp_path: Path) -> None:
        """A template for the other processor is refused with the command that makes the right one."""
        ours = {"A1": function("handlers.api.handler", "x86_64"), "D2": function("handlers.dead_letters.handler")}
        with pytest.raises(
            WrongTemplate,
            match=r"A1 is synthesized for x86_64, this machine is arm64: \./dev synth -c architecture=arm64",
        ):
            prepared(tmp_path, ours)

    def test_missing(self, tmp_path: Path) -> None:
        """A stack without one of the functions, and a folder without a stack, are errors that say so."""
        with pytest.raises(WrongTemplate, match="no function for dead_letters"):
            prepared(tmp_path, {"A1": function("handlers.api.handler")})
        with pytest.raises(WrongTemplate, match="holds 0 templates"):
            prepare(tmp_path / "nothing", "arm64", (), ())
