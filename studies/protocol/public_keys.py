"""The public keys with which a recruitment site signs its links, as a protocol gives them.

Either the JSON that the site publishes (a key set, or one key of it) or a PEM. RSA only, as RS256 asks, and no private key:
a protocol is published.
"""

import json
from functools import lru_cache

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, RSAKey

FEWEST_BITS = 2048


@lru_cache(maxsize=50)
def read_public_keys(text: str) -> KeySet:
    """The keys in a text.

    Raises:
        ValueError: it holds no keys, or any of them is no public RSA key of 2,048 bits or more.
    """
    try:
        keys: list[Key] = [_key(given) for given in _given(text)]
    except (JoseError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if not keys:
        raise ValueError("no key")
    return KeySet(keys)


def _given(text: str) -> list[dict | str]:
    if text.lstrip().startswith("-----BEGIN "):
        return [text.strip()]
    given = json.loads(text)
    return given.get("keys", [given])


def _key(given: dict | str) -> RSAKey:
    key = RSAKey.import_key(given)
    if key.is_private:
        raise ValueError("a private key")
    if key.raw_value.key_size < FEWEST_BITS:
        raise ValueError("too short a key")
    return key


def is_public_key(text: str) -> bool:
    """Whether a text holds keys that links can be checked with, and nothing but such."""
    try:
        read_public_keys(text)
    except (ValueError, RecursionError):
        return False
    return True
