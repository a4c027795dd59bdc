"""The account that the local servers pretend to be."""

from __future__ import annotations

REGION = "us-east-1"
ACCOUNT = "000000000000"
"""The same id as in LocalStack, ElasticMQ and DynamoDB Local."""

CREDENTIALS = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
"""Credentials that open nothing. DynamoDB Local accepts letters and digits only."""
