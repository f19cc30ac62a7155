"""Who comes by an invitation, and what proves that they are who they say.

A recruitment site's id is no key: it stands in links, and others can read it. Two things prove that somebody who comes again
is the same person: the device on which they joined, by a secret in its cookie, and the site's own signature (signed_ids.py).
A device's secret and the name that somebody has on it make the token of their link there, so the same device always comes to
the same link, also where a page was sent twice, and no token is kept anywhere.

Who comes without an id is known by their device alone, once they have agreed: the cookie says who came last.
"""

import base64
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac

from studies.models import FurtherLink, Participant, Study, hash_token, new_token
from studies.trials import participant_of, somebody_who_left

from .sites import recruitment_sites, signed_ids
from .sites.recruitment_sites import frames_of

SALT = "studies.participation.arrivals"
FIELD = "visit"  # of the consent page's form
SOMEBODY, ELSE = "somebody", "else"  # in the address of who says that they have not been here
KEPT = timedelta(days=180)  # the cookie, after the last time that somebody came by an invitation


@dataclass(frozen=True)
class Arrival:
    """Somebody at an invitation, as far as it is known who they are."""

    external_id: str = ""  # `prolific:PID`; "" without a recruitment site
    external: dict[str, str] = field(default_factory=dict)  # all that the site passed on
    is_signed: bool = False  # whether the site vouches for it
    device: str = ""  # the secret of their device; "" where there is none, as in a preview
    vouched_for: str = ""  # for whose id a site has vouched on this device
    name: str = ""  # what somebody without an id is called on this device
    last: str = ""  # what the one is called who came last on this device; "": nobody has
    is_somebody_else: bool = False  # than the last one, as they say
    has_cookie: bool = False
    address: str = ""  # where they ask from, for the limit of joins

    def trying_out(self) -> "Arrival":
        """The same person as one who tries the study out: another than they are when they take part in earnest."""
        return replace(self, external_id=f"test:{self.external_id}") if self.external_id else self

    def token_of(self, study: Study, name: str = "") -> str:
        """The token of the link that they have on this device, or that another name has; a new one without a device."""
        return self._token(f"{study.slug} by {name or self.called(study)}") if self.device else new_token()

    def called(self, study: Study) -> str:
        """What this person is called on this device, where its cookie does not say their id."""
        return _name(study, self.external_id) if self.external_id else self.name

    def token_before(self, study: Study, number: int) -> str:
        """The same as it was made before people had names on a device: such links keep working."""
        return self._token(f"{study.slug} {number}") if self.device else ""

    def _token(self, of: str) -> str:
        secret = salted_hmac(SALT, of, secret=self.device, algorithm="sha256")
        return base64.urlsafe_b64encode(secret.digest()).rstrip(b"=").decode()

    def field(self, study: Study) -> str:
        """What the form of the consent page brings along, so that one page leads to one person, however often it is sent.

        A device whose secret is in a cookie keeps it there, where no script reads it.
        """
        if not self.device:
            return ""
        device = "" if self.has_cookie else self.device
        return signing.dumps([device, self.called(study), self.last], salt=f"{SALT}.form:{study.slug}")

    def remembered_in(self, response: HttpResponse, study: Study, last: str = "") -> HttpResponse:
        """Have the device know itself again, and who came `last`.

        Nothing is set for who comes without a recruitment site, until they have agreed.
        """
        if self.device and (self.external_id or last):
            response.set_cookie(
                _cookie(study),
                signing.dumps(
                    [self.device, self.vouched_for, last or self.last], salt=f"{SALT}:{study.slug}"
                ),
                max_age=KEPT,
                path=_path(),
                httponly=True,
                **_attributes(study),
            )
            _partition(response, study)
        return response


NOBODY_KNOWN = Arrival()


def read_arrival(request: HttpRequest, study: Study) -> Arrival | str:
    """Who comes, or the name of a refusal: `unsigned`, `unfilled`."""
    ids, signed = request.GET.dict(), None
    device, vouched_for, last = _device(request, study)
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
    sent = _sent(request, study)
    return Arrival(
        external_id=external_id,
        external=external,
        is_signed=signed is not None,
        device=device or sent.device or new_token(),
        vouched_for=external_id if signed else vouched_for,
        name="" if external_id else sent.name or new_token(),
        last=last,
        # Of a page that was sent, what was known of the device when it was shown: another tab may have led in since.
        is_somebody_else=last in (sent.last, sent.name) if sent.name else request.GET.get(SOMEBODY) == ELSE,
        has_cookie=bool(device),
        address=get_client_ip_address(request) or "",
    )


def forget(response: HttpResponse, study: Study) -> HttpResponse:
    """Take the secret off a device."""
    response.delete_cookie(_cookie(study), path=_path(), samesite=_attributes(study)["samesite"])
    _partition(response, study)
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


def _device(request: HttpRequest, study: Study) -> tuple[str, str, str]:
    """The secret of a device, for whom a site has vouched there, and who came last; "" where it is not known or not for this study."""
    try:
        device, vouched_for, *last = signing.loads(
            request.COOKIES.get(_cookie(study), ""), salt=f"{SALT}:{study.slug}", max_age=KEPT
        )
    except (signing.BadSignature, ValueError, TypeError):
        return "", "", ""
    return device, vouched_for, last[0] if last else ""


class _Sent(NamedTuple):
    """What a form of the consent page brought along (Arrival.field)."""

    device: str = ""
    name: str = ""
    last: str = ""


def _sent(request: HttpRequest, study: Study) -> _Sent:
    try:
        return _Sent(
            *signing.loads(request.POST.get(FIELD, ""), salt=f"{SALT}.form:{study.slug}", max_age=KEPT)
        )
    except (signing.BadSignature, TypeError):
        return _Sent()


def _name(study: Study, external_id: str) -> str:
    return salted_hmac(f"{SALT}.name", f"{study.slug} {external_id}", algorithm="sha256").hexdigest()[:32]


def _cookie(study: Study) -> str:
    return f"visit_{study.slug}"


def _attributes(study: Study) -> dict[str, Any]:
    """In a frame of another site a browser brings back only what says that it is meant for that."""
    if frames_of(study.protocol):
        return {"samesite": "None", "secure": True}
    return {"samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE}


def _partition(response: HttpResponse, study: Study) -> None:
    """Keep the cookie of a frame apart for each site that shows it, where Python knows how to say so (3.14)."""
    cookie = response.cookies[_cookie(study)]
    if frames_of(study.protocol) and cookie.isReservedKey("Partitioned"):
        cookie["partitioned"] = True


def _path() -> str:
    """Where invitations are: nothing else is told of the secret."""
    return reverse("join", args=["-"], urlconf=settings.ROOT_URLCONF).removesuffix("-/")
