"""What is signed here is taken by the library that receivers use, and nothing else is."""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from domain.standard_webhooks import SECRET_BYTES, message_id, signed_headers, written_secret

BODY = json.dumps({"type": "ping", "data": {"name": "Zoë"}}, ensure_ascii=False).encode()


def new_secret() -> str:
    return written_secret(os.urandom(SECRET_BYTES))


def signed(*secrets: str, body: bytes = BODY, now: datetime | None = None) -> dict[str, str]:
    return dict(signed_headers(uuid4(), body, secrets, now=now or datetime.now(UTC)))


def verified(secret: str, headers: Mapping[str, str], body: bytes = BODY) -> object:
    return Webhook(secret).verify(body, dict(headers))


def test_the_library_of_receivers_takes_what_is_signed() -> None:
    secret = new_secret()
    assert verified(secret, signed(secret)) == json.loads(BODY)


def test_while_a_secret_is_rotated_receivers_with_either_take_it() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(new, old)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        assert verified(secret, headers) == json.loads(BODY)


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "webhook-signature", "body", "secret"])
def test_what_is_changed_on_its_way_is_not_taken(changed: str) -> None:
    secret, body = new_secret(), BODY
    headers = signed(secret)
    match changed:
        case "body":
            body = BODY.replace(b"ping", b"pong")
        case "secret":
            secret = new_secret()
        case "webhook-timestamp":
            headers[changed] = str(int(headers[changed]) + 1)
        case "webhook-id":
            headers[changed] = message_id(uuid4())
        case _:
            headers[changed] = "v1," + base64.b64encode(bytes(32)).decode()
    with pytest.raises(WebhookVerificationError):
        verified(secret, headers, body)


def test_what_is_old_is_not_taken() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        verified(secret, signed(secret, now=datetime.now(UTC) - timedelta(minutes=6)))


def test_a_delivery_keeps_its_id_however_often_it_is_tried() -> None:
    delivery = UUID("0123456789abcdef0123456789abcdef")
    headers = signed_headers(delivery, BODY, [new_secret()], now=datetime.now(UTC))
    assert headers["webhook-id"] == "msg_0123456789abcdef0123456789abcdef"


@given(st.text(), st.binary(min_size=24, max_size=64))
def test_any_text_under_any_secret_is_signed_as_the_library_signs_it(written: str, key: bytes) -> None:
    body, secret, now = json.dumps({"data": written}).encode(), written_secret(key), datetime.now(UTC)
    headers = signed_headers(UUID(int=1), body, [secret], now=now)
    assert headers["webhook-signature"] == Webhook(secret).sign(headers["webhook-id"], now, body.decode())


def test_a_secret_that_is_none_is_refused() -> None:
    with pytest.raises(binascii.Error):
        signed("whsec_bm90IGJhc2U2NA==!")
