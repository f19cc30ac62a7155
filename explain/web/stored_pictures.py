"""Stored pictures as they are sent to staff: what was changed on the disk is said, and not shown.

Which pictures have a hash on record, this app does not know: the app that seals them says so (`register`).
"""

import hashlib
import io
from collections.abc import Callable

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse

from explain.cam.rendering import encoding
from explain.models import ExplanationMap, Image

HEADERS = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
CHANGED = (
    "This picture is not what was stored: its file was changed or cut off. manage.py check_files --bytes names all such files; "
    "restore them from a backup.\n"
)
Row = Image | ExplanationMap
Hashes = Callable[[Row, str], set[str]]
_registered: list[Hashes] = []


def register(hashes: Hashes) -> None:
    """Tell of hashes of a row's picture of a kind, once for each process: another app does it in its `AppConfig.ready`."""
    if hashes not in _registered:
        _registered.append(hashes)


def stored_picture(row: Row, kind: str) -> FileResponse | HttpResponse:
    """A row's picture; 503 where it is not the one that was sealed, or not whole. Raises Http404 where it is not there."""
    file: FieldFile = getattr(row, kind)
    try:
        with file.open("rb") as opened:
            content = opened.read()
    except (FileNotFoundError, ValueError) as error:
        raise Http404("the picture is not in storage") from error
    known = {sha256 for hashes in _registered for sha256 in hashes(row, kind)}
    if not encoding.is_whole(content) or (known and hashlib.sha256(content).hexdigest() not in known):
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(CHANGED, status=503, content_type="text/plain; charset=utf-8", headers=headers)
    content_type = "image/webp" if encoding.layout(content) else "image/jpeg"
    return FileResponse(io.BytesIO(content), content_type=content_type, headers=HEADERS)
