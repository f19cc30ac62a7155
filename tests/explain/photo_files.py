"""Photos on disk for tests, seeded, in the three layouts."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def photo_bytes(seed: int, size: tuple[int, int] = (80, 60), kind: str = "JPEG", **save) -> bytes:
    """A picture of smooth seeded colours, (width, height)."""
    small = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(file, kind, **save)
    return file.getvalue()


def make_folder(root: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def make_zip(path: Path, files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def two_classes() -> dict[str, bytes]:
    """Three photos in a folder for each class."""
    return {
        "hammer/1.jpg": photo_bytes(1),
        "hammer/2.jpg": photo_bytes(2),
        "solar_dish/a.png": photo_bytes(3, kind="PNG"),
    }


def raw_zip(
    path: Path, files: dict[bytes, bytes], *, flags: int = 0, system: int = 0, extra: bytes = b""
) -> Path:
    """A ZIP with the bytes of its names as they are given, as no library writes them: stored, one field `extra` each."""
    body = directory = b""
    for name, content in files.items():
        sizes = struct.pack("<III", zlib.crc32(content), len(content), len(content))
        known = (
            struct.pack("<HHHHH", 20, flags, 0, 0, 0x21) + sizes + struct.pack("<HH", len(name), len(extra))
        )
        directory += b"PK\x01\x02" + struct.pack("<BB", 20, system) + known
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name + extra
        body += b"PK\x03\x04" + known + name + extra + content
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)
    return path
