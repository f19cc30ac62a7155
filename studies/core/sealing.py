"""Text that is kept so that the database, and whoever has a copy of it, cannot read it: AES-GCM under keys made of SECRET_KEY.

Each purpose has a key of its own, so nothing that was sealed for one opens for another. What was sealed with one of
SECRET_KEY_FALLBACKS opens, too.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes


@lru_cache(maxsize=16)
def cipher(secret: str | bytes, purpose: bytes) -> AESGCM:
    """What seals and opens for one purpose (64 bytes at most), under a key of 32 bytes that is made of `secret`."""
    secret = secret.encode() if isinstance(secret, str) else secret
    return AESGCM(hashlib.blake2b(purpose, key=hashlib.sha512(secret).digest(), digest_size=32).digest())


def ciphers(purpose: bytes) -> Iterator[AESGCM]:
    """That of today's SECRET_KEY first, which alone seals; then those of the keys of before."""
    return (cipher(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def seal(text: str, *, purpose: bytes, bound_to: str) -> str:
    """`text`, sealed: another text each time, in letters that fit a URL. It opens only together with `bound_to`."""
    nonce = secrets.token_bytes(NONCE)
    sealed = next(ciphers(purpose)).encrypt(nonce, text.encode(), bound_to.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def opened(sealed: str, *, purpose: bytes, bound_to: str) -> str | None:
    """The text that was sealed; None where it was changed, belongs to something else, or its key is not here any more."""
    try:
        content = base64.b64decode(sealed, altchars=b"-_", validate=True)
    except ValueError:
        return None
    for each in ciphers(purpose):
        try:
            return each.decrypt(content[:NONCE], content[NONCE:], bound_to.encode()).decode()
        except (InvalidTag, ValueError):  # another key's, changed, or too short to be one
            continue
    return None
