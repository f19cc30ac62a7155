"""Colour profiles and pictures made byte by byte, and what their colours are by the textbook, without littleCMS.

Profiles: ICC.1:2001-04 (version 2). sRGB: IEC 61966-2-1. Adaptation from D50 to D65: Bradford.
"""

import struct
import zlib

import numpy as np

BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D50, D65 = np.array([0.96422, 1.0, 0.82521]), np.array([0.95047, 1.0, 1.08883])
ADOBE_RGB = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]
DISPLAY_P3 = [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)]
SRGB = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]


def to_xyz(primaries: list[tuple[float, float]]) -> np.ndarray:
    """The matrix from linear RGB to XYZ for white D65."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    return columns * np.linalg.solve(columns, D65)


def adapted(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The matrix that takes XYZ under one white to XYZ under another."""
    gains = (BRADFORD @ target) / (BRADFORD @ source)
    return np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD


def srgb_of(xyz: np.ndarray) -> np.ndarray:
    """XYZ under D65, (…, 3), as sRGB in 0..255."""
    linear = np.clip(xyz @ np.linalg.inv(to_xyz(SRGB)).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def srgb_of_lab(lab: tuple[float, float, float]) -> np.ndarray:
    """CIE Lab under D50 as sRGB in 0..255."""
    level, a, b = lab
    f = np.array([(level + 16) / 116 + a / 500, (level + 16) / 116, (level + 16) / 116 - b / 200])
    xyz = D50 * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return srgb_of(adapted(D50, D65) @ xyz)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    head = b"\0" * 4 + struct.pack(">I", 0x02400000) + device + space + connection + b"\0" * 12 + b"acsp"
    head += b"\0" * 28 + _fixed(*D50) + b"\0" * 48
    return struct.pack(">I", 4 + len(head) + len(table) + len(data)) + head + table + data


def _gamma(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))


def rgb_profile(primaries: list[tuple[float, float]], gamma: float) -> bytes:
    matrix = adapted(D65, D50) @ to_xyz(primaries)
    tags = {b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50)}
    for letter, column in zip(b"rgb", matrix.T, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*column)
        tags[bytes([letter]) + b"TRC"] = _gamma(gamma)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(
        b"mntr", b"GRAY", b"XYZ ", {b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50), b"kTRC": _gamma(gamma)}
    )


def cmyk_profile(inks: dict[tuple[int, ...], tuple[int, int, int]]) -> bytes:
    """A printer whose colours are given in Lab for all or none of each ink; what is not given is black."""
    table = b""
    for number in range(16):
        level, a, b = inks.get(tuple((number >> shift) & 1 for shift in (3, 2, 1, 0)), (0, 0, 0))
        table += bytes([round(level * 2.55), a + 128, b + 128])
    straight = bytes(range(256))
    matrix = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + straight * 4 + table + straight * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50), b"A2B0": lut})


def png(pixels: np.ndarray, colour_type: int, **chunks: bytes) -> bytes:
    """A PNG of (H, W) or (H, W, channels), uint8 or uint16, with further chunks before the pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, colour_type, 0, 0, 0)
    more = b"".join(chunk(kind.encode(), data) for kind, data in chunks.items())
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + more
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def grey_tiff(pixels: np.ndarray, *, photometric: int = 1, sample: int = 1, order: str = "<") -> bytes:
    """A TIFF of (H, W) numbers. photometric 0: white is zero. sample 1, 2, 3: unsigned, signed, float."""
    height, width = pixels.shape
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    tags = [(256, width), (257, height), (258, 8 * pixels.itemsize), (259, 1), (262, photometric), (273, 8), (277, 1),
            (278, height), (279, len(data)), (339, sample)]  # fmt: skip
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return (
        mark
        + struct.pack(f"{order}I", 8 + len(data))
        + data
        + struct.pack(f"{order}H", len(tags))
        + entries
        + b"\0" * 4
    )
