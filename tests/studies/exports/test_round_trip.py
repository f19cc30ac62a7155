"""What is exported comes back as it was: random studies of every trial type, out, into a fresh one of the same protocol, out again."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from explain.models import Image
from studies.core.guard import guarded, unguarded
from studies.exports import AnswersFileError, export, import_responses
from studies.exports.columns import COLUMNS
from studies.models import Arm, Invitation, Participant, Response, Study, Trial, hash_token
from studies.trial_types import trial_type_of
from studies.trials.allocation import (
    answer_trial,
    claim_trials,
    undo_answer,
    void_answer,
    void_participant,
    withdraw,
)
from tests.factories import make_study, methods_for
from tests.studies.filled import answer, make_participant
from tests.studies.taking_part import expire, held_by, open_study
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db
GROUPS = ("", "course A", "=1+1", "''=2", "'quoted'", "a, “b”;\nc ", "TRUE")
TELEMETRY = {
    "first_value": 1,
    "first_ms": 700,
    "changes": 2,
    "viewport": [390, 844],
    "pixel_ratio": 2.625,
    "view": "photo",
    "opacity": 60,
}


def fresh(asked, slug: str) -> Study:
    """One protocol: the same arms, photos, checks, repeats and rules, whatever the slug."""
    study = open_study(
        slug,
        task=asked.name,
        **methods_for(task=asked.name),
        networks=(slug,),
        items=6,
        responses_per_item=3,
        trials_per_participant=5,
        attention_checks=2,
        repeats_per_participant=2,
        protocol={"exclusions": {"missed_checks": 1}},
    )
    for index, name in enumerate(("=a > b", "a", "b > a")[: study.arms.count()]):
        Arm.objects.filter(study=study, index=index).change_what_is_frozen(name=name)
    names = {"hammer-0.jpg": "=cmd|x.jpg", "hammer-1.jpg": "''=y, “é”.jpg"}
    for image in Image.objects.filter(image_set__name=f"photos-of-{slug}"):
        image.original_name = names.get(image.original_name, image.original_name)
        image.class_name = "-1" if image.original_name == "hammer-2.jpg" else image.class_name
        image.save()
    return study


class Walk:
    """People who come, answer, take back, come late, are taken out and withdraw, by chance."""

    def __init__(self, study: Study, seed: int) -> None:
        self.study, self.random, self.people = study, np.random.default_rng(seed), []

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def come(self) -> None:
        simulated, number = self.chance(0.4), len(self.people) + 1
        label = str(self.random.choice(GROUPS))
        invitation, _ = Invitation.issue(self.study, label=label, simulated=simulated)
        self.people.append(
            Participant.objects.create(
                study=self.study,
                invitation=invitation,
                number=number,
                simulated=simulated,
                token_sha256=hash_token(f"{self.study.slug} {number}"),
                state="active",
            )
        )

    def step(self) -> None:
        person = Participant.objects.get(pk=self.random.choice([person.pk for person in self.people]))
        held = held_by(person)
        if not held:
            claim_trials(participant=person, count=3)
        elif self.chance(0.1):
            self.late(person, held[0])
        else:
            self.answer(person, held[0])
        if last := person.responses.last():
            if self.chance(0.15):
                undo_answer(participant=person, answer_id=last.answer_id)
            elif self.chance(0.08):
                void_answer(response=last, reason="a test")
            elif self.chance(0.05):
                void_participant(participant=person, reason="a robot")
            elif self.chance(0.02):
                withdraw(participant=person)

    def answer(self, person: Participant, trial: Trial) -> None:
        buttons = trial_type_of(self.study).answers.shown_values(len(trial.arms))
        answer_trial(
            participant=person,
            position=trial.position,
            shown_value=int(self.random.choice(buttons)),
            answer_id=uuid4(),
            response_ms=int(self.random.integers(0, 90_000)) if self.chance(0.8) else None,
            telemetry=TELEMETRY if self.chance(0.5) else {},
        )

    def late(self, person: Participant, trial: Trial) -> None:
        """Their lease is over; somebody else takes the trial and answers it, or nobody does."""
        expire(self.study)
        for other in Participant.objects.filter(study=self.study, state="active").exclude(pk=person.pk):
            for got in claim_trials(participant=other, count=2):
                self.answer(other, got)
        self.answer(person, trial)


SEEDS = range(2)


def walked(asked, seed: int) -> Study:
    study = fresh(asked, f"walked-{seed}")
    walk = Walk(study, seed)
    with time_machine.travel(timezone.now() - timedelta(days=400), tick=True) as clock:
        for _ in range(6):
            walk.come()
        for _ in range(110):
            walk.step()
            clock.shift(timedelta(seconds=float(walk.random.random()) * 100))
    return study


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


IDS = {column.name for column in COLUMNS if column.of_study} - {"item", "participant"}


def but_for_ids(path: Path) -> list[dict]:
    """The rows without what says where they are stored; which of them belong together is kept."""
    places: dict[str, dict[str, int]] = {"answer": {}, "trial_id": {}}
    found = []
    for row in rows_of(path):
        same = {
            name: known.setdefault(row[name], len(known)) for name, known in places.items() if name in row
        }
        found.append({name: cell for name, cell in row.items() if name not in IDS} | same)
    return found


KEPT = {"task", "who", "simulated", "items", "responses", "participants", "scores", "same", "mean", "by_arm"}


def test_exports_that_are_imported_are_exported_again_with_the_same_rows_whatever_happened(asked, tmp_path):
    rows = []
    for seed in SEEDS:
        once, again = tmp_path / f"once-{seed}", tmp_path / f"again-{seed}"
        export(study=walked(asked, seed), to=once, formats=["csv"], who="all")
        copy = fresh(asked, f"copy-{seed}")
        answers, _people = import_responses(study=copy, path=once / "answers.csv")
        exported = rows_of(once / "answers.csv")
        assert answers == len(exported) > 10
        export(study=copy, to=again, formats=["csv"], who="all")
        for file in ("answers.csv", "how-answered.csv"):
            assert but_for_ids(again / file) == but_for_ids(once / file), file
        scores = [json.loads((folder / "scores.json").read_text()) for folder in (once, again)]
        same = KEPT & scores[0].keys() & scores[1].keys()
        assert {key: scores[1][key] for key in same} == {key: scores[0][key] for key in same}
        rows += exported
    everything_happened(rows)


def everything_happened(rows: list[dict]) -> None:
    """Whatever must come back was among what was tried."""
    said = {name: {row[name] for row in rows} for name in rows[0]}
    assert said["status"] == set(Response.Status.values)
    assert said["trial"] == set(Trial.Kind.values)
    assert said["simulated"] == {"TRUE", "FALSE"}
    assert said["check_passed"] == {"TRUE", "FALSE", ""}
    assert {"active", "void"} <= said["participant_state"]
    assert {"", "1", "2", "3"} <= said["serial_position"]
    assert len(said["left_out_by"]) > 1
    assert len(said["group"]) > 3
    shared = [row["trial_id"] for row in rows]
    assert len(set(shared)) < len(shared)


# Column by column


@pytest.fixture
def exported(tmp_path):
    """The rows of a small export, and a way to import them, changed."""
    study = make_study("once", items=3, networks=("one",))
    real, robot = make_participant(study, label="a"), make_participant(study, simulated=True, label="b")
    answer(real, 0, 2, order="2,0,1", response_ms=1500)
    answer(real, 1, -1, order="0,1,2", status="void")
    answer(robot, 0, 0, order="1,0,2")
    export(study=study, to=tmp_path / "once", formats=["csv"])
    return rows_of(tmp_path / "once" / "answers.csv")


@pytest.fixture
def copy():
    return make_study("copy", items=3, networks=("two",))


def bring_in(study: Study, rows: list[dict], tmp_path, name="answers.csv") -> tuple[int, int]:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / name).write_text(file.getvalue(), "utf-8")
    return import_responses(study=study, path=tmp_path / name)


def refused(study, rows, tmp_path) -> list[str]:
    with pytest.raises(AnswersFileError) as error:
        bring_in(study, rows, tmp_path)
    assert not study.participants.exists()
    assert not study.events.exists()
    return str(error.value).splitlines()


def test_simulated_answers_stay_simulated_and_void_ones_void(exported, copy, tmp_path):
    bring_in(copy, exported, tmp_path)
    stored = Response.objects.filter(trial__study=copy)
    assert list(stored.values_list("simulated", "participant__simulated", "status", "trial__state")) == [
        (False, False, "counted", "answered"),
        (False, False, "void", "void"),
        (True, True, "counted", "answered"),
    ]
    assert list(copy.invitations.order_by("id").values_list("label", "simulated")) == [
        ("a", False),
        ("b", True),
    ]
    assert all(copy.invitations.values_list("revoked_at", flat=True))


def test_where_things_stood_and_when_it_was_is_kept(exported, copy, tmp_path):
    bring_in(copy, exported, tmp_path)
    first, *_ = Response.objects.filter(trial__study=copy)
    assert (first.trial.order, first.shown_value, first.response_ms) == ("2,0,1", 0, 1500)
    assert first.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") == exported[0]["answered_at"]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("photo", "other.jpg", "photo 'other.jpg' does not fit"),
        ("class", "spoon", "class 'spoon' does not fit"),
        ("position", "2", "choice 'pixel-ablation-cam' does not fit"),
        ("position", "7", "position '7' is no answer to a trial that shows 3"),
        ("position", "left", "position 'left' is no whole number"),
        ("order", "grad-cam > ablation-cam", "order 'grad-cam > ablation-cam' is not 3 of"),
        ("order", "grad-cam > grad-cam > ablation-cam", "order 'grad-cam > grad-cam"),
        ("response_ms", "1.5", "response_ms '1.5' is no whole number"),
        ("serial_position", "0", "serial_position '0' is no whole number"),
        ("simulated", "maybe", "simulated 'maybe' is neither TRUE nor FALSE"),
        ("status", "aside", "status 'aside' is not one of"),
        ("trial", "extra", "trial 'extra' is not one of main, repeat, check"),
        ("check_passed", "TRUE", "check_passed 'TRUE' does not fit"),
        ("participant_state", "gone", "participant_state 'gone' is not one of"),
        ("participant_state", "withdrawn", "participant_state 'withdrawn': nothing of people who withdrew"),
        ("left_out_by", "a rule", "left_out_by 'a rule' does not fit"),
        ("answered_at", "yesterday", "answered_at 'yesterday' is no time"),
        ("answered_at", "0001-01-01T00:00:00+14:00", "answered_at '0001-01-01T00:00:00+14:00' is no time"),
        ("protocol_version", "2", "protocol_version 2: the study has versions 1 to 1"),
        ("group", "g" * 101, "group 'gggggggggggggggggggg…' has more than 100 characters"),
        ("answer", "7", "answer '7' is no UUID"),
        ("photo", "a\0b", "photo has a NUL character"),
    ],
)
def test_a_cell_that_would_not_come_back_refuses_the_file_by_its_column(
    exported, copy, tmp_path, column, cell, words
):
    exported[0][column] = cell
    lines = refused(copy, [exported[0]], tmp_path)
    assert lines[0].startswith(f"answers.csv, line 2: {words}")
    assert lines[-1] == "Nothing was imported."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"group": "c"}, "line 3: group of 1 is another one than on line 2"),
        ({"simulated": "TRUE"}, "line 3: simulated of 1 is another one than on line 2"),
        ({"participant_state": "void"}, "line 3: participant_state of 1 is another one than on line 2"),
        ({"study": "other"}, "line 3: study is another one than on line 2"),
        ({"trial_id": "FIRST"}, "is about another item, trial or order than on line 2"),
        ({"answer": "FIRST"}, "stands on line 2, too"),
        ({"serial_position": "1"}, "line 3: serial_position 1 of 1 is another trial's on line 2"),
        ({"item": "0", "photo": "", "status": "counted"}, "line 3: 1 has answered item 0 on line 2"),
    ],
)
def test_rows_that_say_two_things_of_one_are_refused(exported, copy, tmp_path, change, words):
    first, second = exported[:2]
    first["serial_position"] = "1"
    second |= {name: first[name] if cell == "FIRST" else cell for name, cell in change.items()}
    assert any(words in line for line in refused(copy, [first, second], tmp_path))


def test_two_answers_of_one_trial_cannot_both_count(exported, copy, tmp_path):
    first, _, other = exported
    other |= {"trial_id": first["trial_id"], "order": first["order"], "position": "2"}
    assert "has an answer that counts on line 2" in refused(copy, [first, other], tmp_path)[0]


def test_a_column_that_stands_there_twice_is_refused(copy, tmp_path):
    (tmp_path / "twice.csv").write_text("item,participant,choice,choice\n0,1,same,grad-cam\n")
    with pytest.raises(AnswersFileError, match=r"twice\.csv: column choice stands there twice"):
        import_responses(study=copy, path=tmp_path / "twice.csv")


def test_the_export_of_before_is_read_as_well(exported, copy, tmp_path):
    """Truths were small, and there was no position of the trial."""
    for row in exported:
        row["simulated"] = row["simulated"].lower()
        del row["serial_position"]
    assert bring_in(copy, exported, tmp_path) == (3, 2)
    assert [row.simulated for row in copy.participants.all()] == [False, True]


def test_numbers_and_identifiers_are_kept_where_they_are_free(exported, copy, tmp_path):
    for row in exported:
        row["participant"], row["answer"] = str(int(row["participant"]) + 20), str(uuid4())
    bring_in(copy, exported, tmp_path)
    assert list(copy.participants.values_list("number", flat=True)) == [21, 22]
    stored = Response.objects.filter(trial__study=copy).values_list("answer_id", flat=True)
    assert [str(answer_id) for answer_id in stored] == [row["answer"] for row in exported]
    exported[0]["response_ms"] = "7"  # another file with the same answers
    with pytest.raises(AnswersFileError, match=r"line 2: answer \S+ is already in copy"):
        bring_in(copy, exported, tmp_path, "again.csv")


def test_an_exported_folder_comes_back_with_how_answers_were_given(copy, tmp_path):
    study = make_study("told", items=1, networks=("one",))
    answer(make_participant(study), 0, 0, telemetry=TELEMETRY)
    export(study=study, to=tmp_path, formats=["csv"])
    import_responses(study=copy, path=tmp_path)
    assert Response.objects.get(trial__study=copy).telemetry == TELEMETRY
    text = (tmp_path / "how-answered.csv").read_text()
    (tmp_path / "how-answered.csv").write_text(text.replace("390x844", "390"))
    other = make_study("other", items=3, networks=("three",))
    with pytest.raises(AnswersFileError, match=r"how-answered\.csv, line 2: viewport '390' cannot be taken"):
        import_responses(study=other, path=tmp_path)
    assert not other.participants.exists()


def test_nothing_of_people_who_withdrew_since_comes_back(tmp_path, copy):
    study = make_study("once", items=1, networks=("one",))
    person = make_participant(study, label="a")
    answer(person, 0, 0)
    answer(make_participant(study, label="a"), 0, 1)
    export(study=study, to=tmp_path, formats=["csv"])
    withdraw(participant=person)
    with pytest.raises(
        AnswersFileError, match="line 2: participant 1 of once has withdrawn: nothing of theirs"
    ):
        import_responses(study=copy, path=tmp_path / "answers.csv")
    assert not copy.participants.exists()
    export(study=study, to=tmp_path, formats=["csv"])
    assert import_responses(study=copy, path=tmp_path / "answers.csv") == (1, 1)


def test_of_which_study_an_import_was_is_on_record(exported, copy, tmp_path, capsys):
    call_command("import_responses", "copy", str(tmp_path / "once" / "answers.csv"))
    event = copy.events.get(kind="imported")
    assert event.data["from_study"] == ["once"]


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'a'", "", "'", "''", "\t1", "'\r", "-2", "%", "a=1"])
def test_the_guard_is_taken_away_exactly(text):
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple("=+-@|%\t\r\n")
