"""Anyone can recompute the scores from the exported file with numpy alone, and get the same digits."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from studies.exports.archive import export
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).parents[3] / "docs" / "recompute_scores.py"


def recompute(*arguments):
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(params=["choice", "rating"])
def exported(request, tmp_path):
    """A study by real and simulated people, with answers that must not count, exported."""
    rng = np.random.default_rng(1)
    if request.param == "choice":
        study = make_study("methods", items=6, seed=11)
        study.arms.filter(index=0).update(name="=grad-cam")  # the file defuses it for spreadsheets
        values = rng.choice([0, 1, 2, -1], size=(4, 6))
    else:
        study = make_study(
            "networks", items=6, seed=11, task="rating", methods=("grad-cam",), networks=("a", "b")
        )
        values = rng.integers(-2, 3, size=(4, 6))
    people = fill(study, values.tolist())
    answer(people[0], 0, 1, kind="repeat", status="aside")
    answer(people[1], 5, 1, kind="check", status="aside")
    fill(study, [[1] * 6], simulated=True)
    fill(study, [[0] * 6], state="withdrawn")
    answer(make_participant(study), 0, 0, status="undone")
    export(study=study, to=tmp_path, formats=["csv"])
    return study, tmp_path


def test_it_gives_the_exported_scores_and_intervals_digit_for_digit(exported):
    study, folder = exported
    done = recompute(
        folder / "answers.csv", "--seed", study.seed, "--check", folder / "scores.json", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert "every score agrees" in done.stderr
    recomputed, printed = json.loads(done.stdout), json.loads((folder / "scores.json").read_text())
    assert (recomputed["responses"], recomputed["participants"], recomputed["items"]) == (24, 4, 6)
    if study.task == "choice":
        for name, row in printed["scores"].items():
            for key in ("score", "share", "share_of_preferences", "interval"):
                assert recomputed["scores"][name][key] == pytest.approx(row[key], abs=1e-9)
        assert len(printed["contrasts"]) == 3
        for contrast, again in zip(printed["contrasts"], recomputed["contrasts"], strict=True):
            assert again["p_by"] == pytest.approx(contrast["p_by"], abs=1e-12)
            assert (again["p"], again["difference"]) == pytest.approx((contrast["p"], contrast["difference"]))
        for key in ("score", "share", "interval"):
            assert recomputed["same"][key] == pytest.approx(printed["same"][key], abs=1e-9)
    else:
        for name in ("mean", "interval", "mean_of_items", "mean_of_items_interval"):
            assert recomputed[name] == pytest.approx(printed[name], abs=1e-9)


def test_the_seed_is_read_from_the_scores_and_a_changed_p_is_named(exported):
    study, folder = exported
    assert recompute(folder / "answers.csv", "--check", folder / "scores.json").returncode == 0
    printed = json.loads((folder / "scores.json").read_text())
    assert printed["computed_with"]["seed"] == 11
    if study.task == "choice":
        printed["contrasts"][0]["p"] = 0.5
        (folder / "other.json").write_text(json.dumps(printed))
        done = recompute(folder / "answers.csv", "--check", folder / "other.json")
        assert done.returncode == 1
        assert " p: " in done.stderr


def numbers_in(value, path=()):
    """The path of every number, truth and null."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return [found for name, part in parts for found in numbers_in(part, (*path, name))]
    return [] if isinstance(value, str) else [path]


def changed(data, paths):
    """A copy of the data with another number in each of these places."""
    copy = json.loads(json.dumps(data))
    for path in paths:
        place = copy
        for name in path[:-1]:
            place = place[name]
        old = place[path[-1]]
        place[path[-1]] = (
            not old if isinstance(old, bool) else 0.5 if old is None else old + 1e-6 + 1e-4 * abs(old)
        )
    return copy


def in_words(path):
    return " ".join(str(part + 1) if isinstance(part, int) else str(part) for part in path)


def unnoticed(paths, printed, differences):
    """Those of the places that are not named where another number stands there: with all the others, or else alone."""

    def unnamed(of):
        lines = differences(changed(printed, of))
        return [path for path in of if not any(line.startswith(f"{in_words(path)}:") for line in lines)]

    return [in_words(path) for path in unnamed(paths) if unnamed([path])]


def asks_again(path):
    """How many answers there were at a look: what was found then depends on it."""
    return "looks" in path and path[-1] == "answers"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("recompute_scores", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLAN = {
    "analysis": {
        "contrasts": [["pixel-ablation-cam", "grad-cam"], ["ablation-cam", "grad-cam"]],
        "smallest_effect": 0.4,
    },
    "design": {"responses_per_item": 8},
    "exclusions": {"median_ms": 900, "position_share": 0.9},
}


def planned(task, looks, decided_by="everybody"):
    """A study with everything that a protocol can declare, answered by eight people, one of them too fast."""
    arms = {"choice": {}, "rating": {"methods": ("m",), "networks": ("a", "b")}}[task]
    plan = PLAN if task == "choice" else PLAN | {"analysis": {"primary": "people", "smallest_effect": 1.25}}
    plan = plan | ({"looks": {"after": [0.5, 1.0], "spending": "pocock"}} if looks else {})
    plan["analysis"] = plan["analysis"] | {"decided_by": decided_by}
    study = make_study(
        f"planned-{looks}", task=task, items=9, responses_per_item=8, seed=4, protocol=plan, **arms
    )
    rng = np.random.default_rng(5)
    values = rng.choice([0, 1, 2, 2, -1] if task == "choice" else [-1, 0, 1, 2, 2], size=(8, 9))
    people = []
    for number, row in enumerate(values.tolist()):
        people.append(make_participant(study))
        for item, value in enumerate(row):
            answer(people[-1], item, value, response_ms=300 if number == 0 else 2000)
    answer(people[1], 0, 1, kind="repeat", status="aside")
    answer(people[2], 3, 1, kind="repeat", status="aside")
    return study


@pytest.mark.parametrize(("looks", "decided_by"), [(False, "everybody"), (True, "kept")])
@pytest.mark.parametrize("task", ["choice", "rating"])
def test_whatever_number_is_changed_it_is_named(task, looks, decided_by, tmp_path, script):
    """Every one of them, also where there was none; what does not come of answers is on a list with its reason."""
    export(study=planned(task, looks, decided_by), to=tmp_path, formats=["csv"])
    printed = json.loads((tmp_path / "scores.json").read_text())
    rows, who = script.read(tmp_path / "answers.csv", None)
    arms, plan = script.declared(tmp_path, rows, printed)
    found = script.recomputed(rows, who, arms, plan, printed["computed_with"]["seed"], printed)
    assert script.differences(found, printed) == []
    paths = [path for path in numbers_in(printed) if path[0] not in script.NOT_OF_ANSWERS]
    assert len(paths) > 60

    def differences(other):
        return script.differences(found, other)

    def computed_again(other):
        again = script.recomputed(rows, who, arms, plan, 4, other)
        return script.differences(again, other)

    assert unnoticed([path for path in paths if not asks_again(path)], printed, differences) == []
    for path in filter(asks_again, paths):
        assert unnoticed([path], printed, computed_again) == []


def test_it_says_which_number_differs(exported):
    _, folder = exported
    printed = json.loads((folder / "scores.json").read_text())
    if "scores" in printed:
        printed["same"]["score"] += 0.25
    else:
        printed["mean"] += 0.25
    (folder / "other.json").write_text(json.dumps(printed))
    done = recompute(folder / "answers.csv", "--check", folder / "other.json")
    assert done.returncode == 1
    assert ("same score:" if "scores" in printed else "mean:") in done.stderr


def test_it_can_be_asked_for_simulated_answers_and_prints_a_table(exported):
    _, folder = exported
    done = recompute(folder / "answers.csv", "--who", "simulated")
    assert done.returncode == 0, done.stderr
    assert "6 answers (simulated), 1 participants, 6 items" in done.stdout
    assert "no interval" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no column 'item'"), ("item,choice\n1,a\n", "no column 'participant'"), (None, "No such file")],
)
def test_a_file_that_is_no_export_is_one_line_and_exit_code_2(text, message, tmp_path):
    path = tmp_path / "answers.csv"
    if text is not None:
        path.write_text(text)
    done = recompute(path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_needs_numpy_alone():
    tree = ast.parse(SCRIPT.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"numpy"}
