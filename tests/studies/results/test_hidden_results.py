"""A study whose protocol hides its running results shows them to nobody before it is closed."""

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from studies.models import Event, Response, Study
from tests import by_sql
from tests.factories import make_study
from tests.studies.access.test_who_may_do_what import OURS, arguments
from tests.studies.filled import fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = make_study("blind", protocol={"analysis": {"hide_running_results": True}})
    fill(study, [[2, 2, 2], [2, 1, 2]])
    study.state = Study.State.OPEN
    study.save()
    return study


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize("state", ["open", "paused"])
def test_no_page_tells_while_the_study_runs(browser, study, state):
    Study.objects.filter(pk=study.pk).update(state=state)
    html = browser.get(reverse("study-results", args=["blind"])).content.decode()
    assert "Hidden until the study is closed" in html
    assert "preferred" not in html
    for name in ("study-results-json", "study-export", "study-report", "study-items"):
        assert browser.get(reverse(name, args=["blind"])).status_code == 403
    for part in ("scores", "answers"):
        response = browser.get(f"/api/studies/blind/{part}/")
        assert response.status_code == 403
        assert "hide_running_results" in response.content.decode()


@pytest.mark.parametrize("state", ["open", "paused"])
def test_no_door_tells_while_the_study_runs(browser, study, state, tmp_path):
    Study.objects.filter(pk=study.pk).update(state=state)
    doors = [
        *(
            reverse(name, args=["blind"])
            for name in (
                "study-results-json",
                "study-export",
                "study-report",
                "study-items",
                "study-humans",
                "study-results-people",
            )
        ),
        reverse("study-item", args=["blind", 0]),
        *(f"/api/studies/blind/{part}/" for part in ("scores", "answers", "export")),
        "/api/studies/blind/export/?as=jsonl",
    ]
    for door in doors:
        response = browser.get(door)
        assert response.status_code == 403, door
        assert "preferred" not in response.content.decode()


OPEN_DOORS = [
    *(
        (name, ["blind"])
        for name in (
            "study", "study-results", "study-watch", "study-counted", "study-gallery", "study-photos",
            "study-codebook", "study-protocol", "study-protocol-file", "study-record", "study-access", "study-alike",
            "api-study-detail", "api-study-participants", "api-study-invitations", "api-study-versions",
            "api-study-record", "api-study-preparation",
            "study-notices", "study-power", "study-power-state", "study-alike-state", "study-payments", "study-payments-file",
            "setup-estimate", "setup-state",
        )
    ),
    ("study-void", ["blind", 1]),
    ("study-payments-list", ["blind", "prolific", "approve"]),
    ("study-state", ["blind", "paused"]),
    ("studies", []),
    ("api-study-list", []),
    ("admin:studies_response_changelist", []),
    ("admin:studies_trial_changelist", []),
    ("admin:studies_participant_changelist", []),
    ("admin:studies_event_changelist", []),
]  # fmt: skip


def what_is_told(browser) -> dict[str, str]:
    """Every page that opens, without what is another at each request."""
    outputs = {}
    for name, args in OPEN_DOORS:
        address = reverse(name, args=args)
        response = browser.get(address)
        assert response.status_code == 200, address
        html = re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
        outputs[address] = re.sub(r"chart-\d+|\d+(\.\d+)? (milli)?seconds", "", html)
    return outputs


def test_pages_that_stay_open_are_the_same_whatever_was_picked(browser, study):
    """The finding is turned round in the database: no page may change by that."""
    before = what_is_told(browser)
    by_sql.change(Response.objects.all(), choice=0, shown_value=0)
    assert what_is_told(browser) == before


def test_every_other_page_of_a_study_is_closed_meanwhile(browser, study):
    """A new page has to be among those above, or shut."""
    above = {name for name, _ in OPEN_DOORS} | {
        *("study-preregistration", "study-personal-links", "study-duplicate"),
        *("study-invitation", "study-invitation-qr", "study-poster"),
    }  # which are made of the protocol and of invitations alone
    of_studies = [name for name in OURS if name.startswith(("study", "studies", "api-study-", "setup-"))]
    others = [
        name
        for name in of_studies
        if name not in above and name not in ("setup-new", "setup-first", "setup-gallery")
    ]
    opened = {
        name
        for name in others
        if browser.get(reverse(name, args=arguments(name, study, {}))).status_code == 200
    }
    assert sorted(opened) == []


def test_one_answer_is_not_shown_by_its_address_in_the_admin_before_the_study_is_closed(browser, study):
    address = reverse("admin:studies_response_change", args=[Response.objects.first().pk])
    assert browser.get(address).status_code == 302  # “does not exist”
    Study.objects.filter(pk=study.pk).update(state="closed")
    assert browser.get(address).status_code == 200


def test_answers_of_studies_that_hide_nothing_stay_in_the_admin(browser, study):
    shown = make_study("shown", networks=("other",))
    fill(shown, [[0, 1, 2]])
    Study.objects.filter(pk=shown.pk).update(state="open")
    html = browser.get(reverse("admin:studies_response_changelist")).content.decode()
    ids = {slug: Response.objects.filter(trial__study__slug=slug) for slug in ("shown", "blind")}
    assert all(str(response.answer_id) in html for response in ids["shown"])
    assert not any(str(response.answer_id) in html for response in ids["blind"])


def test_the_closed_study_shows_everything(browser, study):
    Study.objects.filter(pk=study.pk).update(state="closed")
    assert (
        "pixel-ablation-cam leads " in browser.get(reverse("study-results", args=["blind"])).content.decode()
    )
    assert browser.get(reverse("study-export", args=["blind"])).status_code == 200
    assert browser.get("/api/studies/blind/scores/").status_code == 200


@pytest.mark.parametrize(
    "command",
    [
        ["scores", "blind"],
        ["export", "blind", "--to"],
        ["report", "blind", "--to"],
        ["provenance", "blind", "--item", "0"],
    ],
)
def test_the_command_line_looks_only_on_record(study, tmp_path, command):
    command = [*command, str(tmp_path / "out")] if command[-1] == "--to" else command
    with pytest.raises(CommandError, match="hidden until the study is closed") as error:
        call_command(*command)
    assert error.value.returncode == 2
    assert not (tmp_path / "out").exists()
    assert not Event.objects.filter(kind="unblinded").exists()
    call_command(*command, "--unblind")
    assert Event.objects.filter(kind="unblinded").count() == 1
