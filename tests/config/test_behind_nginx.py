"""The site's own nginx configuration, in front of the site: TLS, pictures by nginx, and nothing that tells an arm."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import Invitation
from studies.trials.allocation import claim_trials
from tests.factories import make_study
from tests.studies.pictures import ask

pytestmark = pytest.mark.django_db(transaction=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def nginx(tmp_path, live_server, settings):
    """The address of a real nginx with deploy/nginx.conf, changed only where the file says that one must."""
    certificate(tmp_path)
    plain, tls = free_port(), free_port()
    changes = {
        "127.0.0.1:8000": live_server.url.removeprefix("http://"),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
        "study.example.org": "localhost",
        "/etc/ssl/blindsight": str(tmp_path),
        "/srv/blindsight/media": str(settings.MEDIA_ROOT),
    }
    text = (Path(site.BASE_DIR) / "deploy" / "nginx.conf").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    temp = "".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"user root; daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temp} types {{ image/jpeg jpg webp; }}\n{text}\n}}\n"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
    try:
        wait_for(tls)
        yield f"https://localhost:{tls}", f"http://localhost:{plain}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def certificate(folder: Path) -> None:
    names = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    what = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    also = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", *what, *also, *names], check=True, capture_output=True)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


def test_pictures_come_from_nginx_with_the_same_headers_and_only_to_their_owner(nginx, tmp_path, settings):
    settings.ACCEL_REDIRECT = "/private-media/"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    secure, _ = nginx
    study = open_study(study=make_study(items=3))
    _, token = Invitation.issue(study)
    trust = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
    with httpx.Client(base_url=secure, verify=trust, follow_redirects=True) as browser:
        page = browser.get(reverse("join", args=[token]))
        csrf = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page.text)[1]
        begun = browser.post(
            reverse("join", args=[token]),
            data={"consent": "on", "csrfmiddlewaretoken": csrf},
            headers={"Referer": secure},
        )
        own = re.search(r"/p/([\w-]+)/", str(begun.url))[1]
        participant = study.participants.get()
        claim_trials(participant=participant, count=1)
        trial = participant.trials.get()
        addresses = browser.get(reverse("answers", args=[own])).json()["trials"][0]["pictures"]
        answers = [browser.get(address) for address in addresses]
        assert [answer.status_code for answer in answers] == [200] * 4
        shown = [trial.item.item_maps.get(arm__index=arm).picture.read() for arm in trial.arms]
        assert [answer.content for answer in answers[1:]] == shown
        headers = [
            {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
            for answer in answers
        ]
        assert headers == [headers[0]] * 4
        assert not {"etag", "last-modified", "x-accel-redirect", "accept-ranges"} & set(headers[0])
        assert headers[0]["content-type"] == "image/webp"
        assert headers[0]["cache-control"] == "private, max-age=3600"
        assert headers[0]["x-content-type-options"] == "nosniff"
        # Nobody gets at a file by its name, nor by an address that they made up.
        name = trial.item.picture.name
        assert browser.get(f"/private-media/{name}").status_code == 404
        assert browser.get(reverse("picture", args=["x" * 128])).status_code == 404


def test_plain_http_is_sent_to_tls(nginx):
    _, plain = nginx
    answer = httpx.get(f"{plain}/accounts/login/")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://localhost/accounts/login/")
    assert httpx.get(f"{plain}/healthz").status_code == 200
    elsewhere = httpx.get(f"{plain}/join/abc/", headers={"Host": "evil.example"})
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (301, "https://localhost/join/abc/")


def test_without_nginx_the_site_sends_pictures_itself(live_server, settings):
    study = open_study(study=make_study(items=3))
    client = Client()
    _, token = Invitation.issue(study)
    begun = client.post(reverse("join", args=[token]), {"consent": "on"})
    own = re.search(r"/p/([\w-]+)/", begun.headers["Location"])[1]
    claim_trials(participant=study.participants.get(), count=1)
    answer = ask(client, own, 1, 1)
    assert answer.content.startswith(b"RIFF")
    assert "X-Accel-Redirect" not in answer.headers
