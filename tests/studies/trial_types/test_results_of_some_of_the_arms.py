"""What comes out of studies whose trials show some of the arms: files, scores, ranking, pages."""

import csv
import subprocess
import sys
from itertools import permutations

import pytest
from django.conf import settings
from django.urls import reverse

from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.exports.report import report_html
from studies.models import Study
from studies.protocol.schema import ProtocolError, check_protocol
from studies.results.answers import Reading
from studies.results.as_json import scores_json
from studies.results.data_quality import left_out
from studies.results.further_analyses import analyse_further
from studies.results.metric_agreement import figures_of
from studies.results.part import AnswerSelection
from studies.results.provenance import chain_of_answer
from studies.results.summary import summarise
from studies.trial_types import registry
from tests.factories import make_participant
from tests.studies.filled import answer
from tests.studies.trial_types.some_arms import ARMS, TWO, answered, go_through, opened, ready
from tests.studies.trial_types.some_arms import asked as asked
from tests.studies.trial_types.some_arms import one as one
from tests.studies.trial_types.some_arms import two as two

pytestmark = pytest.mark.django_db
EVERYONE = AnswerSelection("all")


def test_an_export_says_what_stood_where_and_comes_back_with_the_same_scores(
    another_visitor, asked, tmp_path
):
    study = answered(another_visitor, attention_checks=2)
    export(study=study, to=tmp_path, formats=["csv"])
    path, shown = tmp_path / "answers.csv", asked.layout.shown(4)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        order = row["order"].split(" > ")
        assert len(order) == shown
        assert set(order) <= ({"object", "elsewhere"} if row["trial"] == "check" else {*ARMS})
        picked = int(row["position"])
        assert row["choice"] == (order[picked - 1] if picked else "same")
    assert {row["check_passed"] for row in rows if row["trial"] == "check"} == {"TRUE"}
    counted = [row for row in rows if row["status"] == "counted"]
    other = ready(slug="again", networks=("other",), seed=study.seed)
    assert import_responses(study=other, path=only(counted, tmp_path / "counted.csv")) == (24, 4)
    once, again = (scores_json(Study.objects.get(pk=row.pk), EVERYONE) for row in (study, other))
    for key in ("scores", "same", "responses", "participants", "items"):
        assert again[key] == once[key], key
    script = settings.BASE_DIR / "docs/recompute_scores.py"
    done = subprocess.run(
        [sys.executable, "-I", script, path, "--check", tmp_path / "scores.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def only(rows: list[dict], path):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_results_have_a_place_for_each_map_and_no_more(another_visitor, asked):
    study = answered(another_visitor, attention_checks=2, repeats_per_participant=1)
    shown = asked.layout.shown(4)
    reading = Reading(study, EVERYONE)
    assert reading.answers.orders.shape == (24, 4)
    assert (reading.answers.orders[:, shown:] == -1).all()
    assert (reading.answers.orders[:, :shown] >= 0).all()
    assert list(summarise(reading).positions) == [*"AB"[:shown], "same"]
    further = analyse_further(reading)
    assert len(further.positions.counts) == shown
    assert further.checks.all_passed == further.checks.all_given == 8
    report = report_html(study)
    assert "maps side by side" in report
    assert f"with {shown} maps to choose from" in report
    note = figures_of(reading)[0].note
    assert note.startswith(f"Each trial shows {shown} of the 4 arms")


def test_every_page_of_the_workspace_can_be_read(another_visitor, asked, admin_client):
    study = answered(another_visitor, attention_checks=2)
    shown = asked.layout.shown(4)
    for name in (
        "study",
        "study-results",
        "study-humans",
        "study-results-people",
        "study-items",
        "study-watch",
        "study-gallery",
    ):
        page = admin_client.get(reverse(name, args=[study.slug]))
        assert page.status_code == 200, name
        if name == "study":
            assert f"{shown} of 4 pictures side by side" in page.content.decode()
    assert admin_client.get(reverse("study-item", args=[study.slug, 0])).status_code == 200
    rows = admin_client.get(f"/api/studies/{study.slug}/answers/").json()["results"]
    assert {len(row["order"]) for row in rows} == {shown}


def test_two_of_four_are_ranked_by_what_they_were_shown_beside(two):
    """Each pair of arms in both orders, and the arm of the lower number wins twice out of three times."""
    study = ready(items=36, slug="ranked", state="closed")
    people = [make_participant(study, number, instructed_at=None) for number in (1, 2, 3)]
    pairs = list(permutations(range(4), 2))
    for number, person in enumerate(people):
        for item in range(36):
            pair = pairs[(item + number) % 12]
            wins = min(pair) if (item // 12 + number) % 3 else max(pair)
            answer(person, item, wins, order=f"{pair[0]},{pair[1]}")
    further = analyse_further(Reading(study, EVERYONE))
    assert further.ranking.note.startswith("With only 3 participants")
    assert [line.name for line in further.ranked] == list(ARMS)
    assert len(further.ranking.estimate.position) == 2
    assert further.positions.p > 0.05


def test_an_arm_that_nobody_was_shown_yet_is_said_not_to_be_ranked(two):
    study = ready(state="closed")
    person = make_participant(study)
    for item, order in enumerate(("0,1", "1,0", "1,2", "2,1", "0,2", "2,0")):
        answer(person, item, int(order[item % 2 * 2]), order=order)
    assert "never shown beside the others" in analyse_further(Reading(study, EVERYONE)).ranking.note


def test_maps_that_are_shown_alone_are_not_ranked_and_nobody_keeps_to_the_one_place(another_visitor, one):
    study = answered(another_visitor, protocol={"exclusions": {"position_share": 0.5}})
    reading = Reading(study, EVERYONE)
    further = analyse_further(reading)
    assert "never shown beside the others" in further.ranking.note
    assert further.positions.note == "Nobody preferred one of several positions."
    assert left_out(reading).kept.all()


def test_a_protocol_has_no_rule_about_the_one_place(one):
    source = {
        "version": 1,
        "slug": "single",
        "title": "T",
        "task": "choice",
        "photos": {"set": "birds"},
        "arms": [{"network": "net", "method": method} for method in ARMS],
        "design": {"seed": 1},
        "exclusions": {"position_share": 0.9},
    }
    with pytest.raises(
        ProtocolError, match=r"position_share: is 0\.9, but trials of a choice study show one map"
    ):
        check_protocol(source)
    registry._TYPES["choice"] = TWO
    assert check_protocol(source).slug == "single"


def test_the_chain_of_an_answer_names_what_stood_there(visitor, asked):
    study, join = opened()
    go_through(visitor, join)
    response = study.participants.get().responses.first()
    (origin,) = chain_of_answer(study, str(response.answer_id)).answers
    assert list(origin.order) == [ARMS[arm] for arm in response.trial.arms]
