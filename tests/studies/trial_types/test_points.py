"""Best and worst, and rankings, of four and of five arms from answer to file and back; what the contract tries on two arms."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse

from studies.analysis.power import Assumptions
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.models import Study
from studies.protocol.schema import check_protocol
from studies.results import AnswerSelection, scores_json, summary_of
from studies.setup.power_analysis import analyse_power
from studies.trial_types import trial_type
from studies.trial_types.rank import codes
from studies.trial_types.rank.page import RankPage
from studies.trials.allocation import claim_trials
from tests.factories import make_participant, make_study
from tests.studies.conftest import Visitor
from tests.studies.taking_part import answer, held_by, open_study

pytestmark = pytest.mark.django_db
METHODS = ("grad-cam", "ablation-cam", "layer-cam", "pixel-ablation-cam")
EVERYONE = AnswerSelection("real")
TASKS = pytest.mark.parametrize("task", ["best-worst", "rank"])


def filled(task, *, people=6, items=5, seed=0, **fields) -> Study:
    """Four arms, of which people prefer the first."""
    study = open_study(task=task, methods=METHODS, items=items, responses_per_item=people, seed=7, **fields)
    kind, random = trial_type(task), np.random.default_rng(seed)
    for number in range(1, people + 1):
        person = make_participant(study, number)
        claim_trials(participant=person, count=items)
        for trial in held_by(person):
            own = np.array([0.5, 0.25, 0.15, 0.1, 0.15])
            value = kind.people.answer(None, own=own, taste=0, order=trial.arms, values=None, random=random)
            answer(person, trial.position, value)
    return study


def plan(study):
    return study.protocol | {
        "analysis": {
            "contrasts": [["grad-cam", "layer-cam"], ["grad-cam", "ablation-cam"]],
            "smallest_effect": 0.4,
        }
    }


@TASKS
def test_whatever_is_declared_and_said_of_four_arms_is_computed_again(task, tmp_path):
    study = filled(task)
    Study.objects.filter(pk=study.pk).change_what_is_frozen(protocol=plan(study))
    study.refresh_from_db()
    export(study=study, to=tmp_path, formats=["csv"])
    (tmp_path / "protocol.toml").write_text(
        "[analysis]\n"
        'contrasts = [["grad-cam", "layer-cam"], ["grad-cam", "ablation-cam"]]\nsmallest_effect = 0.4\n',
        encoding="utf-8",
    )
    printed = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert [one["exploratory"] for one in printed["contrasts"]] == [False] * 2 + [True] * 4
    assert printed["contrasts"][0]["equivalence"]["p_holm"] is not None
    assert all(row["strength"] > 0 for row in printed["scores"].values())
    script = settings.BASE_DIR / "docs/recompute_points.py"
    done = subprocess.run(
        [sys.executable, "-I", script, "answers.csv", "--check", "scores.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "every score agrees" in done.stderr, done.stderr
    printed["scores"]["grad-cam"]["strength"] += 1e-6
    (tmp_path / "scores.json").write_text(json.dumps(printed), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", script, "answers.csv", "--check", "scores.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith("scores grad-cam strength: ")
    assert done.returncode == 1


@TASKS
def test_the_wide_file_and_the_long_one_come_back(task, tmp_path):
    study = filled(task)
    export(study=study, to=tmp_path, formats=["csv"])
    kind = trial_type(task)
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        order = row["order"].split(" > ")
        shown = kind.files.shown_value(row[kind.files.shown_column])
        stored = kind.files.readings(METHODS)[row[kind.files.column]]
        assert kind.answers.stored_value([METHODS.index(name) for name in order], shown) == stored
    other = make_study(
        "again", task=task, methods=METHODS, networks=("other",), items=5, responses_per_item=6, seed=7
    )
    assert import_responses(study=other, path=tmp_path / "answers.csv") == (30, 6)
    once, again = (scores_json(Study.objects.get(pk=row.pk), EVERYONE) for row in (study, other))
    assert again["scores"] == once["scores"]
    assert again["contrasts"] == once["contrasts"]


@TASKS
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            ["Rscript", "analysis.R"],
            marks=pytest.mark.skipif(not shutil.which("Rscript"), reason="no R here"),
        ),
        [sys.executable, "analysis.py"],
    ],
    ids=["R", "Python"],
)
def test_the_mixed_models_that_come_along_say_the_same_of_balanced_answers(task, command, tmp_path):
    study = filled(task, people=8, items=10)
    study.arms.filter(index=0).change_what_is_frozen(name="=first")
    export(study=study, to=tmp_path, formats=["csv"])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with next(tmp_path.glob("mixed-models*.csv")).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    printed, linear = ([row for row in rows if row["model"] == model] for model in ("printed", "linear"))
    assert len(printed) == len(linear) == 6
    for ours, theirs in zip(printed, linear, strict=True):
        assert float(theirs["estimate"]) == pytest.approx(float(ours["estimate"]), abs=1e-6)
        widths = [float(row["high"]) - float(row["low"]) for row in (ours, theirs)]
        assert 0.6 < widths[1] / widths[0] < 1.3


@TASKS
def test_its_headline_names_the_best_arm_with_its_lead(task):
    summary = summary_of(filled(task, people=12, items=16))
    assert summary.headline.startswith("grad-cam came out best with ")
    assert " It leads ablation-cam by " in summary.headline
    assert summary.outcome.by_arm["grad-cam"] == max(summary.outcome.by_arm.values())


def test_best_and_worst_sum_to_nothing_and_ranks_to_their_mean():
    scores = scores_json(filled("best-worst"), EVERYONE)["scores"]
    assert sum(row["score"] for row in scores.values()) == pytest.approx(0)
    assert all(row["score"] == pytest.approx(row["first"] - row["last"]) for row in scores.values())


def test_mean_ranks_are_shared_by_those_who_tie():
    found = scores_json(filled("rank"), EVERYONE)
    scores = found["scores"].values()
    assert sum(row["mean_rank"] for row in scores) == pytest.approx(1 + 2 + 3 + 4)
    assert sum(row["first"] for row in scores) == pytest.approx(1)
    assert 0 < found["ties"] < 1
    for row in scores:
        assert 1 <= row["interval"][0] <= row["mean_rank"] <= row["interval"][1] <= 4


# A dry run by staff


@pytest.mark.parametrize(
    ("task", "parts", "wrong"),
    [
        ("best-worst", {"part-best": "16", "part-worst": "1"}, {"part-best": "16", "part-worst": "2"}),
        ("rank", {"part-A": "1", "part-B": "6", "part-C": "108", "part-D": "864"}, {"part-A": "1"}),
    ],
)
def test_a_dry_run_takes_the_fields_of_the_form_too(task, parts, wrong, client, admin_user):
    make_study("tried", task=task, methods=METHODS, items=2)
    client.force_login(admin_user)
    staff = Visitor(client).get(reverse("setup-preview", args=["tried"])).press().press()
    assert staff.on_trial
    before = staff.soup.select_one("[name=position]")["value"]
    data = {field["name"]: field["value"] for field in staff.soup.select("#answer input[type=hidden]")}
    staff.response = client.post(staff.path, {**data, **parts}, follow=True)
    staff._read()
    assert staff.on_trial
    assert staff.soup.select_one("[name=position]")["value"] != before
    data = {field["name"]: field["value"] for field in staff.soup.select("#answer input[type=hidden]")}
    assert client.post(staff.path, {**data, **wrong}).status_code == 400


# A ranking as a number


@pytest.mark.parametrize(("maps", "count"), [(1, 1), (2, 3), (3, 13), (4, 75), (5, 541)])
def test_there_are_as_many_rankings_as_fubini_says_and_each_is_its_own_number(maps, count):
    every = codes.codes(maps)
    assert len(set(every)) == count
    assert max(every) < 2**15
    assert [codes.code(codes.decoded(value)) for value in every] == list(every)
    assert {len(codes.places_of(value)) for value in every} == {maps}


def test_whatever_places_somebody_gives_their_order_is_what_they_say():
    page = RankPage()

    def sent(*places):
        return page.sent({f"part-{at}": str(place * 6**at) for at, place in enumerate(places)}, len(places))

    assert sent(1, 1, 3) == str(codes.code([[0, 1], [2]])) == sent(2, 2, 3)
    assert sent(3, 1, 1, 5) == str(codes.code([[1, 2], [0], [3]]))
    assert sent(1, 2, 0) == sent(0, 1, 2) == "0"  # one has no place: no ranking
    assert page.sent({"part-A": "", "part-B": "12"}, 2) is None
    assert page.sent({"value": "13"}, 2) == "13"


def test_a_file_may_name_those_who_tie_in_any_order():
    readings = trial_type("rank").files.readings(["a", "b", "c"])
    assert readings["c = a > b"] == readings["a = c > b"] == codes.code([[0, 2], [1]])
    assert len(readings) == 6 * 4


@pytest.mark.parametrize("cell", ["1 > 0", "x > 2", "", "1 > 2 > 9"])
def test_positions_that_cannot_be_are_no_answer(cell):
    kind = trial_type("rank")
    try:
        value = kind.files.shown_value(cell)
    except ValueError:
        return
    assert value not in kind.answers.shown_values(2)


# Power


@TASKS
def test_the_simulated_effect_is_the_one_that_is_assumed(task):
    model, arms = trial_type(task).power.model, 4
    assumed = Assumptions(0.4)
    level = model.level(assumed, arms)
    rng = np.random.default_rng(1)
    tastes = assumed.spread * rng.standard_normal((60_000, arms))
    values = model.values(level + tastes, rng)
    scale = model.scale_of(arms)
    means = scale.points[scale.places_of(values)].mean(axis=0)
    assert means[0] - means[1:].mean() == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(("task", "effect", "most"), [("best-worst", 1.4, "1.33333"), ("rank", 2.1, "2")])
def test_an_effect_that_no_answers_can_have_is_refused(task, effect, most):
    protocol = check_protocol(
        {
            "version": 1,
            "slug": "s",
            "title": "T",
            "task": task,
            "photos": {"set": "birds", "limit": 30},
            "arms": [{"network": f"net-{number}", "method": "grad-cam"} for number in range(4)],
            "design": {"seed": 1},
        }
    )
    with pytest.raises(
        Exception, match=f"effect: {effect} is more than 4 arms can differ by on average, {most}"
    ):
        analyse_power(protocol=protocol, people=[6], studies=10, assumptions=Assumptions(effect))
