"""A study whose people meet one arm each, from the protocol to its files: what is said of it, and what is not said before the end."""

import csv
import json
import re
import subprocess
import sys
import uuid
from collections import Counter

import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from studies.exports.answers_file import AnswersFileError, Reading
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.exports.report import report_html
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.models import Participant, Study
from studies.monitoring import need_of
from studies.participation.invitations import finish
from studies.results import flow_by_condition
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.simulation.blinding_audit import check_blinding
from studies.trials.allocation import answer_trial, claim_trials
from tests import by_sql
from tests.factories import CONSENT, make_participant, make_study
from tests.studies.single_maps import ARMS, asking

pytestmark = pytest.mark.django_db
EVERYONE = AnswerSelection("all")


@pytest.fixture
def study():
    """12 people, 6 for each of two arms, 5 photos; people differ, and those of the first arm say more."""
    protocol = {
        "consent": CONSENT,
        "analysis": {"contrasts": [list(ARMS)], "smallest_effect": 3.0},
        "design": {"comparison": "between"},
    }
    fields = asking() | {"protocol": protocol}
    study = open_study(
        study=make_study(
            items=5, responses_per_item=12, trials_per_participant=5, comparison="between", **fields
        )
    )
    random = np.random.default_rng(1)
    kind = study.trial_type.answers
    for number in range(1, 13):
        person, level = make_participant(study, number), random.integers(1, 5)
        for trial in claim_trials(participant=person, count=5):
            more = 2 * (trial.arms[0] == 0)
            clear = int(np.clip(level + more + random.integers(-1, 2), 1, 7))
            said = kind.number_of([clear, 8 - clear, int(random.integers(2)), int(random.integers(101))])
            answer_trial(
                participant=person, position=trial.position, shown_value=said, answer_id=_uuid(number, trial)
            )
        finish(participant=person)
    return study


def _uuid(number, trial):
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{number} {trial.position}")


def test_everything_says_that_arms_are_compared_between_people(study, tmp_path):
    assert is_intact(study)
    data = scores_json(study, EVERYONE)
    assert data["comparison"] == {"design": "between", "people": dict.fromkeys(ARMS, 6)}
    assert any("differences of arms are between people" in note for note in data["notes"])
    found = data["scales"]["worth"]["contrasts"][0]
    assert found["df"] < 10.001  # 6 people of each arm
    assert set(data["tests"]) == {"people: rank sum", "items: Wilcoxon", "items: signs"}
    report = report_html(study)
    assert "Between participants. Each person meets one arm alone" in report
    assert "one between people" in report
    flow = [(row.name, row.given, row.finished, row.left) for row in flow_by_condition(study, EVERYONE)]
    assert flow == [(name, 6, 6, 0) for name in ARMS]
    assert 'data-name="people-by-arm"' in report
    export(study=study, to=tmp_path, formats=["csv"])
    with (tmp_path / "participants.csv").open(encoding="utf-8-sig", newline="") as file:
        met = Counter(row["arms_in_blocks"] for row in csv.DictReader(file))
    assert met == dict.fromkeys(ARMS, 6)
    assert "arms_in_blocks" in (tmp_path / "codebook.csv").read_text("utf-8")


def test_who_has_answers_about_two_arms_is_told_of_since_then_differences_are_reckoned_otherwise(study):
    assert not any("more than one arm" in note for note in scores_json(study, EVERYONE)["notes"])
    answers = study.participants.get(number=3).responses.all()
    one = answers.first()
    by_sql.change(answers.filter(pk=one.pk), parts=one.parts | {"arm": 1 - one.parts["arm"]})
    notes = scores_json(study, EVERYONE)["notes"]
    assert any(note.startswith("1 of 12 people have answers about more than one arm") for note in notes)


def recomputed(study, folder):
    """What the program that recomputes the export says of it: its exit code and its errors."""
    script = settings.BASE_DIR / study.trial_type.results.recomputed_by
    command = [sys.executable, "-I", script, "answers.csv", "--check", "scores.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_anybody_recomputes_it(study, tmp_path):
    export(study=study, to=tmp_path, formats=["csv"])
    code, said = recomputed(study, tmp_path)
    assert (code, "every score agrees" in said) == (0, True), said
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    scores["scales"]["worth"]["contrasts"][0]["df"] *= 1.01
    scores["comparison"]["people"][ARMS[0]] += 1
    (tmp_path / "scores.json").write_text(json.dumps(scores), "utf-8")
    code, said = recomputed(study, tmp_path)
    assert code == 1
    assert " df" in said
    assert "comparison" in said


def test_a_study_that_asks_whether_the_network_is_right_is_recomputed_too(tmp_path):
    fields = {"task": "verify", "methods": ARMS, "items": 6, "comparison": "between"}
    protocol = {"consent": CONSENT, "design": {"comparison": "between"}}
    study = make_study(protocol=protocol, responses_per_item=8, trials_per_participant=6, **fields)
    study, random = open_study(study=study), np.random.default_rng(2)
    for number in range(1, 9):
        person = make_participant(study, number)
        for trial in claim_trials(participant=person, count=6):
            said = int(random.integers(4))
            answer_trial(
                participant=person, position=trial.position, shown_value=said, answer_id=_uuid(number, trial)
            )
    export(study=study, to=tmp_path, formats=["csv"])
    code, said = recomputed(study, tmp_path)
    assert (code, "every score agrees" in said) == (0, True), said
    measures = scores_json(study, EVERYONE)["measures"]
    assert all(measures[key]["contrasts"][0]["df"] < 6.001 for key in ("accuracy", "d_prime", "auc"))


def test_before_the_end_nobody_of_the_staff_is_told_who_meets_what(study, admin_client):
    hidden = study.protocol | {"analysis": study.protocol["analysis"] | {"hide_running_results": True}}
    Study.objects.filter(pk=study.pk).change_what_is_frozen(protocol=hidden)
    person = Participant.objects.get(number=1)
    for address in (
        reverse("admin:studies_participant_change", args=[person.pk]),
        reverse("admin:studies_participant_changelist"),
        reverse("study-watch", args=[study.slug]),
    ):
        page = admin_client.get(address)
        assert page.status_code == 200
        assert "ondition" not in page.content.decode().replace("Conditional", "")
        assert not any(arm in page.content.decode() for arm in ARMS), address
    trials = admin_client.get(reverse("admin:studies_trial_changelist"))
    assert re.search(r"\b0 trials", trials.content.decode())
    Study.objects.filter(pk=study.pk).change_what_is_frozen(protocol=study.protocol)
    assert "60 trials" in admin_client.get(reverse("admin:studies_trial_changelist")).content.decode()


def test_volunteers_pages_tell_nobody_which_arm_is_theirs(study, monkeypatch):
    monkeypatch.setattr(
        "studies.simulation.blinding_audit.VOLUNTEERS_BETWEEN", 4
    )  # as every one of them takes a second
    assert [check.name for check in check_blinding(study=study) if check.leaks] == []


def test_people_needed_are_counted_for_each_arm():
    study = open_study(
        study=make_study(
            items=4, responses_per_item=6, trials_per_participant=3, comparison="between", **asking()
        )
    )
    assert (need_of(study).answers, need_of(study).people) == (24, 8)  # 12 of each arm, 3 a person
    claim_trials(participant=make_participant(study, 1), count=3)
    assert (need_of(study).answers, need_of(study).people) == (21, 7)
    make_participant(study, 2, consented_at=timezone.now())  # has no arm yet, and will give three answers
    assert (need_of(study).answers, need_of(study).people) == (18, 6)


def test_who_is_imported_has_met_one_arm_too_and_whoever_met_two_is_refused(tmp_path):
    study = make_study(task="verify", methods=ARMS, items=2, comparison="between")
    names = list(study.arms.values_list("name", flat=True))
    column = study.trial_type.files.column
    cells = list(Reading(study).readings["main"])
    of_arm = [next(cell for cell in cells if name in cell) for name in names]
    head = f"item,participant,{column}\n"
    file = tmp_path / "answers.csv"
    file.write_text(f"{head}0,ann,{of_arm[0]}\n1,ann,{of_arm[1]}\n", "utf-8")
    with pytest.raises(AnswersFileError, match="line 3: participant ann has answers about"):
        import_responses(study=study, path=file)
    file.write_text(f"{head}0,ann,{of_arm[0]}\n1,ann,{of_arm[0]}\n0,bob,{of_arm[1]}\n", "utf-8")
    import_responses(study=study, path=file)
    assert list(study.participants.order_by("number").values_list("condition", flat=True)) == [0, 1]
    assert [row.finished for row in flow_by_condition(study, EVERYONE)] == [1, 1]
