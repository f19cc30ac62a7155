"""What a researcher does on the study's pages: look, let people in, pause, close, read the results, take them along."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from studies.lifecycle.similarity import measure
from studies.models import Event, Invitation, Study, hash_token
from tests.factories import make_study, make_trials
from tests.studies.filled import answer, fill, make_participant, reading_costs

pytestmark = pytest.mark.django_db

PAGES = [
    "study",
    "study-results",
    "study-results-json",
    "study-export",
    "study-codebook",
    "study-report",
    "study-counted",
    "study-items",
    "study-item",
]


@pytest.fixture
def study(researcher):
    study = make_study("methods", wording={"question": "Which map best matches the {class}?"})
    make_trials(study, ["0,1,2"])
    fill(study, [[0, 1, 2], [0, 0, -1], [0, 1, 1]])
    study.state = Study.State.OPEN
    study.save()
    study.researchers.add(researcher)
    return study


@pytest.fixture
def browser(client, researcher):
    client.force_login(researcher)
    return client


def address(name: str) -> str:
    return reverse(name, args=["methods", 0] if name == "study-item" else ["methods"])


def page(client, name, *args, query="") -> str:
    response = client.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def charts_in(html: str) -> list[ET.Element]:
    return [ET.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", html, re.S)]


# Who may see what


@pytest.mark.parametrize("name", PAGES)
def test_pages_ask_for_a_login(client, study, name):
    response = client.get(address(name))
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("name", PAGES)
def test_pages_do_not_exist_for_someone_elses_staff(client, study, stranger, name):
    client.force_login(stranger)
    assert client.get(address(name)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_for_the_studys_researcher_and_for_an_admin(client, study, researcher, admin_user, name):
    for user in (researcher, admin_user):
        client.force_login(user)
        assert client.get(address(name)).status_code == 200


@pytest.mark.parametrize(
    ("name", "args"), [("study-invite", []), ("study-state", ["closed"]), ("study-revoke", [1])]
)
def test_a_stranger_changes_nothing(client, study, stranger, name, args):
    invitations = study.invitations.count()
    client.force_login(stranger)
    assert client.post(reverse(name, args=["methods", *args])).status_code == 404
    study.refresh_from_db()
    assert (study.state, study.invitations.count()) == ("open", invitations)


def test_the_list_shows_a_researchers_own_studies_only(browser, study):
    make_study("secret", networks=("other",))
    html = page(browser, "studies")
    assert "methods" in html
    assert "secret" not in html
    assert "9 of 12 trials answered" in html


def test_an_empty_list_says_what_to_do_next(client, stranger):
    client.force_login(stranger)
    html = page(client, "studies")
    assert "python manage.py create_study study.toml" in html
    assert reverse("setup-new") in html


# The study's page


def test_the_study_page_says_what_is_asked_and_how_far_it_is(browser, study):
    html = page(browser, "study", "methods")
    assert "Which map best matches the {class}?" in html
    assert "pixel-ablation-cam" in html
    assert re.search(r"9<small> of 12", html)


def test_an_invitation_is_made_and_leads_to_its_own_page_which_can_be_opened_again(browser, study):
    fields = {"label": "course A", "quota": "20"}
    made = browser.post(reverse("study-invite", args=["methods"]), fields)
    invitation = Invitation.objects.get(label="course A")
    assert made.url == reverse("study-invitation", args=["methods", invitation.pk])
    link = re.search(
        r'readonly value="(http://testserver[^"]+)"',
        page(browser, "study-invitation", "methods", invitation.pk),
    )[1]
    token = link.rstrip("/").rsplit("/", 1)[-1]
    assert invitation.token_sha256 == hash_token(token)
    assert invitation.quota == 20
    assert token not in page(browser, "study", "methods")
    assert Event.objects.filter(kind="invited", user__username="researcher").exists()


def test_who_opens_the_address_of_the_form_again_finds_the_form(browser, study):
    """A browser that goes back to it asks by GET."""
    assert browser.get(reverse("study-invite", args=["methods"])).url == "/studies/methods/#invitations"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quota": "0"}, "Let at least one person in"),
        ({"quota": "many"}, "Enter a whole number"),
        ({"expires_at": "2020-01-01T10:00"}, "This moment has passed"),
    ],
)
def test_an_invitation_nobody_could_use_is_refused(browser, study, fields, reason):
    before = study.invitations.count()
    html = browser.post(reverse("study-invite", args=["methods"]), fields).content.decode()
    assert reason in html
    assert study.invitations.count() == before


def test_an_invitation_can_be_revoked_and_that_is_on_record(browser, study):
    invitation, _ = Invitation.issue(study, label="leaked", expires_at=timezone.now() + timedelta(days=1))
    browser.post(reverse("study-revoke", args=["methods", invitation.pk]))
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    assert Event.objects.get(kind="invitation revoked").user.username == "researcher"


def test_an_invitation_of_another_study_cannot_be_revoked_from_here(browser, study):
    other, _ = Invitation.issue(make_study("other", networks=("other",)))
    assert browser.post(reverse("study-revoke", args=["methods", other.pk])).status_code == 404


def test_closing_is_asked_for_first_and_then_on_record(browser, study):
    html = page(browser, "study-state", "methods", "closed")
    assert "A closed study cannot be opened again." in html
    assert "9 of 12 trials are answered" in html
    study.refresh_from_db()
    assert study.state == "open"
    browser.post(reverse("study-state", args=["methods", "closed"]))
    study.refresh_from_db()
    assert (study.state, study.closed_at is not None) == ("closed", True)
    event = Event.objects.get(kind="closed")
    assert (event.user.username, event.data) == ("researcher", {"from": "open"})


def test_a_study_is_paused_and_resumed(browser, study):
    for state in ("paused", "open"):
        browser.post(reverse("study-state", args=["methods", state]))
        study.refresh_from_db()
        assert study.state == state


@pytest.mark.parametrize(
    ("before", "to"),
    [("closed", "open"), ("draft", "open"), ("ready", "closed"), ("ready", "paused"), ("open", "draft")],
)
def test_no_other_step_exists(browser, researcher, before, to):
    study = make_study("fixed", state=before)
    study.researchers.add(researcher)
    html = browser.post(reverse("study-state", args=["fixed", to]), follow=True).content.decode()
    study.refresh_from_db()
    assert study.state == before
    assert f"it cannot become {to}" in html


def test_a_draft_is_opened_from_its_page_and_then_frozen(browser, researcher):
    study = make_study("fresh", responses_per_item=2)
    study.researchers.add(researcher)
    measure(study)  # what a worker does before it is opened
    assert "can no longer be changed" in page(browser, "study-state", "fresh", "open")
    browser.post(reverse("study-state", args=["fresh", "open"]))
    study.refresh_from_db()
    assert (study.state, study.trials.count(), len(study.protocol_sha256)) == ("open", 6, 64)
    assert Event.objects.get(kind="opened").user.username == "researcher"


def test_a_draft_that_cannot_be_opened_says_why(browser, researcher):
    study = make_study("bare", items=0)
    study.researchers.add(researcher)
    html = browser.post(reverse("study-state", args=["bare", "open"]), follow=True).content.decode()
    assert "has no items or fewer than two arms" in html


# The results


def test_the_results_page_says_the_finding_in_a_sentence_a_chart_and_a_table(browser, study):
    html = page(browser, "study-results", "methods")
    assert "no clear preference yet" in html
    assert "It has 1.33 of 3 items" in html
    row = re.search(r'<th scope="row">same</th>(.*?)</tr>', html, re.S).group(1)
    assert "0.33" in row
    chart = charts_in(html)[0]
    assert chart.get("role") == "img"
    assert chart.find("{*}title").text == "Score of each arm"
    assert "1.33" in "".join(chart.itertext())


def test_a_bar_is_as_long_as_its_score(browser, study):
    chart = charts_in(page(browser, "study-results", "methods"))[0]
    bars = {
        rect.get("class"): float(rect.get("width").rstrip("%"))
        for rect in chart.findall("{*}rect")
        if rect.get("class") != "track"
    }
    assert bars["bar-2"] / bars["bar-1"] == pytest.approx(1 / (4 / 3), rel=1e-3)
    assert bars["bar-same"] / bars["bar-1"] == pytest.approx((1 / 3) / (4 / 3), rel=1e-3)


def test_page_json_and_command_give_the_same_numbers(browser, study, capsys):
    call_command("scores", "methods", "--json")
    assert browser.get(reverse("study-results-json", args=["methods"])).json() == json.loads(
        capsys.readouterr().out
    )


def test_simulated_answers_are_marked_on_page_list_and_export(browser, study):
    assert "simulated-banner" not in page(browser, "study-results", "methods")
    fill(study, [[2, 2, 2]], simulated=True)
    for who, mark in (
        ("simulated", "<strong>Simulated.</strong>"),
        ("all", "<strong>Partly simulated.</strong>"),
    ):
        html = page(browser, "study-results", "methods", query=f"?who={who}")
        assert mark in html
        assert len(re.findall(r"simulated answers", html)) >= 2
    assert "simulated-banner" not in page(browser, "study-results", "methods")
    assert "3 simulated answers" in page(browser, "studies")
    rows = list(csv.DictReader(io.StringIO(page_bytes(browser, "study-export", "methods").decode())))
    assert [row["simulated"] for row in rows].count("TRUE") == 3


def page_bytes(client, name, *args) -> bytes:
    return b"".join(client.get(reverse(name, args=args)).streaming_content)


def test_an_unknown_who_is_no_page(browser, study):
    assert browser.get(reverse("study-results", args=["methods"]) + "?who=robots").status_code == 404


def test_a_rating_study_shows_its_mean_on_the_scale_and_mirrored(browser, researcher):
    study = make_study("networks", task="rating", items=2, methods=("m",), networks=("resnet50", "vgg16"))
    fill(study, [[2, 1], [2, -1], [1, 1]])
    study.researchers.add(researcher)
    html = page(browser, "study-results", "networks")
    assert "resnet50 leads vgg16 by +1.00" in html
    assert re.search(r'vgg16</th><td class="number">−1\.00', html)
    dots = [
        float(dot.get("cx").rstrip("%"))
        for dot in charts_in(html)[0].iter("{http://www.w3.org/2000/svg}circle")
    ]
    assert dots[0] == pytest.approx(4 + 92 * 3 / 4)
    assert "−2: 0, −1: 1, 0: 0, +1: 3, +2: 2" in html


@pytest.mark.parametrize("answers", [[], [[0]], [[-1, -1, -1], [-1, -1, -1]], [[1, 1, 1], [1, 1, 1]]])
def test_thin_answers_give_a_page_with_a_sentence(browser, researcher, answers):
    study = make_study("thin")
    fill(study, answers)
    study.researchers.add(researcher)
    html = page(browser, "study-results", "thin")
    assert not re.search(r"\bnan\b", html, re.I)
    assert "Nothing to score yet" in html if not answers else "notes" in html


def test_pages_keep_to_the_content_security_policy(browser, study):
    for name in ("study", "study-results"):
        html = page(browser, name, "methods")
        assert not re.search(r"\sstyle=|<style|\son\w+=", html)
        assert not re.search(r"<script(?![^>]*\ssrc=)", html)


def test_names_cannot_break_out_of_a_page_or_chart(browser, researcher):
    study = make_study("evil", items=2)
    study.arms.filter(index=0).update(name='<script>alert("x")</script>')
    fill(study, [[0, 1], [1, 0]])
    study.researchers.add(researcher)
    html = page(browser, "study-results", "evil")
    assert "<script>" not in html
    assert charts_in(html)


def test_queries_do_not_grow_with_the_study(browser, study, django_assert_num_queries):
    make_study("second", networks=("second",)).researchers.add(study.researchers.get())
    with django_assert_num_queries(9):
        page(browser, "studies")
    fill(study, [[0, 0, 0]] * 3)
    with django_assert_num_queries(21):
        page(browser, "study", "methods")
    with django_assert_num_queries(14 + reading_costs()):
        page(browser, "study-results", "methods")


# Photo by photo


def rows_of(html: str) -> list[str]:
    return re.findall(r'<tr>\s*<th scope="row">(\d+)</th>', html)


def test_items_are_listed_with_their_shares_and_sorted_by_what_an_arm_got(browser, study):
    html = page(browser, "study-items", "methods")
    assert rows_of(html) == ["0", "1", "2"]
    first = re.search(r'<th scope="row">0</th>(.*?)</tr>', html, re.S).group(1)
    assert re.findall(r'number">([\d.]+)<', first) == ["3", "0.00", "1.00", "0.00", "0.00", "0.00"]
    assert rows_of(page(browser, "study-items", "methods", query="?sort=ablation-cam")) == ["1", "2", "0"]


def test_an_item_opens_with_its_maps_and_every_answer(browser, study):
    html = page(browser, "study-item", "methods", 2)
    assert len(re.findall(r"<img ", html)) == 1 + 3
    for picture in re.findall(r'<img src="([^"]+)"', html):
        assert browser.get(picture).status_code == 200
    assert re.findall(
        r'<tr id="answer-[0-9a-f-]{36}"><th scope="row">([a-z-]+)</th><td class="words">grad-cam · ', html
    ) == [
        "pixel-ablation-cam",
        "same",
        "ablation-cam",
    ]


def test_an_item_shows_taken_back_and_simulated_answers_as_such(browser, study):
    answer(make_participant(study, simulated=True), 0, 2, status="undone")
    html = page(browser, "study-item", "methods", 0)
    assert "undone" in html
    assert 'class="tag simulated"' in html


def test_an_item_that_is_not_there_is_no_page(browser, study):
    assert browser.get(reverse("study-item", args=["methods", 99])).status_code == 404


def test_queries_of_items_do_not_grow_with_answers(browser, study, django_assert_num_queries):
    fill(study, [[0, 0, 0]] * 3)
    with django_assert_num_queries(15 + reading_costs()):
        page(browser, "study-items", "methods")
    with django_assert_num_queries(14):
        page(browser, "study-item", "methods", 1)
