"""Pictures of a trial, by position and slot, for the participant who holds it and nobody else."""

from mimetypes import guess_type
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from studies.models import CheckMap, ItemMap, Participant, Trial

from .decorators import participant_required
from .sealed_pictures import PictureGoneError, check_file, content_of, sealed_hash


@require_safe
@participant_required()
def picture(
    request: HttpRequest, participant: Participant, token: str, position: int, slot: int
) -> HttpResponse:
    """Slot 0 is the photo, 1…k are the maps as this trial orders them.

    A picture that is not what was sealed is a 503, never shown. Every picture has the same headers. They are set here one
    by one, so that nothing about the file (its name, its date, a hash of its bytes) reaches the browser.
    """
    before = participant.came_by.after if participant.came_by else 0
    own = participant.trials.filter(position=position + before, position__gt=before)
    trial = own.select_related("item__image").first()
    if trial is None or slot > len(trial.arms):
        raise Http404
    file = trial.item.image.picture if slot == 0 else _map_file(participant, trial, slot)
    sha256 = sealed_hash(participant.study, trial, slot)
    kind = guess_type(str(file.name))[0] or "application/octet-stream"
    response = HttpResponse(content_type=kind, headers={"Cache-Control": "private, max-age=3600"})
    try:
        if settings.ACCEL_REDIRECT:  # nginx takes this header out and sends the file in its place
            check_file(file, sha256)
            response.headers["X-Accel-Redirect"] = settings.ACCEL_REDIRECT + quote(str(file.name))
        else:
            response.content = content_of(file, sha256)
    except PictureGoneError:
        return _not_now()
    return response


def _not_now() -> HttpResponse:
    """No picture is better than a wrong one. The page asks again by itself, and says this sentence meanwhile."""
    headers = {"Cache-Control": "no-store", "Retry-After": "30"}
    words = gettext("A picture could not be loaded. Trying again…")
    return HttpResponse(words, status=503, content_type="text/plain; charset=utf-8", headers=headers)


def _map_file(participant: Participant, trial: Trial, slot: int):
    if trial.kind == Trial.Kind.CHECK:
        return CheckMap.objects.get(item=trial.item_id, place=trial.arms[slot - 1]).file
    shown = ItemMap.objects.select_related("map").defer("map__values")
    item_map = shown.get(item=trial.item_id, arm__index=trial.arms[slot - 1])
    return getattr(item_map.map, participant.study.picture)
