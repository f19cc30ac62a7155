"""What is told reaches its receivers: signed, tried again, by the address that was looked at, and no receiver holds up the others."""

import hashlib
import hmac
import json
import socket
import threading
from contextlib import suppress

import pytest
from django.core import mail

from explain.core import clock
from studies.models import Notice
from studies.notices import addresses, outbox, senders
from studies.notices.addresses import AddressError, check_url, is_public, resolve
from studies.notices.outbox import look_around
from studies.notices.senders import NotSentError
from studies.notices.signature import signed
from tests.factories import make_participant
from tests.studies.notices.telling import SECRET, later, told
from tests.studies.taking_part import answer_all, open_study

pytestmark = pytest.mark.django_db


def test_a_webhook_is_signed_over_its_moment_and_its_body(receiver):
    study = open_study(items=1, responses_per_item=1)
    told(study, emails="", webhook=receiver.url)
    answer_all(make_participant(study, 1))
    assert look_around() == 1
    ((path, headers, body),) = receiver.got
    assert (path, headers["Host"]) == ("/hook?study=1", f"127.0.0.1:{receiver.server_port}")
    moment, signature = (part.partition("=")[2] for part in headers["Blindsight-Signature"].split(","))
    again = hmac.new(SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == again
    assert abs(int(moment) - clock.now().timestamp()) < 60
    notice = Notice.objects.get()
    assert json.loads(body) == {
        "notice": "full",
        "id": notice.pk,
        "study": "demo",
        "title": "Study demo",
        "at": notice.at.isoformat(timespec="seconds"),
        "text": "Study demo: all answers are there.",
        "page": "https://study.example.org/studies/demo/watch/",
    }


def test_the_signature_of_a_known_body():
    """Reckoned by `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret`."""
    expected = hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest()
    assert signed(b"{}", "secret", 1700000000) == f"t=1700000000,v1={expected}"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_did_not_arrive_is_tried_again_later_and_no_redirect_is_followed(receiver, status, monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study, emails="", webhook=receiver.url)
    answer_all(make_participant(study, 1))
    receiver.status = status
    assert [look_around(), look_around()] == [0, 0]
    assert [path for path, _, _ in receiver.got] == ["/hook?study=1"]
    notice = Notice.objects.get()
    assert (notice.attempts, notice.sent_at, notice.error) == (1, None, f"127.0.0.1 answered {status}.")
    receiver.status = 204
    later(monkeypatch, minutes=2, seconds=1)
    assert look_around() == 1
    notice.refresh_from_db()
    assert (notice.attempts, notice.due_at, notice.error) == (2, None, "")


def test_in_the_end_it_is_given_up(receiver, monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study, emails="", webhook=receiver.url)
    answer_all(make_participant(study, 1))
    receiver.status = 500
    for _ in range(outbox.MOST_ATTEMPTS + 3):
        look_around()
        later(monkeypatch, hours=7)
    notice = Notice.objects.get()
    assert (len(receiver.got), notice.attempts, notice.due_at) == (12, 12, None)


@pytest.mark.parametrize(
    ("setting", "channel", "says"),
    [
        ("NOTICES_SECRET", "webhook", "NOTICES_SECRET is not set"),
        ("EMAIL_HOST", "email", "EMAIL_HOST is not set"),
    ],
)
def test_without_a_secret_or_a_server_nothing_leaves_and_it_is_said(settings, setting, channel, says):
    study = open_study(items=1, responses_per_item=1)
    ways = {"webhook": "https://hooks.example.org/"} if channel == "webhook" else {}
    told(study, **({"emails": "", **ways} if ways else {}))
    answer_all(make_participant(study, 1))
    setattr(settings, setting, "")
    assert look_around() == 0
    assert says in Notice.objects.get().error
    assert mail.outbox == []


# Where a webhook may lead


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://example.org/", "https:///x", "https://user:pw@example.org/", "https://[::1", "x",
     "https://example.org:99999/", "https://example.org/\x7f", "https://[v1.x]/"],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(AddressError):
        check_url(url)


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1", "::ffff:0:7f00:1", "fec0::1", "64:ff9b:1::7f00:1", "5f00::1"],
)  # fmt: skip
def test_inner_addresses_are_known(ip, monkeypatch):
    assert not is_public(ip)
    found = [(2, 1, 6, "", (address, 443)) for address in ("93.184.215.14", ip)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(
        AddressError, match="which is not public; an admin can allow that by NOTICES_TO_PRIVATE"
    ):
        resolve("https://looks-fine.example.org/")


@pytest.mark.parametrize(
    "ip", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"]
)
def test_public_addresses_are_known(ip):
    assert is_public(ip)


def test_the_connection_goes_to_the_address_that_was_looked_at(receiver, monkeypatch):
    """A name that leads elsewhere at the second look is asked for once alone."""
    asked = []

    def getaddrinfo(host, port, **_):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    target = resolve(f"http://hooks.example.org:{receiver.server_port}/x", private=True)
    monkeypatch.undo()
    assert senders._post(target, b"{}", "t=1,v1=0") == 200
    assert asked == ["hooks.example.org"]
    assert receiver.got[0][1]["Host"] == f"hooks.example.org:{receiver.server_port}"


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_receiver_that_answers_without_end_is_left(sent, monkeypatch):
    """A line now and then held the watcher, and with it the notices of all studies."""
    monkeypatch.setattr(senders, "SECONDS", 0.5)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(sent)
                while not over.wait(0.05):
                    connection.sendall(sent if b"100" in sent else b"H" if not sent else b"X: x\r\n")

        threading.Thread(target=drip, daemon=True).start()
        target = resolve(f"http://127.0.0.1:{server.getsockname()[1]}/", private=True)
        ended = threading.Event()

        def post():
            with pytest.raises(NotSentError):
                senders._post(target, b"{}", "t=1,v1=0")
            ended.set()

        threading.Thread(target=post, daemon=True).start()
        try:
            assert ended.wait(20)
        finally:
            over.set()


@pytest.mark.parametrize(
    "webhook", ["https://example.org/\x7f", "https://[v1.x]/", "https://hooks.example.org/"]
)
def test_a_receiver_that_nobody_thought_of_keeps_no_other_from_being_told(webhook, monkeypatch):
    """It ended the watcher of every worker: no study was told anything any more."""

    def resolved(url, **_):
        raise RuntimeError("nobody thought of it")

    if "hooks" in webhook:
        monkeypatch.setattr(senders, "resolve", resolved)
    odd, other = (
        open_study(slug, items=1, responses_per_item=1, networks=(slug,)) for slug in ("odd", "other")
    )
    told(odd, emails="", webhook=webhook)
    told(other)
    for study in (odd, other):
        answer_all(make_participant(study, 1))
    assert look_around() == 1
    assert Notice.objects.get(study=odd).error
    assert [message.to[0] for message in mail.outbox] == ["anna@example.org"]
