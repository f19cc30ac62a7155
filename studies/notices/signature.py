"""The signature of a webhook: HMAC-SHA256 under a secret that both sides have, with the moment in it. Pure."""

import hashlib
import hmac

HEADER = "Blindsight-Signature"


def signed(body: bytes, secret: str, moment: int) -> str:
    """What stands in the header: `t=SECONDS,v1=HEX`, where HEX is of "SECONDS." and the body.

    Whoever receives it reckons HEX again from the raw body, compares it in constant time, and takes no `t` that is old.

    >>> signed(b"{}", "secret", 1700000000)[:31]
    't=1700000000,v1=3e7a17a10e8f2d5'
    """
    text = f"{moment}.".encode() + body
    return f"t={moment},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"
