"""The account that local servers pretend to be."""

from __future__ import annotations

REGION = "us-east-1"
ACCOUNT = "000000000000"
"""As LocalStack, ElasticMQ and DynamoDB Local have it."""

CREDENTIALS = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
"""They open nothing. DynamoDB Local takes letters and digits only."""
