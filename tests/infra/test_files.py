"""The bucket."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from infra.configuration import Configuration
from infra.files import Files

pytestmark = pytest.mark.infra


def synthesized(**chosen: Any) -> Template:
    """The template of a bucket."""
    stack = Stack()
    Files(stack, "Files", configuration=Configuration(**chosen))
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    """The bucket with default settings."""
    return synthesized()


def test_private(template: Template) -> None:
    """Nothing in it is ever public, and it is encrypted."""
    every = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": every,
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        },
    )


@pytest.mark.parametrize(
    "condition", [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}]
)
def test_tls_only(template: Template, condition: dict[str, Any]) -> None:
    """Bytes are only sent by TLS 1.2 or newer."""
    statement = Match.object_like(
        {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Condition": condition}
    )
    template.has_resource_properties(
        "AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": Match.array_with([statement])}}
    )


def test_deleted_means_gone(template: Template) -> None:
    """Deleted objects can be restored for three days; then nothing of them is left, neither bytes nor marker."""
    rule = {
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
        "ExpiredObjectDeleteMarker": True,
    }
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": Match.array_with([Match.object_like(rule)])},
        },
    )


def test_broken_uploads_are_dropped(template: Template) -> None:
    """Parts of an interrupted upload are billed for no longer than a day."""
    rule = Match.object_like({"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}})
    template.has_resource_properties("AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": Match.array_with([rule])}})


def test_large_answers_are_dropped(template: Template) -> None:
    """A body that was too large for Lambda's answer is gone after a day, and its deleted version after another."""
    rule = {
        "Status": "Enabled",
        "Prefix": "answers/",
        "ExpirationInDays": 1,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    template.has_resource_properties(
        "AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": Match.array_with([Match.object_like(rule)])}}
    )


def test_survives(template: Template) -> None:
    """Destroying the stack leaves the bytes."""
    template.has_resource(
        "AWS::S3::Bucket", {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    )


def test_no_browsers(template: Template) -> None:
    """Browsers are admitted only if origins are configured."""
    template.has_resource_properties("AWS::S3::Bucket", {"CorsConfiguration": Match.absent()})


def test_browsers_download() -> None:
    """A page at a configured origin can follow the redirect of a large download; it can write nothing."""
    rule = {"AllowedMethods": ["GET", "HEAD", "PUT"], "AllowedOrigins": ["https://a.example", "null"]}
    synthesized(cors_origins=("https://a.example",)).has_resource_properties(
        "AWS::S3::Bucket", {"CorsConfiguration": {"CorsRules": [Match.object_like(rule)]}}
    )


def test_destroyed() -> None:
    """With removal `destroy` the bucket goes with everything in it."""
    template = synthesized(removal="destroy")
    template.has_resource("AWS::S3::Bucket", {"DeletionPolicy": "Delete"})
    template.resource_count_is("Custom::S3AutoDeleteObjects", 1)


def test_parts_of_uploads(template: Template) -> None:
    """Whatever else happens, parts of uploads and large answers are gone after a day; other objects stay."""
    rules = Match.array_with([{"Id": "uploads", "Prefix": "uploads/", "ExpirationInDays": 1, "Status": "Enabled"}])
    template.has_resource_properties("AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": rules}})
    [bucket] = template.find_resources("AWS::S3::Bucket").values()
    expiring = [each for each in bucket["Properties"]["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in each]
    assert {each["Prefix"] for each in expiring} == {"uploads/", "answers/"}
