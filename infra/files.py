"""The bucket of uploaded files, manifests and artefacts."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.configuration import Configuration
from infra.retention import removal_policy
from vectorlog.defaults import ANSWERS, PREFLIGHT_SECONDS

RETENTION_DAYS = 3
"""Days that S3 keeps deleted and replaced objects. Deleted means gone, so they are few: a mistake on a Friday evening
can be undone until Monday. S3 counts from the following midnight (UTC), so bytes are gone within four days.
"""
PARTS_DAYS = 1
"""Days until S3 drops the parts of an interrupted upload: its minimum. Ours end within minutes, with their function."""
UPLOADS_DAYS = 1
"""Days until S3 deletes the parts of uploads, if nothing else has: its minimum. An upload lives an hour."""

ANSWERS_DAYS = 1
"""Days until S3 deletes answers that were too large for Lambda: its minimum. Their URLs are valid for minutes."""


class Files(Construct):
    """The `bucket`: private, versioned, and reachable only by TLS 1.2 or newer. S3's own key encrypts it, which has no
    cost per request.

    Large downloads are redirected to a signed URL of the bucket, so browsers at the configured origins may GET from
    it.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(id="parts", abort_incomplete_multipart_upload_after=Duration.days(PARTS_DAYS)),
                s3.LifecycleRule(id="uploads", prefix="uploads/", expiration=Duration.days(UPLOADS_DAYS)),
                s3.LifecycleRule(
                    id="answers",
                    prefix=f"{ANSWERS}/",
                    expiration=Duration.days(ANSWERS_DAYS),
                    noncurrent_version_expiration=Duration.days(ANSWERS_DAYS),
                ),
                s3.LifecycleRule(
                    id="deleted",
                    noncurrent_version_expiration=Duration.days(RETENTION_DAYS),
                    expired_object_delete_marker=True,
                ),
            ],
            cors=[_from_browsers(configuration)] if configuration.cors_origins else None,
            removal_policy=removal_policy(configuration),
            auto_delete_objects=not configuration.keeps,
        )


def _from_browsers(configuration: Configuration) -> s3.CorsRule:
    """Lets pages read by redirects from the API, which browsers follow with `Origin: null`, and send direct parts. The
    signed address is what protects an object.
    """
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.PUT],
        allowed_origins=[*configuration.cors_origins, "null"],
        allowed_headers=["*"],
        exposed_headers=["Content-Disposition", "Content-Length"],
        max_age=PREFLIGHT_SECONDS,
    )
