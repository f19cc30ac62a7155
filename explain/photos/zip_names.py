"""What the members of a ZIP are called: many programs write names in an encoding that they do not say. No Django here.

Said are only UTF-8 (a flag) and Info-ZIP's field of its own. Else the bytes are UTF-8 where all of them are (macOS), or
they are in one of the encodings of Western DOS and Windows: the one that gives the likeliest words for the whole ZIP.
"""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

from explain.core.errors import BadInputError

_SAYS_UTF_8 = 0x800
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field: version, CRC of the name as it stands, and the name in UTF-8
_WESTERN = ("cp437", "cp850", "cp1252")
_AS_IN_WINDOWS = "‘’“”–—…°´¡¿«»&+"  # signs that do stand in names
MOST_ODD = 1 / 3
"""More odd letters than this among the marked ones, and the encoding is none that is known here."""


def names_of(infos: Sequence[zipfile.ZipInfo], label: str) -> tuple[list[str], list[str]]:
    """The name of each member, in order, and a remark where an encoding was guessed.

    Raises BadInputError where the names are words in none of the encodings that are known here.
    """
    raw = [_unsaid(info) for info in infos]
    marked = {name for name in raw if name is not None and not name.isascii()}
    encoding = _encoding_of(marked, label) if marked else "ascii"
    names = [
        _said(info) if name is None else name.decode(encoding) for info, name in zip(infos, raw, strict=True)
    ]
    if encoding in ("ascii", "utf-8"):
        return names, []
    example = next(name for name in names if not name.isascii())
    return names, [
        f"{label} does not say in which encoding its names are; they were read as {encoding} ({example}). If that is wrong, "
        "make the ZIP again with a program that writes UTF-8, or give the unpacked folder."
    ]


def _unsaid(info: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name whose encoding is not said."""
    if info.flag_bits & _SAYS_UTF_8 or _unicode_path(info):
        return None
    return info.orig_filename.encode("cp437")  # zipfile read them so: every byte is a letter of it


def _said(info: zipfile.ZipInfo) -> str:
    return _unicode_path(info) or info.orig_filename


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """The name in Info-ZIP's own field; nothing where there is none, or where it belongs to an older name."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and not info.flag_bits & _SAYS_UTF_8:
            raw = info.orig_filename.encode("cp437", "replace")
            if struct.unpack("<I", field[1:5])[0] == zlib.crc32(raw):
                return field[5:].decode("utf-8", "replace")
    return ""


def _encoding_of(names: Iterable[bytes], label: str) -> str:
    """UTF-8 where all names are, else the encoding that leaves the fewest odd letters."""
    names = list(names)
    try:
        b"/".join(names).decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    odd = {encoding: _oddness([name.decode(encoding, "replace") for name in names]) for encoding in _WESTERN}
    best = min(_WESTERN, key=odd.__getitem__)
    if odd[best] > MOST_ODD:
        raise BadInputError(
            f"{label}: its names are in an encoding that it does not say (“{min(names).decode('cp437')}”); make the ZIP again "
            "with a program that writes UTF-8 (macOS and 7-Zip do), or give the unpacked folder"
        )
    return best


def _oddness(names: Iterable[str]) -> float:
    """The share of odd ones among the letters that are not ASCII: 0 in words that people write."""
    letters = odd = 0
    for name in names:
        for word in re.split(r"[/\\. _()-]", name):
            marked = [letter for letter in word if not letter.isascii()]
            letters += len(marked)
            odd += len(marked) if _is_all_marked(word) else sum(map(_is_odd, marked)) + _shouts_inside(word)
    return odd / letters


def _is_all_marked(word: str) -> bool:
    """Whether every letter of a longer word has a mark: no language of these encodings writes so."""
    return len(word) > 1 and not re.search("[A-Za-z0-9]", word)


def _is_odd(letter: str) -> bool:
    return not (unicodedata.name(letter, "").startswith("LATIN ") or letter in _AS_IN_WINDOWS)


def _shouts_inside(word: str) -> int:
    """How many marked capitals follow a small letter: “cafÚ” is “café” read in another encoding."""
    return sum(b.isupper() and not b.isascii() and a.islower() for a, b in pairwise(word))
