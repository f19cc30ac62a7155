"""A link as a QR code (ISO/IEC 18004), as SVG. Error correction M: an eighth of it may be dirty."""

import io

import segno

QUIET = 4  # modules of white around it, as the standard asks


def _code(link: str) -> segno.QRCode:
    return segno.make(link, error="m", micro=False)


def inline(link: str) -> str:
    """For a page: as large as its box. Black on white whatever the page's colours, or telephones cannot read it."""
    return _code(link).svg_inline(border=QUIET, omitsize=True, dark="#000", light="#fff", svgclass="qr")


def file(link: str, module: int = 10) -> bytes:
    """A file of its own, for somebody's own poster or slides; each module is so many pixels wide."""
    content = io.BytesIO()
    _code(link).save(content, kind="svg", border=QUIET, scale=module, dark="#000", light="#fff")
    return content.getvalue()
