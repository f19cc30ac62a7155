"""Files that people send, as strategies: sound ones, the same damaged anywhere, and known attacks."""

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import tomli_w
from hypothesis import strategies as st
from PIL import Image

from tests.explain.cam.program_files import hostile_programs, saved, small
from tests.explain.photo_files import photo_bytes
from tests.explain.photos.test_refuse_photos import png_header

NAMES = [
    *("hammer/1.jpg", "hammer/2.png", "solar_dish/a.webp", "top/hammer/3.jpg", "4.jpg", "hammer/notes.txt"),
    *(
        "manifest.csv",
        "top/manifest.csv",
        "__MACOSX/hammer/._1.jpg",
        "hammer/Thumbs.db",
        "hammer/.hidden.jpg",
    ),
    *(
        "../out.jpg",
        "/etc/out.jpg",
        "hammer/../../out.jpg",
        "C:\\out.jpg",
        "..\\out.jpg",
        "hammer//5.jpg",
        "./6.jpg",
    ),
    *(
        "hammer/\0.jpg",
        "hammer/\n.jpg",
        "hammer/" + "x" * 300 + ".jpg",
        "d/" * 200 + "7.jpg",
        "",
        "/",
        "hammer/",
    ),
    *(
        "hammer/<script>alert(1)</script>.jpg",
        "hammer/‮gpj.exe",
        "ham\U0001f528mer/8.jpg",
        "=1+1/9.jpg",
        "CON/nul.jpg",
    ),
]
CELLS = [
    *(
        "1.jpg",
        "hammer/1.jpg",
        "hammer",
        "solar dish",
        "587",
        "0",
        "1",
        "-1",
        "999",
        "1000",
        "1e400",
        "nan",
        "-0",
        "",
    ),
    *(
        "9" * 400,
        "0 0 10 10",
        "0 0 10 10; 5 5 6 6",
        "1 2 nan 4",
        "10 10 0 0",
        "0 0 1e9 1e9",
        "same",
        "grad-cam",
    ),
    *(
        "=HYPERLINK(1)",
        "x" * 600,
        "\0",
        "a\udcffb".encode(errors="surrogateescape").decode("latin-1"),
        "²",
        "٣",
        "+2",
        "−2",
    ),
]


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """The bytes with a few of them changed, cut off, put in, left out or sent twice."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(found) - 1, 0)))
        length = draw(st.integers(1, 40))
        change = draw(st.sampled_from(["flip", "cut", "insert", "drop", "repeat", "fill"]))
        if change == "flip" and found:
            found[at] ^= draw(st.integers(1, 255))
        elif change == "cut":
            del found[at:]
        elif change == "insert":
            found[at:at] = draw(st.binary(max_size=length))
        elif change == "drop":
            del found[at : at + length]
        elif change == "repeat":
            found[at:at] = found[at : at + length]
        elif found:
            found[at : at + length] = bytes([draw(st.sampled_from([0, 255]))]) * length
    return bytes(found)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture(mode: str, kind: str, **save) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (9, 7)).save(file, kind, **save)
    return file.getvalue()


@cache
def sound_photos() -> list[bytes]:
    kinds = [photo_bytes(number, (60, 50), kind) for number, kind in enumerate(("JPEG", "PNG", "WEBP"))]
    modes = [_picture(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGBA", "I;16")]
    return [
        *kinds,
        *modes,
        _picture("CMYK", "JPEG"),
        _picture("RGB", "JPEG", exif=b"Exif\0\0MM\0*" + b"\xff" * 30),
    ]


@cache
def planted_photos() -> list[bytes]:
    """Bombs, files of other kinds, and pictures that are a page or a program too."""
    png = _picture("RGB", "PNG")
    bomb = zlib.compress(b"\0" * 5_000_000, 9)
    return [
        *(png_header(*size) for size in ((60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 0), (7000, 7000))),
        png[:33] + _chunk(b"iCCP", b"x\0\0" + bomb) + png[33:],
        png[:33] + _chunk(b"zTXt", b"x\0\0" + bomb) + png[33:],
        png + b"<script>alert(1)</script>",
        _picture("RGB", "GIF"),
        _picture("RGB", "TIFF"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03",
        b"MZ\x90\0",
        b"",
    ]


def archive_of(photo: bytes) -> bytes:
    """A sound ZIP with this one photo."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("hammer/1.jpg", photo)
    return file.getvalue()


def photos() -> st.SearchStrategy[bytes]:
    sound = st.sampled_from(sound_photos())
    return st.one_of(sound, sound, st.sampled_from(planted_photos()), sound.flatmap(damaged))


def tables(*columns: str) -> st.SearchStrategy[bytes]:
    """A CSV with these columns, or nearly so."""
    cell = st.one_of(st.sampled_from(CELLS), st.sampled_from(CELLS), st.text(max_size=8))
    rows = st.lists(st.lists(cell, min_size=len(columns) - 1, max_size=len(columns) + 1), max_size=5)
    heads = st.one_of(st.just(list(columns)), st.permutations(columns).map(lambda names: names[1:]))
    text = st.tuples(heads, rows).map(lambda given: "\n".join(map(",".join, [given[0], *given[1]])))
    whole = text.map(lambda text: text.encode("utf-8", "replace"))
    return st.one_of(whole, whole, whole.map(lambda raw: b"\xef\xbb\xbf" + raw), whole.flatmap(damaged))


MANIFEST = ("file", "class_name", "class_index", "boxes", "width", "height", "author")
BOXES = ("file", "x1", "y1", "x2", "y2")


@st.composite
def archives(draw) -> bytes:
    """A ZIP of photos."""
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    ) as archive:
        for number in range(draw(st.integers(0, 3))):
            archive.writestr(f"hammer/{number}.jpg", draw(photos()))
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)):
            content = draw(tables(*MANIFEST) if name.endswith("csv") else photos())
            info = zipfile.ZipInfo(name or "x")
            info.external_attr = draw(st.sampled_from([0o644, 0o120777, 0o060600, 0o040755])) << 16
            archive.writestr(info, content)
        if draw(st.integers(0, 30)) == 0:
            archive.writestr("hammer/bomb.png", b"\0" * 3_000_000, zipfile.ZIP_DEFLATED)
    return draw(st.one_of(st.just(file.getvalue()), damaged(file.getvalue())))


def uploads_of_photos() -> st.SearchStrategy[tuple[str, bytes, bytes | None]]:
    """The name of a ZIP, itself, and a file of boxes or none."""
    names = st.sampled_from(
        ["photos.zip", "../../out.zip", "<b>.zip", "é‮.zip", "x" * 250 + ".zip", ".zip", "a.txt"]
    )
    boxes = st.one_of(st.none(), st.none(), tables(*BOXES), tables("file", "boxes"), photos())
    return st.tuples(names, archives(), boxes)


class _Runs:
    """A pickle that runs a program when it is read without care."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


@cache
def sound_weights() -> list[tuple[str, bytes]]:
    import torch
    from safetensors.torch import save

    state = {"conv.weight": torch.ones(2, 2), "conv.bias": torch.zeros(2, dtype=torch.int64)}
    found = [("a.safetensors", save(state))]
    for zipped, what in (
        (True, state),
        (False, state),
        (True, {"state_dict": state}),
        (True, [1, "two"]),
        (True, 3),
    ):
        file = io.BytesIO()
        torch.save(what, file, _use_new_zipfile_serialization=zipped)
        found.append(("a.pth", file.getvalue()))
    return found


@cache
def planted_weights() -> list[tuple[str, bytes]]:
    def safetensors(header: object, length: int | None = None, body: bytes = b"") -> tuple[str, bytes]:
        text = json.dumps(header).encode()
        return "a.safetensors", struct.pack("<Q", len(text) if length is None else length) + text + body

    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    return [
        ("a.pth", pickle.dumps(_Runs())),
        ("a.pt", pickle.dumps({"state_dict": _Runs()}, protocol=0)),
        ("a.bin", b"\x80\x02cos\nsystem\nq\0X\4\0\0\0trueq\1\x85q\2Rq\3."),
        safetensors({}, length=2**63),
        safetensors({"w": one}, body=b"\0" * 4),
        safetensors({"w": {**one, "shape": [2**40, 2**40]}}, body=b"\0" * 8),
        safetensors({"w": {**one, "dtype": "NONE"}}, body=b"\0" * 8),
        safetensors({"w": {**one, "data_offsets": [8, 0]}}, body=b"\0" * 8),
        safetensors({"w": one, "v": one}, body=b"\0" * 8),
        safetensors([1, 2, 3]),
        safetensors("x" * 10_000),
        ("a.safetensors", b"\0" * 8),
        ("a.pth", b"PK\x05\x06" + b"\0" * 18),
        *((name, hostile_programs(Path("pwned"))["sample inputs"]) for name in ("a.pt", "a.pth", "a.bin")),
        ("a.pt", saved({"state_dict": small(), "more": _Runs()})),
    ]


def weights() -> st.SearchStrategy[tuple[str, bytes]]:
    sound = st.sampled_from(sound_weights())
    broken = sound.flatmap(lambda one: damaged(one[1]).map(lambda content: (one[0], content)))
    return st.one_of(sound, broken, broken, st.sampled_from(planted_weights()))


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            ["", "x" * 5000, "grad-cam", "tiny", "javascript:alert(1)", "{link}", "<b>", "same", "a b"]
        ),
        st.sampled_from([0, -1, 1, 10**6, 2**63 - 1, 2**63, -(2**70), True, False, 0.5]),
        st.sampled_from([float("inf"), float("nan")]),
        st.text(max_size=10),
        st.datetimes(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def protocols(draw, source: dict) -> bytes:
    """A study.toml in which a few things were replaced, taken away or added, or whose bytes are damaged."""
    changed = json.loads(json.dumps(source))
    for _ in range(draw(st.integers(0, 3))):
        place, key = changed, draw(st.sampled_from(sorted(changed) or ["x"]))
        while isinstance(place.get(key), dict) and place[key] and draw(st.booleans()):
            place, key = place[key], draw(st.sampled_from(sorted(place[key])))
        if draw(st.integers(0, 4)) == 0:
            place.pop(key, None)
        else:
            place[draw(st.sampled_from([key, key, key, "new"]))] = draw(VALUES)
    whole = tomli_w.dumps(changed).encode("utf-8", "replace")
    return draw(st.one_of(st.just(whole), st.just(whole), damaged(whole)))
