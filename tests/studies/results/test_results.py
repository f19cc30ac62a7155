"""What a researcher reads off a study: scores, whose answers they are, and what should be known of them."""

import json
import math
from dataclasses import asdict

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from studies.analysis.contrasts import any_difference, compare_arms
from studies.analysis.inference.sensitivity import exchange_all_labels, rating_tests
from studies.core.formatting import signed
from studies.monitoring.progress import progress_of
from studies.results.answers import answers, totals
from studies.results.as_json import as_json
from studies.results.part import UnknownPartError
from studies.results.summary import summary_of
from tests.factories import make_study, make_trials
from tests.studies.filled import answer, fill, make_participant, reading_costs

pytestmark = pytest.mark.django_db

# Three items, four people. By hand: item 0 gives arm 0 all; item 1: 2/4, 1/4, same 1/4; item 2: 1/4 each.
ANSWERS = [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, -1, -1]]


@pytest.fixture
def choice():
    study = make_study("methods", seed=7)
    fill(study, ANSWERS)
    return study


@pytest.fixture
def rating():
    study = make_study(
        "networks", task="rating", items=2, methods=("grad-cam",), networks=("resnet50", "vgg16"), seed=7
    )
    fill(study, [[2, 1], [2, -1], [1, 0]])
    return study


def run(*args, capsys):
    call_command(*args)
    return capsys.readouterr().out


def test_each_item_is_worth_one_and_the_total_is_the_number_of_items(choice):
    summary = summary_of(choice)
    assert [score.score for score in summary.outcome.scores] == pytest.approx([1.75, 0.5, 0.25])
    assert summary.outcome.same.score == pytest.approx(0.5)
    assert sum(score.score for score in summary.outcome.scores) + summary.outcome.same.score == pytest.approx(
        3, abs=1e-9
    )
    assert [score.share_of_preferences for score in summary.outcome.scores] == pytest.approx([0.7, 0.2, 0.1])


def test_every_score_lies_in_its_interval(choice, rating):
    for score in (*summary_of(choice).outcome.scores, summary_of(choice).outcome.same):
        assert score.interval[0] <= score.score <= score.interval[1]
    scores = summary_of(rating).outcome.rating
    assert scores.interval[0] <= scores.mean <= scores.interval[1]


def test_the_headline_says_who_won_with_numbers(choice, rating):
    """And claims no more than the interval of the difference bears: three photos, and two, bear nothing yet."""
    lead = summary_of(choice).outcome.lead
    assert summary_of(choice).headline == (
        f"grad-cam leads ablation-cam by 1.25 items, 95 % interval {signed(lead.interval[0])} to {signed(lead.interval[1])}: "
        "no clear preference yet. It has 1.75 of 3 items (58.3 %)."
    )
    assert summary_of(rating).headline.startswith(
        "resnet50 leads vgg16 by +0.83 on a scale from −2 to +2, 95 % interval"
    )
    assert summary_of(rating).headline.endswith(": no clear preference yet.")


def test_a_clear_difference_is_said_to_be_one():
    study = make_study("clear", items=8)
    fill(study, [[0] * 8 for _ in range(8)] + [[0, 0, 1, 0, -1, 0, 0, 2]])
    summary = summary_of(study)
    low, high = summary.outcome.lead.interval
    assert summary.headline.startswith("grad-cam was preferred most: 7.67 of 8 items (95.8 %). It leads ")
    assert summary.headline.endswith(f"by 7.56 items, 95 % interval {signed(low)} to {signed(high)}.")
    rated = make_study("rated", task="rating", items=8, methods=("m",), networks=("resnet50", "vgg16"))
    fill(rated, [[-2, -1, -2, -1, -2, -2, -1, -2], *[[-2] * 8 for _ in range(8)]])
    assert summary_of(rated).headline.startswith(
        "vgg16 was judged more reliable by +1.96 on a scale from −2 to +2 ("
    )


def test_a_negative_mean_is_told_from_the_other_networks_side():
    study = make_study(
        "turned", task="rating", items=2, methods=("grad-cam",), networks=("resnet50", "vgg16")
    )
    fill(study, [[-2, -1], [-1, 0]])
    summary = summary_of(study)
    assert summary.headline.startswith(
        "vgg16 leads resnet50 by +1.00 on a scale from −2 to +2, 95 % interval "
    )
    assert summary.outcome.by_arm == {"resnet50": -1.0, "vgg16": 1.0}
    low, high = summary.outcome.rating.interval
    assert f"95 % interval {signed(-high)} to {signed(-low)}" in summary.headline


def test_equal_scores_are_called_a_tie():
    study = make_study("tie", items=2)
    fill(study, [[0, 1], [1, 0]])
    assert summary_of(study).headline == "grad-cam and ablation-cam tie at 1.00 of 2 items each."


def test_simulated_answers_never_mix_with_real_ones_unless_asked(choice):
    fill(choice, [[2, 2, 2]], simulated=True)
    assert (summary_of(choice).who, summary_of(choice).responses, summary_of(choice).simulated) == (
        "real",
        12,
        False,
    )
    assert summary_of(choice, "simulated").responses == 3
    assert summary_of(choice, "simulated").simulated
    both = summary_of(choice, "all")
    assert (both.responses, both.simulated) == (15, True)


def test_a_study_with_only_simulated_answers_shows_them_and_says_so(choice, capsys):
    study = make_study("sim", networks=("other",))
    fill(study, ANSWERS, simulated=True)
    assert (summary_of(study).who, summary_of(study).simulated) == ("simulated", True)
    assert "Simulated answers" in run("scores", "sim", capsys=capsys)
    assert json.loads(run("scores", "sim", "--json", capsys=capsys))["simulated"] is True


@pytest.mark.parametrize("status", ["undone", "surplus", "void"])
def test_only_counted_answers_are_scored(choice, status):
    before = as_json(summary_of(choice))
    answer(make_participant(choice), 0, 2, status=status)
    assert as_json(summary_of(choice)) == before


def test_who_withdrew_is_not_scored(choice):
    person = choice.participants.first()
    person.state = person.State.WITHDRAWN
    person.save()
    assert summary_of(choice).responses == 9
    assert person.number not in answers(choice).participants


def test_places_on_screen_are_counted_as_they_were_shown():
    study = make_study("places", items=2)
    person = make_participant(study)
    answer(person, 0, 2, order="2,0,1")
    answer(person, 1, 1, order="0,2,1")
    assert summary_of(study).positions == {"A": 1, "B": 0, "C": 1, "same": 0}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([], "No answers are counted yet"),
        ([[0, 1, 2]], "interval"),
        ([[0, 0, 0], [0, 0, 0]], "Every answer is the same"),
        ([[-1, -1, -1], [-1, -1, -1]], "Nobody preferred any arm"),
    ],
)
def test_what_cannot_be_computed_is_a_sentence_and_never_nan(answers, sentence, capsys):
    study = make_study("thin")
    fill(study, answers)
    data = as_json(summary_of(study))
    assert sentence in " ".join(data["notes"])
    enough = len(answers) > 1
    assert all((score["interval"] is not None) == enough for score in data["scores"].values())
    text = run("scores", "thin", capsys=capsys) + run("scores", "thin", "--json", capsys=capsys)
    assert "nan" not in text.lower()
    assert sentence in text


def test_items_without_answers_are_named():
    study = make_study("half", items=3)
    fill(study, [[0], [1]])
    summary = summary_of(study)
    assert (summary.items, summary.missing_items) == (1, (1, 2))
    assert "2 of 3 items have no answer and are not in the scores: 1, 2." in summary.notes


def test_the_choice_table_reads_as_in_the_paper(choice, capsys):
    lines = run("scores", "methods", capsys=capsys).splitlines()
    assert lines[1] == "Answers of real people"
    assert lines[3].split("  ")[0] == "arm"
    assert "score of 3" in lines[3]
    assert lines[5].split()[:4] == ["grad-cam", "1.75", "58.3", "%"]
    assert lines[8].split()[:2] == ["same", "0.50"]
    assert lines[10].split() == ["total", "3.00", "100.0", "%"]
    assert "12 answers by 4 participants on 3 items." in lines


def test_the_rating_table_gives_the_direction_in_words(rating, capsys):
    text = run("scores", "networks", capsys=capsys)
    assert "positive: resnet50 judged more reliable" in text
    assert "Answers: −2: 0, −1: 1, 0: 1, +1: 2, +2: 2" in text


def test_json_has_the_promised_shape(choice, rating, capsys):
    data = json.loads(run("scores", "methods", "--json", capsys=capsys))
    expected = {
        "study": "methods",
        "task": "choice",
        "who": "real",
        "simulated": False,
        "items": 3,
        "missing_items": [],
        "responses": 12,
        "participants": 4,
        "imported": 0,
        "versions": {},
        "looks": None,
    }
    assert {name: data.get(name, {}) for name in expected} == expected
    assert {"scores", "same", "positions", "headline", "notes", "protocol_sha256", "computed_with"} <= set(
        data
    )
    assert set(data["scores"]["grad-cam"]) == {
        "score",
        "share",
        "share_of_preferences",
        "share_of_preferences_interval",
        "interval",
    }
    assert set(data["same"]) == {"score", "share", "interval"}
    rated = json.loads(run("scores", "networks", "--json", capsys=capsys))
    assert rated["mean"] == pytest.approx(5 / 6)
    assert rated["by_arm"] == {"resnet50": pytest.approx(5 / 6), "vgg16": pytest.approx(-5 / 6)}
    assert rated["mean_of_items"] == pytest.approx((5 / 3 + 0) / 2)
    assert rated["counts"] == {"-2": 0, "-1": 1, "0": 1, "1": 2, "2": 2}
    assert "positive: resnet50" in rated["direction"]
    low, high = rated["mean_of_items_interval"]
    assert low <= rated["mean_of_items"] <= high
    assert len(rated["interval"]) == 2
    assert all(math.isfinite(bound) for bound in rated["interval"])


def size_json(size):
    return {"estimate": size.estimate, "interval": size.interval and list(size.interval)}


def test_json_has_every_test_with_what_it_found(choice, rating, capsys):
    data = json.loads(run("scores", "methods", "--json", capsys=capsys))
    columns = (answers(choice).items, answers(choice).participants, answers(choice).values)
    arms = list(choice.arms.values_list("name", flat=True))
    assert data["contrasts"] == [
        {
            "first": arms[contrast.a],
            "second": arms[contrast.b],
            "difference": contrast.difference,
            "interval": contrast.interval.tolist(),
            "p_by": {"trials": contrast.trials.p, "items": contrast.items.p, "people": contrast.people.p},
            "p": contrast.p,
            "df": contrast.df,
            "p_holm": None,
            "interval_all_pairs": contrast.interval_all_pairs.tolist(),
            "p_all_pairs": contrast.p_all_pairs,
            "equivalence": None,
            "effect_sizes": {
                "difference_of_shares": {
                    "estimate": contrast.difference / 3,
                    "interval": (contrast.interval / 3).tolist(),
                },
                "superiority": size_json(contrast.superiority),
                "odds": size_json(contrast.odds),
            },
            "exploratory": True,
        }
        for contrast in compare_arms(*columns, seed=choice.seed)
    ]
    joint, exchanged = any_difference(*columns), exchange_all_labels(columns[0], columns[2], seed=choice.seed)
    found = data["any_difference"]
    assert found["labels_exchanged"] == asdict(exchanged)
    assert (found["statistic"], found["df"], found["p"]) == (joint.statistic, list(joint.df), joint.p)
    assert (found["n"], found["zeros"], found["note"]) == (exchanged.n, exchanged.zeros, "")
    rated = json.loads(run("scores", "networks", "--json", capsys=capsys))
    table = answers(rating)
    tests = rating_tests(table.items, table.participants, table.values)
    assert rated["tests"] == {name: asdict(finding) for name, finding in tests.items()}


def test_a_study_that_does_not_exist_is_one_clear_line(choice):
    with pytest.raises(CommandError, match=r"nowhere: no such study\. Studies: methods") as error:
        call_command("scores", "nowhere")
    assert error.value.returncode == 2
    with pytest.raises(UnknownPartError, match="who=robots"):
        summary_of(choice, "robots")


def test_a_summary_takes_the_same_number_of_queries_however_many_answers(
    choice, rating, django_assert_max_num_queries
):
    for study in (choice, rating):
        with django_assert_max_num_queries(9 + reading_costs()):
            summary_of(study)


def test_totals_from_the_database_are_the_summarys(choice, rating):
    fill(choice, [[2, 2, -1]], simulated=True)
    for who in ("real", "simulated", "all"):
        scores, whole = totals(choice, who), summary_of(choice, who)
        assert scores.arms.tolist() == pytest.approx([score.score for score in whole.outcome.scores])
        assert scores.same == pytest.approx(whole.outcome.same.score)
    assert totals(rating).mean == pytest.approx(summary_of(rating).outcome.rating.mean)
    assert totals(make_study("none", networks=("x",))) is None


def test_progress_of_all_studies_takes_two_queries(choice, rating, django_assert_num_queries):
    make_trials(choice, ["0,1,2"])
    fill(choice, [[0]], simulated=True)
    with django_assert_num_queries(2):
        progress = progress_of([choice, rating])
    assert (progress[choice.pk].open, progress[choice.pk].answered) == (3, 13)
    assert (progress[choice.pk].real, progress[choice.pk].simulated) == (12, 1)
    assert (progress[choice.pk].needed, progress[choice.pk].percent) == (16, 81)


@pytest.mark.parametrize("methods", [("a", "b"), ("a", "b", "c", "d")])
def test_totals_have_a_score_for_each_arm_that_the_study_has(methods):
    study = make_study("arms", methods=methods)
    fill(study, [[0, 1, len(methods) - 1], [0, -1, 1]])
    scores, whole = totals(study), summary_of(study)
    assert scores.arms.tolist() == pytest.approx([score.score for score in whole.outcome.scores])
    assert len(scores.arms) == len(methods)
