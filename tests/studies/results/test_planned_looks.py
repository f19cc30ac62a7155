"""A study is looked at before it is full only as its protocol says; every other figure is called exploratory."""

import json
import tomllib

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from studies.analysis.contrasts import judge_pairs
from studies.analysis.sequential import plan_looks
from studies.exports.report import report_html
from studies.models import Study
from studies.protocol.analysis_plan import plan_of
from studies.protocol.schema import ProtocolError, check_protocol
from studies.results.answers import answers
from studies.results.summary import summary_of
from tests.factories import make_study
from tests.studies.exports.test_report import text_of
from tests.studies.filled import answer, fill, make_participant
from tests.studies.protocol.test_plan import PROTOCOL

pytestmark = pytest.mark.django_db
LOOKS = {
    "analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"]]},
    "looks": {"after": [0.5, 1.0], "spending": "obrien-fleming"},
}


@pytest.fixture
def study():
    """Ten items, eight answers each: 80 are needed, the first look is after 40."""
    return make_study("early", items=10, responses_per_item=8, seed=5, state=Study.State.OPEN, protocol=LOOKS)


def give(study, people, value=2):
    return fill(study, [[value] * 9 + [0] for _ in range(people)])


def test_before_the_first_look_there_is_no_verdict(study):
    give(study, 3)
    summary = summary_of(study)
    assert [look.verdicts for look in summary.looks.looks] == [(), ()]
    assert summary.notes[-2:] == (
        "2 planned looks are left, the next after 40 of 80 answers; 30 are in.",
        "30 answers are in, which is no planned look: every other figure here is exploratory and no verdict.",
    )


def test_a_look_judges_its_own_answers_at_its_own_level(study):
    """40 answers: nine items all for arm 2, one for arm 0; (9 − 1) / 10 of all items. The level is that of α spending."""
    give(study, 4)
    table = answers(study)
    (look,) = summary_of(study).looks.taken
    level = plan_looks([0.5, 1.0])[0].level
    assert (look.number, look.answers, look.level) == (1, 40, pytest.approx(level))
    (verdict,) = look.verdicts
    assert verdict.of == "pixel-ablation-cam − grad-cam"
    assert (verdict.estimate, verdict.unit) == (pytest.approx(0.8), "difference of shares")
    (found,) = judge_pairs(table, [(2, 0)], level=level)
    assert (verdict.interval, verdict.p) == (found.interval, found.p)
    assert level == pytest.approx(0.99695, abs=1e-4)


def test_answers_after_a_look_do_not_change_what_it_said(study):
    give(study, 4)
    (before,) = summary_of(study).looks.taken
    give(study, 2, value=0)
    summary = summary_of(study)
    assert summary.looks.taken == (before,)
    assert "60 answers are in, which is no planned look" in summary.notes[-1]
    assert summary.notes[-2].startswith(
        "One planned look is left, the next after 80 of 80 answers; 60 are in."
    )


def test_the_last_look_is_the_verdict_of_the_whole_study(study):
    give(study, 8)
    looks = summary_of(study).looks
    assert [look.answers for look in looks.taken] == [40, 80]
    assert looks.left == ()
    assert not any("exploratory" in note for note in summary_of(study).notes)


def test_a_difference_is_found_where_p_is_at_most_what_the_look_has_left(study):
    """Four people who mostly agree are too few for the strict first look, eight enough for the last."""
    rng = np.random.default_rng(1)
    fill(study, rng.choice([2, 2, 2, 0, -1], size=(4, 10)).tolist())
    (look,) = summary_of(study).looks.taken
    (first,) = look.verdicts
    assert first.p > 1 - look.level
    assert (first.found, first.interval[0] < 0) == (False, True)
    fill(study, rng.choice([2, 2, 2, 0, -1], size=(4, 10)).tolist())
    look = summary_of(study).looks.taken[1]
    (last,) = look.verdicts
    assert last.p <= 1 - look.level
    assert (last.found, last.interval[0] > 0) == (True, True)
    assert summary_of(study).looks.found.number == 2


def test_a_study_that_closes_early_has_its_last_look_at_what_there_is(study):
    give(study, 6)
    Study.objects.filter(pk=study.pk).update(state=Study.State.CLOSED)
    study.refresh_from_db()
    assert [look.answers for look in summary_of(study).looks.taken] == [40, 60]


def test_two_contrasts_share_alpha():
    two = {
        **LOOKS,
        "analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"], ["ablation-cam", "grad-cam"]]},
    }
    study = make_study("both", items=10, responses_per_item=8, protocol=two)
    give(study, 4)
    (look,) = summary_of(study).looks.taken
    assert look.level == pytest.approx(plan_looks([0.5, 1.0], alpha=0.025)[0].level)
    assert len(look.verdicts) == 2


def test_ratings_are_judged_by_their_mean():
    study = make_study(
        "rated",
        task="rating",
        items=10,
        responses_per_item=8,
        methods=("m",),
        networks=("a", "b"),
        protocol={"looks": {"after": [1.0]}},
    )
    rows = np.random.default_rng(0).choice([1, 2], size=(8, 10))
    fill(study, rows.tolist())
    (verdict,) = summary_of(study).looks.taken[0].verdicts
    assert (verdict.of, verdict.estimate) == ("mean rating", pytest.approx(rows.mean()))
    assert verdict.unit == "points of the scale from −2 to +2"
    assert verdict.found


def test_without_planned_looks_an_early_result_is_exploratory_and_a_full_one_is_not():
    study = make_study("plain", items=2, responses_per_item=3, state=Study.State.OPEN)
    fill(study, [[0, 1], [0, 2]])
    assert any(
        note.startswith("4 of 6 answers are in, and the protocol plans no look")
        for note in summary_of(study).notes
    )
    fill(study, [[0, 1]])
    assert not any("exploratory" in note for note in summary_of(study).notes)


def test_a_part_of_the_answers_is_never_a_planned_look(study):
    give(study, 4)
    summary = summary_of(study, class_name="hammer")
    assert summary.looks is None
    assert any("every figure of this part is exploratory" in note for note in summary.notes)


@pytest.mark.parametrize("people", [3, 4, 8])
def test_page_report_and_commands_say_the_same(study, people, admin_client, capsys):
    give(study, people)
    notes = summary_of(study).looks.notes
    call_command("scores", "early")
    table = capsys.readouterr().out
    page = text_of(admin_client.get(reverse("study-results", args=["early"])).content.decode())
    call_command("scores", "early", "--json")
    data = json.loads(capsys.readouterr().out)
    api = admin_client.get("/api/studies/early/scores/").json()
    for note in notes:
        for shown in (
            table,
            page,
            text_of(report_html(study)),
            " ".join(data["notes"]),
            " ".join(api["notes"]),
        ):
            assert note.replace("\u00a0", " ") in shown.replace("\u00a0", " ")
    assert data["looks"] == api["looks"]
    for look in data["looks"]["looks"]:
        if look["verdicts"]:
            whole, parts = f"{look['level']:.4f}".split(".")
            assert (whole, f"{parts[:2]}.{parts[2:]} %" in page) == ("0", True)
    assert [len(look["verdicts"]) for look in data["looks"]["looks"]] == [int(people >= 4), int(people >= 8)]
    assert all(contrast["exploratory"] for contrast in data["contrasts"])


def test_volunteers_are_not_told_of_looks(invite, visitor):
    _, path = invite(protocol=LOOKS, items=3)
    visitor.start(path)
    seen = [visitor.response.content]
    while visitor.on_trial:
        seen.append(visitor.answer(0).response.content)
    assert len(seen) == 4
    assert not any(word in page.lower() for page in seen for word in (b"planned", b"fleming", b"contrast"))


def test_looks_are_read_from_the_protocol_and_faults_are_named():
    text = PROTOCOL + '[analysis]\ncontrasts = [["ablation-cam", "grad-cam"]]\n'
    protocol = check_protocol(tomllib.loads(text + "[looks]\nafter = [0.25, 0.5, 1.0]\n"))
    plan = plan_of(make_study(protocol=protocol.source), ("grad-cam", "ablation-cam"))
    assert (plan.looks.after, plan.looks.spending) == ((0.25, 0.5, 1.0), "obrien-fleming")
    for looks, fault in (
        (
            "after = [0.5, 0.9]",
            "looks.after: is [0.5, 0.9]; looks at [0.5, 0.9]: give fractions of the answers that rise to 1",
        ),
        (
            "after = [0.05, 1.0]",
            "looks.after: is [0.05, 1.0]; at 0.05 obrien-fleming spends next to nothing, so that no answers could show",
        ),
        ("after = [2]", "looks.after: is [2]; it must be a list of numbers above 0 up to 1"),
        (
            "after = [0.5, 1.0]\n[recruitment]\npeople = 4",
            "of the answers about 2 of 4 people will have answered",
        ),
        ("", "looks.after: is missing"),
        (
            'after = [1.0]\nspending = "haybittle"',
            "looks.spending: is 'haybittle'; it must be 'obrien-fleming' or 'pocock'",
        ),
        ("after = [1.0]\nalpha = 0.1", "looks.alpha: is unknown"),
    ):
        with pytest.raises(ProtocolError) as error:
            check_protocol(tomllib.loads(f"{text}[looks]\n{looks}\n"))
        assert fault in str(error.value)
    with pytest.raises(ProtocolError, match=r"needs \[analysis\] contrasts"):
        check_protocol(tomllib.loads(PROTOCOL + "[looks]\nafter = [1.0]\n"))


def test_answers_that_do_not_count_bring_no_look_nearer(study):
    give(study, 3)
    late = make_participant(study)
    for item in range(10):
        answer(late, item, 2, status="undone")
    assert summary_of(study).looks.taken == ()
