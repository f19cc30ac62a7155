"""Who comes by an invitation, and what proves that they are who they say.

A recruitment site's id is no key: it stands in links, and others can read it. Two things prove that somebody who comes again
is the same person: the device on which they joined, by a secret in its cookie, and the site's own signature (signed_ids.py).
A device's secret and somebody's number in the study make the token of their link there, so the same device always comes to
the same link, also where a page was sent twice, and no token is kept anywhere.
"""

import base64
from dataclasses import dataclass, field
from datetime import timedelta

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac

from studies.models import FurtherLink, Participant, Study, hash_token, new_token
from studies.trials import participant_of, somebody_who_left

from . import recruitment_sites, signed_ids

SALT = "studies.participation.arrivals"
KEPT = timedelta(days=180)  # the cookie, after the last time that somebody came by an invitation


@dataclass(frozen=True)
class Arrival:
    """Somebody at an invitation, as far as it is known who they are."""

    external_id: str = ""  # `prolific:PID`; "" without a recruitment site
    external: dict[str, str] = field(default_factory=dict)  # all that the site passed on
    is_signed: bool = False  # whether the site vouches for it
    device: str = ""  # the secret of their device; "" without a recruitment site
    address: str = ""  # where they ask from, for the limit of joins

    def token_of(self, study: Study, number: int) -> str:
        """The token of the link that the participant of this number has on this device; a new one without a device."""
        if not self.device:
            return new_token()
        secret = salted_hmac(SALT, f"{study.slug} {number}", secret=self.device, algorithm="sha256")
        return base64.urlsafe_b64encode(secret.digest()).rstrip(b"=").decode()

    def remembered_in(self, response: HttpResponse, study: Study) -> HttpResponse:
        """Have the device know itself again. Nothing is set for who comes without a recruitment site."""
        if self.device:
            vouched_for = self.external_id if self.is_signed else ""
            response.set_cookie(
                _cookie(study),
                signing.dumps([self.device, vouched_for], salt=f"{SALT}:{study.slug}"),
                max_age=KEPT,
                path=_path(),
                samesite="Lax",
                httponly=True,
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response


NOBODY_KNOWN = Arrival()


def read_arrival(request: HttpRequest, study: Study) -> Arrival | str:
    """Who comes, or the name of a refusal: `unsigned`, `unfilled`."""
    ids, signed = request.GET.dict(), None
    device, vouched_for = _device(request, study)
    recruitment = study.protocol.get("recruitment", {})
    if keys := recruitment.get("prolific_key"):
        signed = signed_ids.read(
            ids.get(signed_ids.PARAMETER, ""),
            keys=keys,
            host=request.get_host(),
            study_id=recruitment.get("prolific_study", ""),
        )
        if signed is None:
            return "unsigned"
        ids = signed.ids
    if recruitment_sites.is_unfilled(ids, recruitment):
        return "unfilled"
    external_id, external = recruitment_sites.read_parameters(ids, recruitment)
    # Who reads the consent page for long, or comes back to it, brings a signature that has run out: their device was
    # there while it was good.
    if signed and (not external_id or (signed.is_over and external_id != vouched_for)):
        return "unsigned"
    return Arrival(
        external_id=external_id,
        external=external,
        is_signed=signed is not None,
        device=(device or new_token()) if external_id else "",
        address=get_client_ip_address(request) or "",
    )


def forget(response: HttpResponse, study: Study) -> HttpResponse:
    """Take the secret off a device."""
    response.delete_cookie(_cookie(study), path=_path(), samesite="Lax")
    return response


def somebody_by(token: str) -> Participant | None:
    """Whose link this is, or was until they left: their first, or that of another device of theirs."""
    token_sha256 = hash_token(token)
    if participant := participant_of(token_sha256):
        return participant
    links = FurtherLink.objects.select_related("participant__study")
    link = links.filter(token_sha256=token_sha256).first()
    if link is None:
        return somebody_who_left(token_sha256)
    link.participant.came_by = link
    return link.participant


def _device(request: HttpRequest, study: Study) -> tuple[str, str]:
    """The secret of a device, and for whom a site has vouched there; "" where it is not known or not for this study."""
    try:
        device, vouched_for = signing.loads(
            request.COOKIES.get(_cookie(study), ""), salt=f"{SALT}:{study.slug}", max_age=KEPT
        )
    except (signing.BadSignature, ValueError, TypeError):
        return "", ""
    return device, vouched_for


def _cookie(study: Study) -> str:
    return f"visit_{study.slug}"


def _path() -> str:
    """Where invitations are: nothing else is told of the secret."""
    return reverse("join", args=["-"], urlconf=settings.ROOT_URLCONF).removesuffix("-/")
