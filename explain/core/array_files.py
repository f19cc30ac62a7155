"""An array of a map as the bytes of a file: whole, compressed without loss, and unpacked within bounds. No Django.

    4 bytes   BSA1
    1 byte    bytes of a value: 4 is float32; 2 is float16, taken only where no bit is lost by it
    4 + 4     height and width, little-endian
    the rest  zlib: the first byte of every value, then the second of every value, and so on (little-endian)

Values of one map have similar exponents: byte by byte they compress to about 60 %, value by value hardly at all.
"""

import hashlib
import struct
import zlib

import numpy as np

HEAD = struct.Struct("<4sBII")
MAGIC = b"BSA1"
LEVEL = 4


class ArrayFileError(Exception):
    """Bytes that are no array of the expected size, whole and unharmed."""


def pack(cells: np.ndarray) -> bytes:
    """A map, (h, w) float32, as the bytes of a file.

    >>> unpack(pack(np.eye(2, dtype="<f4")), 2, 2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    values = np.ascontiguousarray(cells, "<f4")
    with np.errstate(over="ignore"):
        half = values.astype("<f2")
    if half.astype("<f4").tobytes() == values.tobytes():
        values = half
    size = values.dtype.itemsize
    planes = values.view(np.uint8).reshape(-1, size).T.tobytes()
    return HEAD.pack(MAGIC, size, *values.shape) + zlib.compress(planes, LEVEL)


def unpack(content: bytes, height: int, width: int) -> np.ndarray:
    """The map in the bytes of a file, (height, width) float32: the same bits that were packed.

    Raises ArrayFileError where they are anything else. Never takes more memory than an array of this size needs.
    """
    if len(content) < HEAD.size:
        raise ArrayFileError("it is cut off")
    magic, size, *shape = HEAD.unpack_from(content)
    if magic != MAGIC or size not in (2, 4):
        raise ArrayFileError("it is no array")
    if shape != [height, width]:
        raise ArrayFileError(f"it has {shape[0]} × {shape[1]} values, not {height} × {width}")
    expected = height * width * size
    stream = zlib.decompressobj()
    try:
        planes = stream.decompress(content[HEAD.size :], expected + 1)
    except zlib.error as error:
        raise ArrayFileError("it is damaged") from error
    if len(planes) != expected or not stream.eof:
        raise ArrayFileError("it is cut off or damaged")
    values = np.frombuffer(planes, np.uint8).reshape(size, -1).T.copy().view(f"<f{size}")
    return values.reshape(height, width).astype("<f4", copy=False)


def sha256_of_array(cells: np.ndarray) -> str:
    """SHA-256 of a map's values: float32, little-endian, row by row."""
    return hashlib.sha256(np.ascontiguousarray(cells, "<f4").data).hexdigest()
