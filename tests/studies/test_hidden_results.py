"""A study whose protocol hides its running results shows them to nobody before it is closed."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from studies.models import Event, Study
from tests.factories import make_study
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


def test_the_closed_study_shows_everything(browser, study):
    Study.objects.filter(pk=study.pk).update(state="closed")
    assert (
        "pixel-ablation-cam was preferred most"
        in browser.get(reverse("study-results", args=["blind"])).content.decode()
    )
    assert browser.get(reverse("study-export", args=["blind"])).status_code == 200
    assert browser.get("/api/studies/blind/scores/").status_code == 200


@pytest.mark.parametrize(
    "command", [["scores", "blind"], ["export", "blind", "--to"], ["report", "blind", "--to"]]
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
