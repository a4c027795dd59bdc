"""Secrets and signatures, as any receiver of Standard Webhooks checks them."""

from __future__ import annotations

import base64
import time

import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from vectorlog.webhooks.secrets import KEY_BYTES, PREFIX, hint_of, secret_of
from vectorlog.webhooks.signature import headers

CLIENT = OpenAI(api_key="none", base_url="http://127.0.0.1:9")
KEY, OTHER = b"k" * KEY_BYTES, b"o" * KEY_BYTES


def test_secrets_are_derived() -> None:
    """A secret is the same whenever it is asked for, and another one for each key, endpoint and rotation."""
    secrets = [secret_of(key, id, number) for key in (KEY, OTHER) for id in ("we_1", "we_2") for number in (0, 1)]
    assert len(set(secrets)) == len(secrets)
    assert secret_of(KEY, "we_1", 0) == secrets[0]
    assert all(each.startswith(PREFIX) and len(base64.b64decode(each[len(PREFIX) :])) == 32 for each in secrets)
    assert all(each.rstrip("=").endswith(hint_of(each)) and "=" not in hint_of(each) for each in secrets)


def test_openai_verifies_it() -> None:
    """OpenAI's client accepts the signature with each of the secrets, and with no other."""
    old, new, wrong = (secret_of(KEY, "we_1", number) for number in range(3))
    body = '{"id":"evt_1","object":"event","type":"file.deleted","created_at":1,"data":{"id":"file-é"}}'
    sent = headers([new, old], "evt_1", int(time.time()), body)
    for secret in (old, new):
        CLIENT.webhooks.verify_signature(body, sent, secret=secret)
    with pytest.raises(InvalidWebhookSignatureError):
        CLIENT.webhooks.verify_signature(body, sent, secret=wrong)
    with pytest.raises(InvalidWebhookSignatureError):
        CLIENT.webhooks.verify_signature(body.replace("é", "e"), sent, secret=new)
    with pytest.raises(InvalidWebhookSignatureError):
        CLIENT.webhooks.verify_signature(body, {**sent, "webhook-id": "evt_2"}, secret=new)


def test_the_example_of_the_standard() -> None:
    """The signature is that of the standard's own example (standardwebhooks' libraries test it)."""
    body = '{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    sent = headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
