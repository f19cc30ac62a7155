"""What kind of file something is, by its first bytes: names lie. No Django here.

Only the kinds of READ_KINDS are ever given to a decoder; of the others it is said what they are and what to do.
"""

import re
from dataclasses import dataclass

HEAD = 512
"""As many bytes of a file are needed to tell its kind."""

READ_KINDS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP")
"""Kinds of pictures that are read, as Pillow calls their decoders."""
EXTENSIONS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo", ".png", ".apng", ".webp", ".avif", ".heic", ".heif",
    ".hif", ".gif", ".tif", ".tiff", ".bmp", ".dib",
}  # fmt: skip
_RAW = {".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"}
# Pictures of kinds that are not read: named in an error instead of passed over.
OTHER_PICTURES = {".jp2", ".j2k", ".jxl", ".svg", ".psd", ".eps", *_RAW}
ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
_AS_JPEG = "save it as JPEG or leave it out"


@dataclass(frozen=True)
class _Sign:
    """Files of a kind begin so."""

    kind: str
    pattern: re.Pattern[bytes]
    remedy: str = _AS_JPEG


def _signs(*rows: tuple) -> tuple[_Sign, ...]:
    return tuple(_Sign(kind, re.compile(pattern, re.DOTALL), *remedy) for kind, pattern, *remedy in rows)


_UNPACK = "unpack it first, or leave it out"
_BOX = rb".{4}ftyp"  # the first box of a file of the ISO family: its brands say what it holds
_SIGNS = _signs(
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("GIF", rb"GIF8[79]a"),
    ("WEBP", rb"RIFF.{4}WEBP"),
    ("AVIF", _BOX + rb"avi[fs]|" + _BOX + rb"m[is]f1(?:.{4}){1,8}avi[fs]"),
    ("HEIF", _BOX + rb"(?:hei[cxms]|hev[cxms]|m[is]f1)"),
    ("BMP", rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}"),
    ("a raw file of a camera", rb"II\*\0.{4}CR|FUJIFILMCCD-RAW|" + _BOX + rb"crx "),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("a JPEG 2000 picture", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("a JPEG XL picture", rb"\0\0\0\x0cJXL |\xff\x0a"),
    ("a Photoshop file", rb"8BPS"),
    ("a PDF", rb"%PDF"),
    ("an EPS file", rb"%!PS"),
    ("a ZIP", rb"PK\x03\x04|PK\x05\x06", _UNPACK),
    ("another archive", rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ|.{257}ustar", _UNPACK),
    ("a film", _BOX + rb"|\x1a\x45\xdf\xa3"),
    (
        "a place-holder of Git LFS",
        rb"version https://git-lfs",
        "fetch the photos themselves (git lfs pull)",
    ),
    ("an SVG drawing", rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?|<!--.*?)?(?i:<svg)"),
    (
        "a web page",
        rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:!doctype )?html)",
        "save the photo itself, not the page that shows it",
    ),
    ("an empty file", rb"\Z", "copy the photo again, or leave it out"),
)


def kind_of(head: bytes) -> str:
    """The kind of a file that begins with `head` (HEAD bytes of it): one of READ_KINDS, other words, or nothing.

    >>> kind_of(b"GIF89a..."), kind_of(b"%PDF-1.7"), kind_of(b"dear diary")
    ('GIF', 'a PDF', '')
    """
    sign = _sign_of(head)
    return sign.kind if sign else ""


def is_read(head: bytes) -> bool:
    return kind_of(head) in READ_KINDS


def is_raw(name: str) -> bool:
    """Whether a file is called as cameras call their raw files: inside, most look like a TIFF with a small picture."""
    return name[name.rfind(".") :].lower() in _RAW


def why_not_read(name: str, head: bytes) -> str:
    """What a file is that cannot be read as a photo, and what to do."""
    if is_raw(name):
        return f"is a raw file of a camera, which has no colours of its own yet; {_AS_JPEG}"
    sign = _sign_of(head)
    if sign is None:
        return (
            "not a picture that is read here (JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP), whatever its name says; "
            "convert it or leave it out"
        )
    return f"is {sign.kind}, not a photo; {sign.remedy}"


def _sign_of(head: bytes) -> _Sign | None:
    return next((sign for sign in _SIGNS if sign.pattern.match(head[:HEAD])), None)
