"""The address of a picture: its file, its hash and when the address runs out, sealed so that nobody reads or changes them.

AES-GCM under a key that is derived from SECRET_KEY, with a nonce drawn anew for each address: the same picture never has the
same address in two trials or for two people, and all addresses are equally long. Whoever has an address sees its picture until it runs out, so opening
one asks no database. Addresses that were sealed with one of SECRET_KEY_FALLBACKS open, too.
"""

import base64
import re
import secrets
import struct
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from django.conf import settings

from studies.core.sealing import NONCE, ciphers

LIFE = (
    6 * 3600
)  # seconds; a page that is looked at asks for new addresses every two minutes (static/js/trial.js)
PURPOSE = b"studies.participation.picture_addresses"
HEAD = struct.Struct(">I32s")  # when it runs out, in seconds since 1970; SHA-256, or zeros
ROOM = 32  # bytes for a name; a longer one takes a multiple
UNSEALED = bytes(32)
SAME_FOR = 600  # seconds in which the pictures of one trial in somebody's hand keep their addresses
KEPT = 5000  # trials in people's hands whose addresses a process knows, some 1 KB each
RANDOM_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{46})\.(\w{1,6})", re.ASCII)  # explain.models.random_name


class Picture(NamedTuple):
    """A stored picture: its name in storage, and the SHA-256 that it was sealed with; b"" where its study was never opened."""

    name: str
    sha256: bytes = b""


def seal(picture: Picture) -> str:
    """The address of a picture, without what stands before it: 128 characters that are safe in a URL, other ones each time."""
    name = _packed(picture.name)
    runs_out = int(time.time()) + LIFE
    plain = HEAD.pack(runs_out, picture.sha256 or UNSEALED) + name.ljust(-(-len(name) // ROOM) * ROOM, b"\0")
    nonce = secrets.token_bytes(NONCE)
    sealed = next(ciphers(PURPOSE)).encrypt(nonce, plain, None)
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def seal_trial(participant: int, position: int, pictures: Iterable[Picture]) -> tuple[str, ...]:
    """The addresses of one trial's pictures in somebody's hand. A browser is handed a trial again with each answer before it."""
    return _sealed(settings.SECRET_KEY, int(time.time()) // SAME_FOR, participant, position, tuple(pictures))


@lru_cache(maxsize=KEPT)
def _sealed(
    _secret: str | bytes, _time: int, _participant: int, _position: int, pictures: tuple[Picture, ...]
) -> tuple[str, ...]:
    return tuple(seal(picture) for picture in pictures)


def opened(address: str) -> Picture | None:
    """The picture that `seal` gave this address; None where it did not, or the address has run out."""
    try:
        content = base64.b64decode(address + "=" * (-len(address) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    for cipher in ciphers(PURPOSE):
        try:
            plain = cipher.decrypt(content[:NONCE], content[NONCE:], None)
        except (InvalidTag, ValueError):  # another key's, changed, or too short to be one
            continue
        runs_out, sha256 = HEAD.unpack_from(plain)
        if runs_out < time.time():
            return None
        return Picture(_unpacked(plain[HEAD.size :]), b"" if sha256 == UNSEALED else sha256)
    return None


def _packed(name: str) -> bytes:
    """A name as it is put into an address. One of random_name, as all pictures' are, takes 32 bytes at most."""
    if match := RANDOM_NAME.fullmatch(name):
        return b"\1" + bytes.fromhex(match[1] + match[2]) + match[3].encode()
    return b"\0" + name.encode()


def _unpacked(packed: bytes) -> str:
    if packed[:1] == b"\0":
        return packed[1:].rstrip(b"\0").decode()
    token, extension = packed[1:25].hex(), packed[25:].rstrip(b"\0").decode()
    return f"{token[:2]}/{token[2:]}.{extension}"
