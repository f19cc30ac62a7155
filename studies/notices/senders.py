"""Sends one notice: a webhook with a signature, or an e-mail. Called by workers and by `manage.py send_notices` alone."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from explain.core import clock
from explain.core.errors import BadInputError
from studies.models import Notice

from .addresses import Target, resolve
from .signature import HEADER, signed

SECONDS = 10  # for a receiver to answer in all


class NotSentError(BadInputError):
    """A notice that could not be sent this time."""


def content(notice: Notice) -> dict[str, Any]:
    """What is told: which study, and what of it. No answer, no number or id of a person, none of their words."""
    study = notice.study
    page = reverse("study-watch", args=[study.slug], urlconf=settings.ROOT_URLCONF)
    return {
        "notice": notice.kind,
        "id": notice.pk,
        "study": study.slug,
        "title": study.title,
        "at": notice.at.isoformat(timespec="seconds"),
        "text": f"{study.title}: {notice.get_kind_display()}.",
        "page": settings.SITE_URL.rstrip("/") + page,
    }


def send(notice: Notice) -> None:
    """Send a notice to whoever its study names now.

    Raises NotSentError, AddressError or OSError where it did not arrive.
    """
    if notice.channel == Notice.Channel.EMAIL:
        return _send_email(notice)
    if not settings.NOTICES_SECRET:
        raise NotSentError("NOTICES_SECRET is not set, so no webhook can be signed; an admin sets it.")
    target = resolve(notice.study.notice_settings.webhook, private=settings.NOTICES_TO_PRIVATE)
    body = json.dumps(content(notice), ensure_ascii=False).encode()
    status = _post(target, body, signed(body, settings.NOTICES_SECRET, int(clock.now().timestamp())))
    if not 200 <= status < 300:
        raise NotSentError(f"{target.host} answered {status}.")
    return None


def _post(target: Target, body: bytes, signature: str) -> int:
    """The status of the reply. The connection goes to the address that was looked at; no proxy, no redirect is followed."""
    url = httpx.URL(target.url)
    headers = {"Content-Type": "application/json", "Host": url.netloc.decode(), HEADER: signature}
    try:
        with (
            _cut_off_after(SECONDS) as trace,
            httpx.Client(trust_env=False, follow_redirects=False, timeout=SECONDS) as client,
            client.stream(
                "POST",
                url.copy_with(host=target.ip),
                content=body,
                headers=headers,
                extensions={"sni_hostname": target.host, "trace": trace},
            ) as response,
        ):
            return response.status_code
    except httpx.HTTPError as error:
        raise NotSentError(f"{target.host}: {error or type(error).__name__}") from error


@contextmanager
def _cut_off_after(seconds: float) -> Iterator[Any]:
    """What httpx tells of its connections; they end after so many seconds in all.

    Its own limit is for each read: a receiver that sends a byte now and then would hold the worker's watcher for good.
    """
    sockets: list[socket.socket] = []

    def trace(event: str, told: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            sockets.append(told["return_value"].get_extra_info("socket"))

    def cut() -> None:
        for connection in sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _send_email(notice: Notice) -> None:
    if not settings.EMAIL_HOST:
        raise NotSentError("EMAIL_HOST is not set, so no e-mail can be sent; an admin sets it.")
    told = content(notice)
    subject = " ".join(f"[Blindsight] {told['text']}".split())
    text = f"{told['text']}\n\n{told['page']}\n"
    send_mail(subject, text, None, notice.study.notice_settings.addresses)
