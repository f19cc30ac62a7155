"""What goes out with a link: a code that telephones read, a poster, an e-mail. In the study's language, with its own facts."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
import segno
from django.conf import settings as site
from django.urls import reverse

from studies.inviting import qr_code
from studies.inviting.texts import words_of
from studies.models import Invitation, Study
from tests.factories import METHODS, make_study

pytestmark = pytest.mark.django_db

LINK = "https://study.example.org/join/" + "x" * 43 + "/"
LANGUAGES = [code for code, _ in site.LANGUAGES]


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


def page(browser, name, invitation):
    response = browser.get(reverse(name, args=[invitation.study.slug, invitation.pk]))
    assert response.status_code == 200
    return response.content.decode()


def modules(svg: str) -> list[list[bool]]:
    """What is dark, read off the drawing itself: one horizontal stroke after another, from where the pen is."""
    root = ET.fromstring(svg)
    width = int(float(root.get("viewBox", f"0 0 {root.get('width')} 0").split()[2]))
    *_, path = (
        node.get("d") for node in root.iter() if node.tag.endswith("path") and "stroke" in node.attrib
    )
    dark = [[False] * width for _ in range(width)]
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in numbers.split()]
        if command == "h":
            for column in range(int(x), int(x + values[0])):
                dark[int(y)][column] = True
            x += values[0]
        else:
            x, y = values if command == "M" else (x + values[0], y + values[1])
    return dark


def test_the_code_is_that_of_the_link_with_white_around_it():
    dark = modules(qr_code.inline(LINK))
    expected = segno.make(LINK, error="m").matrix_iter(border=4)
    assert dark == [[bool(module) for module in row] for row in expected]
    assert modules(qr_code.inline(LINK[:-2] + "y/")) != dark


def test_the_code_is_black_on_white_whatever_the_page():
    svg = qr_code.inline(LINK)
    assert 'fill="#fff"' in svg
    assert 'stroke="#000"' in svg


def test_the_file_stands_by_itself(browser):
    invitation, _ = Invitation.issue(make_study(state=Study.State.OPEN))
    response = browser.get(reverse("study-invitation-qr", args=["demo", invitation.pk]))
    assert response["Content-Type"] == "image/svg+xml"
    assert f'filename="demo-{invitation.pk}-qr.svg"' in response["Content-Disposition"]
    assert ET.fromstring(response.content).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_has_the_studys_facts_in_its_language(language):
    study = make_study(items=20, language=language, title="Photos 3", trials_per_participant=20)
    invitation, _ = Invitation.issue(study, personal=True, expires_at=datetime(2030, 5, 9, tzinfo=UTC))
    words = words_of(study, invitation)
    text = words.email(study.title, LINK)
    assert LINK in text.splitlines()
    assert "Photos 3" in text
    assert "20" in words.facts[0]
    assert re.search(r"\b6\b", words.facts[1])  # (20 × 12 s + 90 s) / 60, rounded up
    assert study.protocol["consent"]["contact"] in text
    assert "2030" in text
    assert "<" not in text + words.subject
    assert "{" not in text + words.subject
    assert (language == "en") == ("voluntary" in text)


def test_nothing_says_what_is_compared(browser):
    study = make_study(state=Study.State.OPEN, networks=("squeeze",))
    invitation, _ = Invitation.issue(study, label="arm-of-grad-cam")
    poster, words = page(browser, "study-poster", invitation), words_of(study, invitation)
    for text in (poster, words.email(study.title, LINK) + words.subject):
        for secret in (*METHODS, "squeeze", "arm-of-grad-cam", study.get_task_display()):
            assert secret not in text


def test_what_is_not_so_is_not_said():
    """A link for all is not for one alone; without photos nobody knows how long it takes."""
    study = make_study(items=0, protocol={"consent": {}})
    words = words_of(study, Invitation.issue(study)[0])
    assert words.facts == ["no account, no name"]
    assert words.notes == ["Taking part is voluntary, and you can stop at any time."]
    assert words.people == []


def test_what_a_device_needs_is_said_before_somebody_comes():
    study = make_study(protocol={"requirements": {"no_phone": True, "keyboard": True}})
    notes = words_of(study, Invitation.issue(study)[0]).notes
    assert any("phone" in note for note in notes)
    assert "You need a keyboard." in notes


def test_a_poster_has_link_code_facts_and_contact_in_the_studys_language(browser):
    study = make_study(state=Study.State.OPEN, language="ar", title="<i>Fotos</i>")
    invitation, token = Invitation.issue(study)
    html = page(browser, "study-poster", invitation)
    assert '<html lang="ar" dir="rtl">' in html
    assert "&lt;i&gt;Fotos&lt;/i&gt;" in html
    assert f"http://testserver/join/{token}/" in html
    assert study.protocol["consent"]["contact"] in html
    code = re.search(r"<svg.*?</svg>", html, re.S)[0]
    assert modules(code) == modules(qr_code.inline(f"http://testserver/join/{token}/"))


def test_a_link_for_trying_out_is_not_put_on_a_wall(browser):
    invitation, token = Invitation.issue(make_study(state=Study.State.OPEN), simulated=True)
    html = page(browser, "study-invitation", invitation)
    assert token in html
    assert "Poster" not in html
    assert 'id="email"' not in html


def test_who_is_to_be_asked_is_missed_where_the_protocol_does_not_say(browser):
    study = make_study(state=Study.State.OPEN, protocol={"consent": {"responsible": "Ada"}})
    html = page(browser, "study-invitation", Invitation.issue(study)[0])
    assert "<code>consent.contact</code>" in html
    assert "<code>consent.responsible</code>" not in html
