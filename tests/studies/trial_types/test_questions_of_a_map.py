"""Several questions about one map: what is stored, what is refused, what comes back, and who sees what."""

import csv
import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from studies.exports.archive import export
from studies.exports.importer import AnswersFileError, import_responses
from studies.lifecycle.opening import open_study
from studies.models import Event, Invitation, Response
from studies.participation.texts import parts_in_order
from studies.results.answers import Reading, totals
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.simulation.volunteers import Preference, simulate
from studies.trial_types import AnswerError, IncompleteError, trial_type_of
from studies.trial_types.single.answers import SingleAnswers
from studies.trial_types.single.layout import SingleLayout
from tests.factories import make_participant, make_study
from tests.studies.single_maps import ARMS, FOUR, POINTS, SATISFACTION, SLIDER, as_form, asking, said

pytestmark = pytest.mark.django_db
EVERYONE = AnswerSelection("all")


def opened(questions=FOUR, shuffle=False, **fields):
    study = open_study(
        study=make_study(
            **{**asking(questions, shuffle=shuffle), "items": 4, "responses_per_item": 2, **fields}
        )
    )
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def answer(visitor, **parts):
    return visitor.press("form#answer", **as_form(said(**parts)))


def go_through(visitor, join, seed):
    random = np.random.default_rng(seed)
    visitor.start(join)
    while visitor.on_trial:
        clear, confusing = random.integers(1, 8, 2).tolist()
        answer(
            visitor,
            clear=clear,
            confusing=confusing,
            use=int(random.integers(2)),
            sure=int(random.integers(101)),
        )


@pytest.fixture
def answered(another_visitor):
    study, join = opened()
    for seed in (1, 2):
        go_through(another_visitor(), join, seed)
    assert Response.objects.count() == 8
    return study


# One number of many


@pytest.mark.parametrize("questions", [FOUR, SATISFACTION, (SLIDER,) * 8, (POINTS,)])
def test_each_answer_has_a_number_of_its_own_and_comes_back(questions):
    answers = SingleAnswers(tuple(questions))
    random = np.random.default_rng(0)
    for _ in range(50):
        parts = [int(random.integers(q.least, q.most + 1)) for q in questions]
        shown = answers.number_of(parts)
        stored = answers.stored_value([3], shown)
        assert shown in answers.shown_values(1)
        assert answers.said_in(shown).tolist() == answers.said_in(stored).tolist() == parts
        assert int(answers.arms_in(stored)) == 3
    assert answers.number_of([q.least for q in questions]) == 0
    assert answers.number_of([q.most for q in questions]) == answers.combinations - 1 < 2**63 // 8


def test_what_is_no_part_is_refused_by_name():
    answers = SingleAnswers(FOUR)
    assert answers.said_in(answers.together(said())).tolist() == [6, 2, 1, 80]
    for wrong, words in (
        ({"clear": "8"}, "clear: must be a whole number from 1 to 7"),
        ({"clear": True}, "clear: must be a whole number"),
        ({"sure": "-1"}, "sure: must be a whole number from 0 to 100"),
        ({"sure": "many"}, "sure: must be"),
        ({"else": 1}, "else: is no question"),
    ):
        with pytest.raises(AnswerError, match=words):
            answers.together(said() | wrong)
    with pytest.raises(IncompleteError, match="2 of 4 questions are not answered"):
        answers.together({"clear": 3, "confusing": 1, "use-it": ""})


# Taking part


def test_one_row_keeps_all_parts_by_their_names(visitor):
    study, join = opened()
    visitor.start(join)
    trial = study.participants.get().trials.get(position=1)
    answer(visitor, sure=0)
    row = Response.objects.get()
    assert row.parts == {
        "arm": trial.arms[0],
        "answers": {"clear": 6, "confusing": 2, "use-it": 1, "sure": 0},
    }
    assert (row.choice, row.rating) == (None, None)
    answers = trial_type_of(study).answers
    assert answers.stored_in(row) == answers.stored_value(trial.arms, row.shown_value)
    assert answers.in_words(answers.stored_in(row), ARMS) == f"{ARMS[trial.arms[0]]}: 6, 2, 1, 0"


def test_the_database_keeps_an_answer_in_one_column_and_no_other(visitor):
    _, join = opened()
    answer(visitor.start(join))
    stored = Response.objects.get()
    for columns in ({"choice": 0, "parts": stored.parts}, {"rating": 1, "parts": stored.parts}, {}):
        row = Response(
            answer_id=uuid4(), trial=stored.trial, participant=stored.participant, status="void", **columns
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_without_scripts_an_incomplete_answer_is_asked_for_and_nothing_of_it_is_lost(visitor):
    _, join = opened()
    visitor.start(join)
    parts = as_form(said(sure=55))
    del parts["part.confusing"]
    parts["part.clear"] = "5"
    form = visitor.soup.select_one("form#answer")
    hidden = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    visitor.response = visitor.client.post(visitor.path, {**hidden, **parts}, follow=True)
    assert visitor.response.status_code == 400
    visitor._read()
    assert not Response.objects.exists()
    assert not Event.objects.filter(kind=Event.Kind.REFUSED).exists()
    assert "Please answer every question" in visitor.soup.select_one("[role=alert]").text
    missing = visitor.soup.select(".part.is-missing")
    assert [part["data-part"] for part in missing] == ["confusing"]
    chosen = {radio["name"]: radio["value"] for radio in visitor.soup.select("input[type=radio][checked]")}
    assert chosen == {"part.clear": "5", "part.use-it": "1"}
    assert visitor.soup.select_one("input[name='part.sure']")["value"] == "55"
    answer(visitor, clear=5, sure=55)
    assert Response.objects.get().parts["answers"] == said(clear=5, sure=55)


def test_scripts_send_the_parts_as_one_object_and_what_lacks_one_is_kept_as_refused(client):
    study, _ = opened()
    make_participant(study, instructed_at=timezone.now())
    path = f"/p/token-1-of-{study.slug}/answers/"
    position = client.get(path).json()["trials"][0]["position"]
    lacks = {key: part for key, part in said().items() if key != "sure"}
    sent = [
        {"id": str(uuid4()), "kind": "answer", "position": position, "parts": parts}
        for parts in (lacks, "clear", said(), said(clear=1))
    ]
    for _ in range(2):  # the queue sends them again where the reply was lost
        reply = client.post(path, json.dumps({"operations": sent}), content_type="application/json").json()
    assert reply["settled"] == [operation["id"] for operation in sent]
    first = Response.objects.get(status="counted")
    assert (str(first.answer_id), first.parts["answers"]) == (sent[2]["id"], said())
    whys = Event.objects.filter(kind=Event.Kind.REFUSED).values_list("data__why", flat=True)
    assert {why.split(".")[0] for why in whys} == {
        "1 of 4 questions are not answered",
        "parts: must be an object of answers by the names of the questions",
    }


def test_undo_gives_the_trial_back_and_keeps_the_answer_as_undone(visitor):
    _, join = opened()
    answer(visitor.start(join))
    visitor.press("form#undo")
    answer(visitor, clear=1)
    rows = Response.objects.order_by("id").values_list("status", "parts__answers__clear")
    assert list(rows) == [("undone", 6), ("counted", 1)]


def test_who_withdraws_takes_every_part_along(visitor):
    _, join = opened()
    answer(visitor.start(join))
    visitor.get(f"{visitor.home}leave/").press("form")
    assert not Response.objects.exists()


# The order of questions


def orders_of(client, study, number):
    path = f"/p/token-{number}-of-{study.slug}/"
    make_participant(study, number, instructed_at=timezone.now())
    page = client.get(f"{path}trial/").content.decode()
    on_page = [key for _, key in sorted((page.index(f'data-part="{q.key}"'), q.key) for q in FOUR)]
    trials = client.get(f"{path}answers/").json()["trials"]
    return on_page, [trial.get("parts") for trial in trials]


def test_questions_stand_as_the_protocol_has_them_unless_it_says_otherwise(client):
    study, _ = opened()
    on_page, told = orders_of(client, study, 1)
    assert on_page == [question.key for question in FOUR]
    assert set(told) == {None}


def test_shuffled_questions_have_an_order_of_each_trial_whatever_arm_is_shown(client):
    study, _ = opened(shuffle=True, items=12, trials_per_participant=12)
    seen = [orders_of(client, study, number) for number in (1, 2)]
    for on_page, told in seen:
        assert on_page == told[0]
        assert all(sorted(order) == sorted(question.key for question in FOUR) for order in told)
        assert len({*map(tuple, told)}) > 1
    assert seen[0] != seen[1]
    again = client.get(f"/p/token-1-of-{study.slug}/answers/").json()["trials"]
    assert [trial["parts"] for trial in again] == seen[0][1]
    # Another arm at the same place of the same person: the order is the same, so it cannot tell the arm.
    trial = study.trials.filter(participant__number=1).order_by("position")[0]
    before = parts_in_order(study, 1, trial.position)
    study.trials.filter(pk=trial.pk).change_what_is_frozen(order=str(1 - trial.arms[0]))
    assert parts_in_order(study, 1, trial.position) == before


# The layout


@pytest.mark.parametrize(("arms", "each"), [(2, 4), (3, 6), (3, 4), (5, 10), (1, 3)])
def test_every_photo_shows_every_arm_equally_often_and_so_does_every_round(arms, each):
    items = 10
    rows = list(SingleLayout().rows(arms=arms, items=items, stages=(each,), seed=7))
    cells = Counter((item, order[0]) for item, order in rows)
    assert set(cells.values()) <= {each // arms, -(-each // arms)}
    assert sum(cells.values()) == items * each
    for begin in range(0, len(rows), items):
        a_round = rows[begin : begin + items]
        assert {item for item, _ in a_round} == set(range(items))
        shown = Counter(order[0] for _, order in a_round)
        assert max(shown.values()) - min(shown[arm] for arm in range(arms)) <= 1


def test_nobody_meets_the_arms_in_an_order_that_can_be_guessed():
    rows = [order[0] for _, order in SingleLayout().rows(arms=2, items=100, stages=(2,), seed=3)]
    changes = sum(one != other for one, other in pairwise(rows))
    assert 70 < changes < 130  # of 199


# Files


def test_an_export_has_a_column_for_each_question_and_comes_back_whole(answered, tmp_path):
    export(study=answered, to=tmp_path, formats=["csv"])
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, stored in zip(rows, Response.objects.order_by("id"), strict=True):
        parts = stored.parts["answers"]
        assert row["arm"] == ARMS[stored.parts["arm"]]
        assert {key: row[f"answer_{key.replace('-', '_')}"] for key in parts} == {
            key: str(part) for key, part in parts.items()
        }
        in_order = [str(parts[question.key]) for question in FOUR]  # a database may keep parts in another
        assert row["judged"] == f"{row['arm']}: {', '.join(in_order)}"
        assert row["order"] == row["arm"]
    book = (tmp_path / "codebook.csv").read_text("utf-8-sig")
    assert all(question.text in book for question in FOUR)
    other = make_study("again", **asking(), items=4, networks=("other",), seed=answered.seed)
    assert import_responses(study=other, path=tmp_path) == (8, 2)
    once, again = (scores_json(study, EVERYONE) for study in (answered, other))
    assert {key: again[key] for key in ("questions", "scales", "by_arm", "tests")} == {
        key: once[key] for key in ("questions", "scales", "by_arm", "tests")
    }


def test_an_import_says_which_answers_there_can_be(tmp_path):
    study = make_study("empty", **asking(), items=4)
    path = tmp_path / "answers.csv"
    for cell in ("grad-cam: 6, 2, 1", "grad-cam: 6, 2, 1, 101", "nobody: 6, 2, 1, 80", "6, 2, 1, 80"):
        path.write_text(f'item,participant,judged\n0,ann,"{cell}"\n')
        with pytest.raises(
            AnswersFileError, match=r"ARM one of grad-cam, ablation-cam.*\(1 to 7, 1 to 7, 0 to 1, 0 to 100\)"
        ):
            import_responses(study=study, path=path)
    path.write_text('item,participant,judged\n0,ann,"grad-cam: 6, 2, 1, 80"\n')
    assert import_responses(study=study, path=path) == (1, 1)
    assert Response.objects.get().parts == {"arm": 0, "answers": said()}


def test_anybody_recomputes_questions_and_scales(answered, tmp_path):
    export(study=answered, to=tmp_path, formats=["csv"])
    script = settings.BASE_DIR / "docs/recompute_single.py"
    command = [sys.executable, "-I", script, "answers.csv", "--check", "scores.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "every score agrees" in done.stderr) == (0, True), done.stderr
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        header, first, *others = csv.reader(file)
    judged = header.index("judged")
    arm, clear, rest = first[judged].replace(":", ",", 1).split(",", 2)
    first[judged] = f"{arm}: {8 - int(clear) if clear.strip() != '4' else 5},{rest}"
    with (tmp_path / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, first, *others])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1


# Results


def test_what_is_found_is_what_the_rows_say(answered):
    reading = Reading(answered, EVERYONE)
    rows = [row.parts for row in Response.objects.order_by("id")]
    data = scores_json(answered, EVERYONE)
    for arm, name in enumerate(ARMS):
        mine = [row["answers"] for row in rows if row["arm"] == arm]
        for question in FOUR:
            mean = np.mean([parts[question.key] for parts in mine])
            found = data["questions"][question.key]["arms"][name]
            assert (found["mean"], found["answers"]) == (pytest.approx(mean), len(mine) or 4)
        scale = np.mean([(parts["clear"] + 8 - parts["confusing"]) / 2 for parts in mine])
        assert data["scales"]["worth"]["arms"][name]["mean"] == pytest.approx(scale)
        assert data["by_arm"][name] == pytest.approx(scale)
        assert totals(answered, "all")["sure"][arm] == pytest.approx(
            np.mean([parts["sure"] for parts in mine])
        )
    assert data["main"] == "worth"
    assert len(reading.answers) == 8


@pytest.mark.django_db(transaction=True)
def test_simulated_people_fill_in_every_question(live_server):
    study, _ = opened(trials_per_participant=4)
    preference = Preference({ARMS[0]: 3, ARMS[1]: 1})
    simulate(study=study, participants=2, seed=1, preference=preference, base_url=live_server.url, at_once=1)
    rows = [row.parts["answers"] for row in Response.objects.all()]
    assert len(rows) == 8
    assert all(set(row) == {question.key for question in FOUR} for row in rows)
