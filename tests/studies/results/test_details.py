"""What a reviewer asks next: tests, agreement, bias, exclusions, and results of a part of the answers."""

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.urls import reverse

from studies.analysis.agreement import krippendorff_alpha
from studies.analysis.contrasts import holm
from studies.models import Trial
from studies.results.answers import Reading, answers_of
from studies.results.further_analyses import analyse_further
from studies.results.part import part_of
from studies.results.summary import summary_of
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db

ARMS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")


def found_in(study, **part):
    return analyse_further(Reading(study, part_of(study, **part)))


@pytest.fixture
def study():
    study = make_study(
        "methods",
        items=4,
        seed=5,
        protocol={
            "analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"], ["ablation-cam", "grad-cam"]]},
            "exclusions": {"median_ms": 500},
        },
    )
    orders = ["0,1,2", "1,2,0", "2,0,1", "0,2,1"]
    rng = np.random.default_rng(0)
    for _ in range(6):
        person = make_participant(study, label="course A")
        for item in range(4):
            value = int(rng.choice([2, 2, 1, 0, -1]))
            answer(person, item, value, order=orders[item], response_ms=1000 + 10 * item)
    hasty = make_participant(study, label="course B")
    for item in range(4):
        answer(hasty, item, 0, order=orders[item], response_ms=100)
    return study


def test_declared_contrasts_are_corrected_and_others_called_exploratory(study):
    contrasts = found_in(study).contrasts
    assert [(versus.first, versus.second) for versus in contrasts[:2]] == [
        ("pixel-ablation-cam", "grad-cam"),
        ("ablation-cam", "grad-cam"),
    ]
    assert [versus.found.exploratory for versus in contrasts] == [False, False, True]
    assert [versus.found.p_holm for versus in contrasts[:2]] == holm(
        [versus.found.p for versus in contrasts[:2]]
    )
    assert contrasts[2].found.p_holm is None


def test_differences_are_those_of_the_scores(study):
    scores = {score.name: score.score for score in summary_of(study).outcome.scores}
    for versus in found_in(study).contrasts:
        assert versus.found.difference == pytest.approx(scores[versus.first] - scores[versus.second])


def test_three_ways_to_count_stand_side_by_side_with_signs_for_differences_alone(study, client, admin_user):
    person = make_participant(study, label="course B")
    answer(person, 0, 1)  # one answer of somebody who gave no more: the three ways part
    client.force_login(admin_user)
    page = BeautifulSoup(client.get(reverse("study-results", args=["methods"])).content, "html.parser")
    table = next(each for each in page.select("table") if "counted in three ways" in each.caption.get_text())
    rows = {
        row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in table.select("tbody tr")
    }
    scores = summary_of(study).outcome
    for score in scores.scores:
        assert rows[score.name][0].startswith(f"{score.share:.2f} (")
    answers = answers_of(study, part_of(study))
    values = answers.values
    assert rows["grad-cam"][2].startswith(f"{np.mean(values == 0):.2f} (")
    by_person = [np.mean(values[answers.participants == n] == 0) for n in range(1, 9)]
    assert rows["grad-cam"][1].startswith(f"{np.mean(by_person):.2f} (")
    assert len(set(rows["grad-cam"])) == 3
    differences = [cell for name, cells in rows.items() if " − " in name for cell in cells]
    assert len(differences) == 9
    assert all(cell[0] in "+−" or cell.startswith("0.00") for cell in differences)


def test_the_protocols_rules_leave_out_the_hasty(study):
    details = found_in(study)
    assert details.exclusions.reasons == {7: ["answered too fast"]}
    assert (details.exclusions.flow["people"], details.exclusions.flow["people kept"]) == (7, 6)
    without = summary_of(study, group="course A")
    assert details.other.outcome.scores == without.outcome.scores
    assert details.other.responses == 24


def test_without_rules_nobody_is_left_out():
    study = make_study("plain")
    fill(study, [[0, 1, 2], [1, 1, 0]])
    assert found_in(study).exclusions is None
    assert found_in(study).other is None


def test_agreement_is_that_of_the_answers(study):
    table = answers_of(study, part_of(study))
    expected = krippendorff_alpha(table.items, table.participants, table.values).alpha
    assert found_in(study).agreement.alpha == pytest.approx(expected)


def test_same_is_counted_in_three_ways_that_each_sum_to_their_items(study):
    ways = found_in(study).same_as
    assert [way.way for way in ways] == ["own", "split", "dropped"]
    for way in ways:
        assert sum(way.scores) + way.same == pytest.approx(way.items)


def test_the_ranking_has_the_best_arm_first_and_each_worth_in_its_interval(study):
    details = found_in(study)
    worth = dict(zip(ARMS, details.ranking.estimate.worth.tolist(), strict=True))
    assert [line.name for line in details.ranked] == sorted(ARMS, key=worth.get, reverse=True)
    for line in details.ranked:
        assert line.worth == worth[line.name]
        assert line.interval == tuple(details.ranking.intervals.worth[ARMS.index(line.name)].tolist())
        assert line.interval[0] <= line.worth <= line.interval[1]


def test_times_are_quartiles_in_seconds(study):
    times = found_in(study, group="course A").times
    assert times.n == 24
    assert (times.low, times.median, times.high) == pytest.approx((1.0075, 1.015, 1.0225))


def test_repeats_show_how_often_people_say_the_same_again_and_change_no_score(study):
    before = summary_of(study)
    person = study.participants.get(number=1)
    choices = {answer.trial.item.index: answer.choice for answer in person.responses.all()}
    for item, again in ((0, choices[0]), (1, choices[1]), (2, (choices[2] + 2) % 4 - 1)):
        answer(person, item, again, kind=Trial.Kind.REPEAT, status="aside")
    retest = found_in(study).retest
    assert (retest.pairs, retest.equal) == (3, pytest.approx(2 / 3))
    assert summary_of(study) == before


def test_results_can_be_narrowed_to_a_class_or_a_group(study):
    image = study.items.get(index=0).image
    image.class_name = "dam"
    image.save()
    assert summary_of(study, class_name="dam").items == 1
    assert summary_of(study, class_name="dam").missing_items == ()
    assert summary_of(study, group="course B").responses == 4
    assert summary_of(study, group="course B").outcome.scores[0].score == 4
    assert "class “dam” only" in summary_of(study, class_name="dam").who_in_words


def test_the_page_narrows_down_and_says_so(client, admin_user, study):
    client.force_login(admin_user)
    html = client.get(reverse("study-results", args=["methods"]) + "?group=course+B").content.decode()
    assert "group “course B” only" in html
    assert "4.00 of 4 items (100.0 %)" in html
    data = client.get(reverse("study-results-json", args=["methods"]) + "?group=course+B").json()
    assert (data["group"], data["responses"]) == ("course B", 4)


@pytest.mark.parametrize("answers", [[[0]], [[0], [1]], [[0, 1, 2]], [[1, 1, 1]] * 3, [[-1, -1, -1]] * 2])
def test_thin_answers_have_sentences_instead_of_numbers(client, admin_user, answers):
    study = make_study("thin", protocol={"exclusions": {"median_ms": 500, "position_share": 0.9}})
    fill(study, answers)
    details = found_in(study)
    assert details.agreement.alpha is None or details.agreement.alpha <= 1
    client.force_login(admin_user)
    response = client.get(reverse("study-results", args=["thin"]))
    assert response.status_code == 200
    assert " nan" not in response.content.decode().lower()


@pytest.mark.parametrize("answers", [[[0]], [[2], [-1]], [[0, 0, 0]] * 2, [[1, 1, 1]] * 3])
def test_thin_ratings_have_sentences_instead_of_numbers(client, admin_user, answers):
    study = make_study(
        "thin",
        task="rating",
        methods=("m",),
        networks=("a", "b"),
        protocol={"exclusions": {"position_share": 0.9}},
    )
    fill(study, answers)
    client.force_login(admin_user)
    response = client.get(reverse("study-results", args=["thin"]))
    assert response.status_code == 200
    assert " nan" not in response.content.decode().lower()


def test_answers_collected_elsewhere_say_nothing_of_places(client, admin_user, tmp_path):
    study = make_study("imported")
    path = tmp_path / "answers.csv"
    rows = [f"{item},{person},{ARMS[(item + person) % 3]}" for item in range(3) for person in range(4)]
    path.write_text("item,participant,choice\n" + "\n".join(rows))
    call_command("import_responses", "imported", str(path))
    details = found_in(study)
    assert (details.positions, details.ranking, details.times) == (None, None, None)
    client.force_login(admin_user)
    assert client.get(reverse("study-results", args=["imported"])).status_code == 200
