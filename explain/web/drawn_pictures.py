"""Pictures that staff look at and no study shows: drawn when they are asked for, and kept for a while, so many and no more.

They lie in a cache of this machine (settings.CACHES), not in storage: no backup carries them, and any of them may go.
"""

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress

from django.core.cache import caches
from django.http import HttpResponse

from explain.cam.rendering import encoding, render
from explain.map_sources import source_of
from explain.maps import draw_pictures, side_by_side
from explain.models import ExplanationMap, Image

from .stored_pictures import HEADERS

log = logging.getLogger(__name__)


def drawn_picture(row: Image | ExplanationMap, kind: str, cells: int | None = None) -> HttpResponse:
    """A photo's frame, or one kind of picture of a map with an array, averaged to so many cells a side where a study shows it so. Raises BadInputError where it cannot be drawn."""
    cache, key = caches["thumbnails"], _key(row, kind, cells)
    content = None
    with suppress(OSError):  # a cache that cannot be read is an empty one
        content = cache.get(key)
    if not isinstance(content, bytes) or not encoding.is_whole(content):
        content = render.jpeg(_draw(row, kind, cells))
        try:
            cache.set(key, content)
        except OSError as error:  # a full disk keeps nobody from looking
            log.warning("a picture could not be kept in %s: %s", "DATA_DIR/thumbnails", error)
    return HttpResponse(content, content_type="image/jpeg", headers=HEADERS)


def drawn_side_by_side(rows: Sequence[ExplanationMap], kind: str, cells: int | None = None) -> HttpResponse:
    """Maps of one photo side by side. Not kept: it is a dry run's, or of a draft. Raises BadInputError where it cannot be drawn."""
    photo = rows[0].image
    maps = [(row, source_of(row).extent(row, photo) if source_of(row).is_drawn else None) for row in rows]
    content = render.jpeg(side_by_side(draw_pictures(photo, kind, maps, cells=cells)))
    return HttpResponse(content, content_type="image/jpeg", headers=HEADERS)


def _draw(row: Image | ExplanationMap, kind: str, cells: int | None):
    if isinstance(row, Image):
        return draw_pictures(row, kind, [], with_photo=True)[0]
    return draw_pictures(row.image, kind, [(row, source_of(row).extent(row, row.image))], cells=cells)[0]


def _key(row: Image | ExplanationMap, kind: str, cells: int | None) -> str:
    """What the picture depends on: keys of rows are used again where rows are deleted, so they are not enough."""
    if isinstance(row, Image):
        facts = [row.content_sha256, row.width, row.height]
    else:
        extent = source_of(row).extent(row, row.image)
        facts = [row.values_sha256, row.height, row.width, extent, row.image.content_sha256, cells]
    return hashlib.sha256(repr((type(row).__name__, row.pk, kind, facts)).encode()).hexdigest()
