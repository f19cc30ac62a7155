"""Who is told when a study is full, stalls or somebody writes: once, signed, without a word of a volunteer, and to no inner address."""

import hashlib
import hmac
import json
import socket
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.urls import reverse

from explain.core import clock
from studies.models import Event, Notice, NoticeSettings, Study
from studies.notices import Watcher, addresses, outbox, senders
from studies.notices.addresses import AddressError, check_url, is_public, resolve
from studies.notices.outbox import look_around, note, take_due
from studies.notices.senders import NotSentError
from studies.notices.signature import signed
from studies.participation.complaints import keep_complaint
from studies.trials.allocation import void_participant
from tests.factories import make_participant
from tests.studies.meanwhile import meanwhile, on_postgres
from tests.studies.taking_part import answer_all, open_study

pytestmark = pytest.mark.django_db
SECRET = "s" * 40


@pytest.fixture(autouse=True)
def site(settings):
    settings.NOTICES_SECRET, settings.EMAIL_HOST = SECRET, "mail.example.org"
    settings.SITE_URL = "https://study.example.org/"


def told(study, **fields):
    """Who is told of this study, since an hour ago."""
    defaults = {"emails": "anna@example.org\nben@example.org", "changed_at": clock.now() - timedelta(hours=1)}
    return NoticeSettings.objects.create(study=study, **defaults | fields)


def kinds():
    return list(Notice.objects.order_by("id").values_list("kind", "channel"))


def later(monkeypatch, **passed):
    moment = clock.now() + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: moment)


# What is told


def test_a_full_study_is_told_once_and_again_when_it_is_full_again():
    study = open_study(items=2, responses_per_item=1)
    told(study)
    assert look_around() == 0
    person = make_participant(study, 1)
    answer_all(person)
    assert [look_around(), look_around()] == [1, 0]
    assert kinds() == [("full", "email")]
    void_participant(participant=person, reason="a robot")
    look_around()
    assert kinds() == [("full", "email")]
    answer_all(make_participant(study, 2))
    look_around()
    assert kinds() == [("full", "email")] * 2


def test_a_study_without_answers_for_so_long_is_told_once_for_each_time(monkeypatch):
    study = open_study(items=2, responses_per_item=2)
    told(study, stall_minutes=120)
    look_around()
    assert kinds() == []
    later(monkeypatch, minutes=61)
    assert [look_around(), look_around()] == [1, 0]
    answer_all(make_participant(study, 1))
    later(monkeypatch, minutes=59)
    look_around()
    assert kinds() == [("stalled", "email")]
    later(monkeypatch, minutes=62)
    look_around()
    assert kinds() == [("stalled", "email")] * 2


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_asks_nobody_neither_stalls_nor_is_full(state, monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study)
    Study.objects.filter(pk=study.pk).update(state=state)
    later(monkeypatch, days=3)
    look_around()
    answer_all(make_participant(study, 1))
    look_around()
    assert kinds() == []


def test_what_somebody_wrote_is_told_of_and_not_told():
    study = open_study(items=2)
    person = make_participant(study, 1, external={"PROLIFIC_PID": "5f0a"}, external_id="prolific:5f0a")
    keep_complaint(study, "I am Anna Meier and the map is black", person)
    told(study, webhook="")
    assert [look_around(), look_around()] == [1, 0]
    (message,) = mail.outbox
    assert message.to == ["anna@example.org", "ben@example.org"]
    assert message.subject == "[Blindsight] Study demo: somebody wrote by “Something is wrong”."
    assert "https://study.example.org/studies/demo/watch/" in message.body
    for secret in ("Anna Meier", "black", "5f0a", "participant"):
        assert secret not in message.subject + message.body


def test_nothing_of_before_it_was_set_up_is_told():
    study = open_study(items=2)
    keep_complaint(study, "long ago")
    told(study, changed_at=clock.now() + timedelta(seconds=5))
    look_around()
    assert kinds() == []


def test_only_what_was_asked_for_is_told(monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study, on_full=False, on_stall=False, on_message=False)
    keep_complaint(study, "hm")
    later(monkeypatch, days=2)
    look_around()
    answer_all(make_participant(study, 1))
    look_around()
    assert kinds() == []


def test_a_title_cannot_add_lines_to_the_head_of_a_mail():
    study = open_study(items=1, responses_per_item=1, title="A\nBcc: eve@example.org")
    told(study)
    answer_all(make_participant(study, 1))
    assert look_around() == 1
    assert mail.outbox[0].bcc == []
    assert "\n" not in mail.outbox[0].subject


# Webhooks


@pytest.fixture
def receiver(settings):
    """A server that keeps what it gets, and answers with `status`."""
    settings.NOTICES_TO_PRIVATE = True

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, dict(self.headers), body))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook?study=1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


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


# The page, the command, the worker


def test_researchers_say_on_a_page_who_is_told_and_see_what_became_of_it(admin_client, settings):
    study = open_study(items=1, responses_per_item=1)
    address = reverse("study-notices", args=["demo"])
    assert "sends no e-mail yet" not in admin_client.get(address).content.decode()
    typed = {
        "emails": "anna@example.org",
        "webhook": "https://hooks.example.org/x",
        "stall_minutes": 30,
        "on_full": "on",
    }
    for wrong, says in (
        ({"webhook": "http://hooks.example.org"}, "must begin with https://"),
        ({"emails": "anna"}, "anna: is no e-mail address."),
        ({"emails": " ".join(f"a{n}@example.org" for n in range(11))}, "name 10 at most"),
        ({"stall_minutes": 4}, "Say 5 to 43,200 minutes"),
    ):
        assert says in admin_client.post(address, {**typed, **wrong}).content.decode()
    assert not NoticeSettings.objects.exists()
    assert (
        "Workers look around every minute" in admin_client.post(address, typed, follow=True).content.decode()
    )
    kept = NoticeSettings.objects.get()
    assert (kept.addresses, kept.on_full, kept.on_stall, kept.on_message) == (
        ["anna@example.org"],
        True,
        False,
        False,
    )
    answer_all(make_participant(study, 1))
    note(kept)
    assert "waits for a worker" in admin_client.get(address).content.decode()
    settings.EMAIL_HOST = ""
    assert "sends no e-mail yet" in admin_client.get(address).content.decode()


def test_by_command(capsys):
    study = open_study(items=1, responses_per_item=1)
    told(study)
    answer_all(make_participant(study, 1))
    call_command("send_notices", "--json")
    assert json.loads(capsys.readouterr().out) == {"sent": 1, "to be sent": 0}


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("nobody thought of it")])
def test_a_worker_looks_around_until_it_ends_and_no_failure_ends_it(error, monkeypatch):
    looks, twice = [], threading.Event()

    def look():
        looks.append(1)
        if len(looks) == 2:
            twice.set()
        raise error

    monkeypatch.setattr(outbox, "look_around", look)
    watcher = Watcher(every=0.01)
    watcher.begin()
    assert twice.wait(30)
    watcher.end()
    assert not watcher._thread.is_alive()


def test_giving_an_answer_writes_and_sends_nothing():
    study = open_study(items=3, responses_per_item=1)
    told(study, webhook="https://hooks.example.org/")
    answer_all(make_participant(study, 1))
    assert kinds() == []
    assert not Event.objects.filter(kind="wrote").exists()


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_notice():
    study = open_study(items=1, responses_per_item=1)
    told(study)
    answer_all(make_participant(study, 1))
    note(study.notice_settings)
    both = meanwhile(take_due, partial(take_due))
    assert (len(both.first), both.second, both.waited) == (1, [], False)
