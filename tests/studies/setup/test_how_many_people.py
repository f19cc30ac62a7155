"""How many people are enough: simulated by a worker, asked for and shown on a page."""

from dataclasses import replace

import pytest
from django.urls import reverse

from explain.jobs.jobs import run_job
from explain.models import Job
from studies.analysis.power import (
    CHOICES,
    RATINGS,
    Assumptions,
    Design,
    most_steps,
    people_needed,
    power,
    power_over,
)
from studies.core import svg
from studies.protocol import check_protocol
from studies.setup import analyse_power, power_job
from tests.studies.setting_up import DESIGN, begin, go_through, save

DESIGN_OF_MANY = Design(items=60, participants=6, answers_per_item=3, model=CHOICES, arms=3)


@pytest.fixture(autouse=True)
def few_studies(monkeypatch):
    monkeypatch.setattr(power_job, "STUDIES", 20)
    monkeypatch.setattr(power_job, "STUDIES_OF_PICTURE", 10)


@pytest.fixture
def asked(browser, birds, monkeypatch):
    """A draft that can be simulated, and a job for it that waits."""
    monkeypatch.setattr("explain.tasks.tell", lambda *_: None)
    study = begin(browser)
    go_through(browser, study)
    save(browser, study, "design", **DESIGN | {"people": "7"})
    page = browser.post(address(study), ASSUMED, follow=True)
    assert page.status_code == 200
    study.refresh_from_db()
    return study, Job.objects.get(kind="power")


ASSUMED = {"effect": "0.3", "same": "0.1", "spread_items": "0.7", "spread_people": "0.4"}


def address(study):
    return reverse("study-power", args=[study.slug])


def test_the_fewest_people_are_those_with_whom_the_power_is_reached():
    """Beside a look at every number of people."""
    assumptions = Assumptions(0.22)
    needed = people_needed(DESIGN_OF_MANY, assumptions, fewest=6, studies=40)
    powers = {
        people: power(replace(DESIGN_OF_MANY, participants=people), assumptions, studies=40).power
        for people in range(6, 41)
    }
    assert 6 < needed.people < 40
    assert needed.power == powers[needed.people] >= 0.8
    assert min(powers[people] for people in range(6, needed.people - 1)) < 0.8
    gap = max(people for people in powers if powers[people] < 0.8 and people < needed.people)
    assert needed.people - gap <= max(1, 0.05 * needed.people)


def test_fewest_that_are_enough_at_once_are_all_that_is_needed():
    needed = people_needed(DESIGN_OF_MANY, Assumptions(0.6), fewest=6, studies=20)
    assert (needed.people, needed.most) == (6, 96)


def test_where_more_people_do_not_help_none_are_named_and_the_best_is_told():
    design = Design(items=10, participants=3, answers_per_item=2, model=RATINGS, arms=2)
    steps = []
    needed = people_needed(design, Assumptions(0.2), fewest=3, studies=20, after_each=lambda: steps.append(1))
    assert needed.people is None
    assert needed.most == 20  # one answer each: nobody else would have anything to answer
    assert 0 <= needed.power < 0.8
    assert len(steps) <= 20 * most_steps()


def test_an_effect_that_no_answers_can_have_has_no_power():
    row, none = power_over(DESIGN_OF_MANY, Assumptions(0.3), people=[6, 12], effects=[0.3, 0.97], studies=10)
    assert none == [None, None]
    assert row[1] == power(replace(DESIGN_OF_MANY, participants=12), Assumptions(0.3), studies=10).power


def test_the_line_runs_between_fields_that_are_enough_and_others():
    chart = svg.fields(
        "Power", "All.", columns=["6", "9"], rows=[("0.1", [0.5, 0.8]), ("0.2", [None, 0.9])], line=0.8
    )
    assert chart.count('class="level"') == 2  # left of both fields of the second column
    assert chart.count('class="field"') == 4
    assert "50 %" in chart
    assert "–" in chart


@pytest.mark.django_db
class TestPage:
    def test_a_worker_simulates_what_was_assumed(self, browser, asked):
        study, job = asked
        assert "Waiting for a worker." in browser.get(address(study)).content.decode()
        assert browser.get(reverse("study-power-state", args=[study.slug])).json()["state"] == "pending"
        done = run_job(job.pk)
        assert (done.state, done.error) == ("done", "")
        assert (done.done, done.total) == (done.total, done.total)
        assert done.result["assumptions"] == {
            "effect": 0.3,
            "same": 0.1,
            "spread_items": 0.7,
            "spread_people": 0.4,
            "left_out": 0.0,
        }
        page = browser.get(address(study)).content.decode()
        assert "every figure is simulated" in page
        assert page.count('class="field" x=') == 5 * len(done.result["picture"]["people"])
        assert study.protocol["recruitment"]["people"] == 7
        assert 7 in done.result["picture"]["people"]
        assert "changed after this" not in page
        assert 'name="effect" value="0.3"' in page  # what was typed is still there

    def test_who_is_excluded_and_what_does_not_matter_are_part_of_it_where_the_protocol_says_so(
        self, browser, asked
    ):
        study, _ = asked
        assert "left_out" not in browser.get(address(study)).context["form"].fields
        study.protocol["exclusions"] = {"median_ms": 400}
        study.protocol["analysis"] = {"smallest_effect": 0.4, "decided_by": "kept"}
        study.save()
        assert browser.post(address(study), ASSUMED).context["form"].errors.keys() == {"left_out"}
        browser.post(address(study), ASSUMED | {"left_out": "0.2"})
        done = run_job(Job.objects.filter(kind="power").first().pk)
        assert done.error == ""
        assert done.result["assumptions"]["left_out"] == 0.2
        page = browser.get(address(study)).content.decode()
        assert "Of the people 20 % are taken to be left out" in page
        found = done.result["points"][0]["equivalence"]["power"]
        assert (
            f"find the comparison smaller than 0.4 where nothing differs. 7 people: {100 * found:.1f} %."
            in page
        )

    def test_the_saved_protocol_is_simulated_with_its_arms_and_comparisons(self, browser, asked):
        """A page that fills in what a draft lacks would find the power of another study."""
        study, _ = asked
        study.protocol["arms"].append({"network": "small", "method": "grad-cam"})
        for arm, name in zip(study.protocol["arms"], "abc", strict=True):
            arm["name"] = name
        study.protocol["analysis"] = {"contrasts": [["a", "b"], ["a", "c"]]}
        study.save()
        page = browser.post(address(study), ASSUMED)
        assert page.status_code == 302, page.context["form"].errors
        done = run_job(Job.objects.filter(kind="power").first().pk)
        assert done.error == ""
        result = done.result
        assert (result["arms"], result["contrasts"]) == (3, 2)
        alone = analyse_power(
            protocol=check_protocol(study.protocol),
            people=[7],
            assumptions=Assumptions(0.3, 0.1, 0.7, 0.4),
            studies=20,
        )
        assert result["points"][0]["power"] == alone.points[0].power
        assert "corrected by Holm" in browser.get(address(study)).content.decode()

    def test_asked_twice_it_is_simulated_once(self, browser, asked):
        study, job = asked
        browser.post(address(study), ASSUMED)
        assert list(Job.objects.filter(kind="power")) == [job]
        browser.post(address(study), ASSUMED | {"effect": "0.4"})
        assert Job.objects.filter(kind="power").count() == 2

    def test_a_result_of_another_protocol_says_so(self, browser, asked):
        study, job = asked
        run_job(job.pk)
        save(browser, study, "design", **DESIGN | {"responses_per_item": "2"})
        assert (
            "The protocol was changed after this was simulated"
            in browser.get(address(study)).content.decode()
        )

    def test_a_protocol_that_changed_before_the_worker_came_is_not_simulated(self, browser, asked):
        study, job = asked
        save(browser, study, "design", **DESIGN | {"responses_per_item": "2"})
        assert run_job(job.pk).state == "failed"
        assert (
            "Nothing was simulated: The protocol was changed" in browser.get(address(study)).content.decode()
        )

    def test_a_draft_that_lacks_something_says_what(self, browser, birds):
        study = begin(browser)
        page = browser.post(address(study), ASSUMED)
        assert not Job.objects.filter(kind="power").exists()
        assert "Nothing can be simulated yet:" in page.content.decode()

    @pytest.mark.parametrize(
        "wrong", [{"effect": "0"}, {"effect": ""}, {"same": "1"}, {"spread_items": "-1"}]
    )
    def test_what_cannot_be_assumed_is_said_at_its_field(self, browser, asked, wrong):
        study, _ = asked
        page = browser.post(address(study), ASSUMED | wrong)
        assert page.status_code == 200
        assert page.context["form"].errors.keys() == wrong.keys()
        assert Job.objects.filter(kind="power").count() == 1

    def test_an_effect_beyond_what_answers_can_have_fails_in_words(self, browser, asked):
        study, _ = asked
        browser.post(address(study), ASSUMED | {"effect": "0.95"})
        job = run_job(Job.objects.filter(kind="power").first().pk)
        assert job.state == "failed"
        assert "take a smaller effect" in job.error

    def test_others_do_not_see_it(self, client, asked):
        study, _ = asked
        client.logout()
        assert client.get(address(study)).status_code in (302, 404)
