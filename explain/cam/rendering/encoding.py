"""The files that volunteers are shown: WebP without metadata, all of a study of one length.

One encoder makes all pictures of a study, whichever arm they are of, and the pictures of one photo (its own, and those of
all its maps) have one quality: where one of them needs more bytes than MOST, all are encoded anew with less. Then all files of
the study are filled up to the length of its longest. So neither format, quality nor length depends on the arm.

WebP is shown by every browser that shows the trial page (docs/deploy.md), so there is no second form that would have to
be as blind.
"""

import hashlib
import io
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..errors import InputError

MOST = 40_000
"""Bytes that a picture should need at most: four of them, a photo with three maps, are 160 KB."""
QUALITIES = (85, 80, 75, 70, 60)
"""Of WebP, the first that fits. The last is taken where none does."""
EFFORT = 2
"""Of the encoder, 0 to 6: more takes twice the time for a twentieth of the bytes."""
STEP = 1000
"""Files of a study have a multiple of this as their length; it is even, as the length of a WebP is."""

_CHUNK = struct.Struct("<4sI")
_HEAD = 12  # RIFF, the length of what follows, WEBP
_EXTENDED = b"VP8X"  # says the size, and that chunks follow which nobody need know (RFC 9649, 2.7)
_FILLING = b"FILL"
_LEAST = 2 * _CHUNK.size + 10  # that filling up takes


class Layout(NamedTuple):
    """The chunks of a WebP by name, in their order, and how long the picture in it is."""

    chunks: tuple[str, ...]
    picture: int


def encode_alike(pictures: Sequence[np.ndarray]) -> list[bytes]:
    """Pictures (H, W, 3) uint8 of one photo as WebP, at one quality and each as long as it is: `filled` makes them equally long."""
    files: list[bytes] = []
    for quality in QUALITIES:
        files = [_webp(picture, quality) for picture in pictures]
        if max(map(needed, files), default=0) <= MOST:
            break
    return files


def _webp(picture: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=EFFORT)
    return buffer.getvalue()


def needed(file: bytes) -> int:
    """The least length that a WebP by `encode_alike`, filled up or not, can be filled up to."""
    return len(_bare(file)) + _LEAST


def common_length(needs: Iterable[int]) -> int:
    """The length that all files of a study get, from what each of them needs: a multiple of STEP.

    >>> common_length([11_000, 23_456])
    24000
    """
    return -(-max(needs, default=0) // STEP) * STEP


def filled(file: bytes, length: int) -> bytes:
    """A WebP by `encode_alike` with exactly `length` bytes; it decodes to the same pixels, whatever it was filled up to before.

    What it is filled up with is a chunk that decoders pass over, and does not compress.

    Raises InputError where the file is longer already, or the length is odd.
    """
    bare = _bare(file)
    missing = length - len(bare) - _LEAST
    if missing < 0 or length % 2:
        raise InputError(
            f"a picture of {len(bare)} bytes cannot have {length}; give an even length of {len(bare) + _LEAST} or more"
        )
    width, height = _size_of(bare)
    extended = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = _chunk(_EXTENDED, extended) + bare[_HEAD:] + _chunk(_FILLING, _filling(missing))
    return _riff(chunks)


def layout(file: bytes) -> Layout | None:
    """What a WebP is made of; None where these bytes are no whole one."""
    if len(file) < _HEAD or file[:4] != b"RIFF" or file[8:12] != b"WEBP":
        return None
    if int.from_bytes(file[4:8], "little") != len(file) - 8:
        return None
    chunks, picture, at = [], 0, _HEAD
    while at + _CHUNK.size <= len(file):
        name, length = _CHUNK.unpack_from(file, at)
        chunks.append(name.decode("latin-1"))
        picture += length if name.startswith(b"VP8 ") else 0
        at += _CHUNK.size + length + length % 2
    return Layout(tuple(chunks), picture) if at == len(file) else None


def is_whole(file: bytes) -> bool:
    """Whether these bytes are a whole picture, as far as their ends say: a WebP, or a JPEG as they were made before."""
    return layout(file) is not None or (file.startswith(b"\xff\xd8") and file.endswith(b"\xff\xd9"))


def _bare(file: bytes) -> bytes:
    """The file as the encoder gave it."""
    found = layout(file)
    if found is None or "VP8 " not in found.chunks:
        raise InputError("these bytes are no WebP of this site; make the picture again")
    at = _HEAD
    while file[at : at + 4] != b"VP8 ":
        at += _CHUNK.size + _CHUNK.unpack_from(file, at)[1]
    length = _CHUNK.unpack_from(file, at)[1]
    return _riff(file[at : at + _CHUNK.size + length + length % 2])


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WEBP" + chunks


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(name, len(content)) + content + bytes(len(content) % 2)


def _size_of(bare: bytes) -> tuple[int, int]:
    """(width, height) of a key frame of VP8 (RFC 6386, 9.1): 14 bits each, after three bytes of its tag and three of its sign."""
    at = _HEAD + _CHUNK.size + 6
    width, height = struct.unpack_from("<HH", bare, at)
    return width & 0x3FFF, height & 0x3FFF


def _filling(length: int) -> bytes:
    if length > len(_bytes_kept()):
        return hashlib.shake_128(b"filling").digest(length)
    return _bytes_kept()[:length]


@cache
def _bytes_kept() -> bytes:
    return hashlib.shake_128(b"filling").digest(MOST)
