"""Two of many arms at a time: what the contract does not say of every type."""

import csv
import importlib.util
import json
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

from studies.analysis.answers import AnswersError
from studies.analysis.paired.answers import said
from studies.analysis.power import Assumptions, Design, World
from studies.exports.archive import export
from studies.lifecycle.opening import open_study
from studies.models import Invitation
from studies.protocol.schema import ProtocolError, check_protocol
from studies.results import AnswerSelection, analyse_further, scores_json, summary_of
from studies.results.answers import Reading, totals
from studies.setup.forms.wording_and_design import WordingForm
from studies.simulation.volunteers import Preference
from studies.trial_types import trial_type
from studies.trial_types.pair.files import written
from tests.factories import make_study
from tests.studies.analysis.test_recompute_from_export import asks_again, numbers_in, unnoticed
from tests.studies.filled import answer, make_participant
from tests.studies.setting_up import DESIGN, WORDING, begin, save
from tests.studies.setting_up import birds as birds
from tests.studies.setting_up import browser as browser
from tests.studies.trial_types.contract import protocol_of

pytestmark = pytest.mark.django_db
PAIR = trial_type("pair")
METHODS = ("grad-cam", "ablation-cam", "layer-cam", "score-cam", "hirescam")
EVERYONE = AnswerSelection("real")
PLAN = {
    "analysis": {
        "contrasts": [["grad-cam", "ablation-cam"], ["layer-cam", "hirescam"]],
        "smallest_effect": 0.4,
    },
    "design": {"responses_per_item": 6},
    "exclusions": {"median_ms": 900},
}


def made(slug="pairs", arms=5, **fields):
    methods = METHODS[:arms] if arms <= 5 else tuple(f"method-{number}" for number in range(arms))
    usual = {"task": "pair", "methods": methods, "items": 12, "responses_per_item": 6, "seed": 4}
    return make_study(slug, **{**usual, **fields})


def filled(study, *, people=8, strengths=(1.0, 0.5, 0.0, 0.0, -1.5), same=0.15, pick=None, seed=5):
    """Every trial that the layout has, answered at random by the strengths; the first person too fast."""
    rng = np.random.default_rng(seed)
    everybody = [make_participant(study) for _ in range(people)]
    turn = Counter()
    rows = PAIR.layout.rows(
        arms=study.arms.count(), items=study.items.count(), stages=study.stages, seed=study.order_seed
    )
    for item, order in rows:
        number = (turn[item] + item) % people
        turn[item] += 1
        gap = strengths[order[0]] - strengths[order[1]]
        shown = 0 if rng.random() < 1 / (1 + np.exp(-gap)) else 1
        shown = -1 if rng.random() < same else shown
        if pick is not None:
            shown = pick(order)
            if shown is None:
                continue
        answer(
            everybody[number],
            item,
            PAIR.answers.stored_value(order, shown),
            order=",".join(map(str, order)),
            response_ms=300 if number == 0 else 2000,
        )
    return study


# The protocol


@pytest.mark.parametrize("arms", [2, 3, 40])
def test_it_compares_up_to_forty_arms(arms):
    assert len(check_protocol(protocol_of(PAIR, arms)).arms) == arms
    with pytest.raises(ProtocolError, match="a pair study compares 2 to 40"):
        check_protocol(protocol_of(PAIR, 41))


def test_an_empty_text_says_that_same_is_not_offered_and_comes_back_as_it_is():
    found = check_protocol(protocol_of(PAIR, 3, wording={"same": ""}))
    assert found.wording["same"] == ""
    assert check_protocol(found.complete).wording["same"] == ""
    with pytest.raises(ProtocolError, match=r"wording\.same"):
        check_protocol(protocol_of(trial_type("choice"), 3, wording={"same": ""}))


def test_the_set_up_asks_for_it_and_keeps_it_empty():
    source = protocol_of(PAIR, 3)
    form = WordingForm(None, source=source)
    typed = {name: value for name, value in form.initial.items() if name in form.fields and value is not None}
    form = WordingForm(typed | {"same": ""}, source=source)
    assert form.is_valid(), form.errors
    assert form.written()["wording"] == {"same": ""}
    again = WordingForm(None, source=form.written())
    assert again.initial["same"] == ""


def test_a_study_is_set_up_page_by_page(browser, birds):
    study = begin(browser, task="pair")
    save(browser, study, "photos", set="birds")
    save(browser, study, "networks", networks=["tiny"])
    page = browser.get(reverse("setup-step", args=[study.slug, "methods"])).text
    assert "Two to forty, of which each trial shows two" in page
    save(browser, study, "methods", methods=["grad-cam", "ablation-cam"])
    page = browser.get(reverse("setup-step", args=[study.slug, "wording"])).text
    assert "Leave empty to offer no such answer" in page
    assert save(browser, study, "wording", **WORDING | {"same": ""}).url.endswith("/questions/")
    save(browser, study, "design", **DESIGN)
    save(browser, study, "plan")
    study.refresh_from_db()
    assert study.protocol["wording"]["same"] == ""
    assert browser.get(reverse("setup-step", args=[study.slug, "check"])).status_code == 200
    assert check_protocol(study.protocol).task == "pair"


# The page


@pytest.mark.parametrize("offered", [True, False])
def test_same_is_on_the_page_its_instructions_and_its_practice_only_where_it_is_offered(visitor, offered):
    study = made(practice=True)
    if not offered:
        study.wording = study.wording | {"same": ""}
        study.save()
    visitor.start(reverse("join", args=[Invitation.issue(open_study(study=study, alike_seen=True))[1]]))
    assert len(visitor.soup.select("main button[name=value]")) == (3 if offered else 2)
    visitor.get(f"{visitor.home}instructions/")
    said = visitor.soup.select_one("main").get_text(" ", strip=True)
    assert ("I see no difference" in said) == offered
    assert ("If you see no difference" in said) == offered
    assert "“”" not in said
    assert "{same}" not in said
    assert "for the maps from left to right" in said


# Laid out


def test_an_open_study_has_balanced_trials_and_a_person_meets_arms_about_equally_often(visitor):
    study = open_study(study=made(arms=5, items=20, responses_per_item=4), alike_seen=True)
    orders = list(study.trials.values_list("order", flat=True))
    arms = Counter(arm for order in orders for arm in order.split(","))
    lefts = Counter(order.split(",")[0] for order in orders)
    assert set(arms.values()) == {32}
    assert set(lefts.values()) == {16}
    pairs = Counter("".join(sorted(order.split(","))) for order in orders)
    assert (len(pairs), set(pairs.values())) == (10, {8})
    visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
    while visitor.on_trial:
        visitor.answer(0)
    met = Counter(
        arm
        for order in study.trials.exclude(participant=None).values_list("order", flat=True)
        for arm in order.split(",")
    )
    assert max(met.values()) - min(met.values()) <= 3


# What came out


def test_what_was_said_is_in_words_in_files_and_back():
    names = METHODS
    for order in ((3, 1), (1, 3)):
        values = [PAIR.answers.stored_value(order, shown) for shown in (0, 1, -1)]
        first, second = (names[arm] for arm in order)
        assert [written(value, names) for value in values] == [
            f"{first} > {second}",
            f"{second} > {first}",
            "ablation-cam = score-cam",
        ]
        readings = PAIR.files.readings(names)
        assert [readings[written(value, names)] for value in values] == values
        assert readings["score-cam = ablation-cam"] == values[2]


def test_arms_that_cannot_be_told_apart_are_said_and_who_beat_whom_is_on_the_page(admin_client):
    study = filled(made(items=30, responses_per_item=8), people=10)
    outcome = summary_of(study).outcome
    assert outcome.ranked[-1].name == "hirescam"
    assert any("cannot be told apart." in one for one in outcome.alike)
    text = BeautifulSoup(admin_client.get(reverse("study-results", args=[study.slug])).text, "html.parser")
    words = " ".join(text.get_text(" ").split())
    assert all(one in words for one in outcome.alike)
    won = outcome.wins[0][4]
    assert f"{won} of {won + outcome.wins[4][0]}" in words
    assert sum(map(sum, outcome.wins)) + outcome.said_same == 240
    assert totals(study, "real").tolist() == [list(row) for row in outcome.wins]


def test_arms_that_were_never_compared_are_said_at_the_top(admin_client, capsys):
    """After whoever compared others is left out, say: three arms among themselves, and two."""

    def pick(order):
        return (order[0] < order[1]) * 1 if len({arm < 3 for arm in order}) == 1 else None

    study = filled(made(items=30, responses_per_item=8), people=10, pick=pick)
    summary = summary_of(study)
    assert "fall into 2 parts that were never compared with each other" in summary.headline
    assert any("layer-cam; score-cam and hirescam" in note for note in summary.notes)
    data = scores_json(study, EVERYONE)
    assert data["scores"]["hirescam"]["strength"] is None
    assert {row["first"] for row in data["contrasts"]} <= set(METHODS[:3])
    assert "parts" in admin_client.get(reverse("study-results", args=[study.slug])).text
    call_command("scores", study.slug)
    assert "–" in capsys.readouterr().out


def test_where_one_arm_wins_all_the_numbers_are_finite_and_the_rule_is_said():
    study = filled(made(), pick=lambda order: order.index(0) if 0 in order else int(sum(order)) % 2)
    summary = summary_of(study)
    assert summary.outcome.ranked[0].name == "grad-cam"
    assert any("no finite strengths fit best" in note for note in summary.notes)
    json.dumps(scores_json(study, EVERYONE), allow_nan=False)


def test_where_everybody_says_same_nothing_is_preferred():
    study = filled(made(), same=1.1)
    assert summary_of(study).headline == "Nobody preferred any arm: all 72 answers are “same”."
    json.dumps(scores_json(study, EVERYONE), allow_nan=False)


def test_declared_contrasts_are_corrected_and_the_others_exploratory():
    study = filled(made(protocol=PLAN))
    reading = Reading(study, EVERYONE)
    rows = PAIR.results.contrast_rows(reading.answers, reading.compared)
    assert [row.planned for row in rows] == [True, True] + [False] * 8
    assert rows[0].p_holm >= rows[0].found.p
    assert {row.p_holm for row in rows[2:]} == {None}
    assert rows[0].sized.equivalent is not None
    turned = replace(reading.compared, declared=((1, 0), (4, 2)))
    other = PAIR.results.contrast_rows(reading.answers, turned)
    assert other[0].found.estimate == pytest.approx(-rows[0].found.estimate)
    found = analyse_further(reading)
    assert [one.name for one in found.sized[:2]] == ["grad-cam − ablation-cam", "layer-cam − hirescam"]
    assert "No item was answered by two people" in found.agreement.note  # no photo had a pair twice


def test_people_agree_about_a_photo_and_two_arms():
    study = filled(made(responses_per_item=20), people=20)
    assert analyse_further(Reading(study, EVERYONE)).agreement.items >= 110  # of 120


# Planned


def test_simulated_studies_have_the_assumed_effect_and_share_of_same():
    assumed = Assumptions(effect=0.3, same=0.12, spread_items=0.8, spread_people=0.5)
    design = Design(items=2000, participants=400, answers_per_item=12, model=PAIR.power.model, arms=4)
    values = World(design, assumed).study(np.random.default_rng(1)).values
    a, b, outcome = said(values)
    assert (outcome == 2).mean() == pytest.approx(0.12, abs=0.01)
    first = a == 0
    won, lost = ((outcome == code)[first].sum() for code in (0, 1))
    assert (won - lost) / (won + lost) == pytest.approx(0.3, abs=0.03)
    others = (outcome == 0)[~first].sum() - (outcome == 1)[~first].sum()
    assert abs(others) / (~first).sum() < 0.03
    pairs = Counter(zip(a.tolist(), b.tolist(), strict=True))
    assert max(pairs.values()) - min(pairs.values()) <= 1


def test_an_effect_that_cannot_be_is_refused_in_words():
    with pytest.raises(AnswersError, match="is not a difference of preferences between"):
        PAIR.power.model.level(Assumptions(effect=1.0), 3)


# Recomputed


@pytest.fixture
def script():
    path = settings.BASE_DIR / "docs" / "recompute_pairs.py"
    spec = importlib.util.spec_from_file_location("recompute_pairs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.take_over()
    return module.base


def planned(kind, looks, decided_by):
    plan = PLAN | ({"looks": {"after": [0.5, 1.0], "spending": "pocock"}} if looks else {})
    plan |= {"analysis": PLAN["analysis"] | {"decided_by": decided_by}}
    study = made(protocol=plan)
    ways = {
        "usual": {},
        "separated": {"pick": lambda order: order.index(0) if 0 in order else int(sum(order)) % 2},
        "parted": {"pick": lambda o: (o[0] + o[1]) % 2 if len({arm < 3 for arm in o}) == 1 else None},
    }
    return filled(study, **ways[kind])


@pytest.mark.parametrize(
    ("kind", "looks", "decided_by"),
    [
        ("usual", False, "everybody"),
        ("usual", True, "kept"),
        ("separated", False, "kept"),
        ("parted", False, "everybody"),
    ],
)
def test_every_number_comes_out_again_and_a_changed_one_is_named(kind, looks, decided_by, tmp_path, script):
    export(study=planned(kind, looks, decided_by), to=tmp_path, formats=["csv"])
    printed = json.loads((tmp_path / "scores.json").read_text())
    rows, who = script.read(tmp_path / "answers.csv", None)
    arms, plan = script.declared(tmp_path, rows, printed)
    found = script.recomputed(rows, who, arms, plan, printed["computed_with"]["seed"], printed)
    assert script.differences(found, printed) == []
    paths = [
        path for path in numbers_in(printed) if path[0] not in script.NOT_OF_ANSWERS and not asks_again(path)
    ]
    assert len(paths) > 200
    assert unnoticed(paths, printed, partial(script.differences, found)) == []


@pytest.mark.parametrize(("arms", "photos", "each"), [(2, 5, 3), (5, 7, 12), (6, 30, 16), (14, 40, 5)])
def test_all_orders_are_recomputed_from_the_seed(arms, photos, each):
    path = settings.BASE_DIR / "docs" / "recompute_orders.py"
    spec = importlib.util.spec_from_file_location("recompute_orders", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dealt = [[] for _ in range(photos)]
    for item, order in PAIR.layout.rows(arms=arms, items=photos, stages=(each,), seed=2**200 + 7):
        dealt[item].append(order)
    assert module.pairs_of(arms, photos, each, 2**200 + 7) == dealt


def test_the_files_say_the_two_arms_the_better_one_and_its_side(tmp_path):
    export(study=filled(made()), to=tmp_path, formats=["csv", "jsonl", "parquet"])
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        left, right = row["order"].split(" > ")
        better = {"1": left, "2": right, "0": "same"}[row["picked_side"]]
        assert row["better"] == better
        if better != "same":
            assert row["comparison"] == f"{better} > {right if better == left else left}"
    assert {row["picked_side"] for row in rows} == {"0", "1", "2"}


def test_nobody_simulated_says_same_where_it_is_not_offered():
    stated = Preference(shares={"a": 0.1, "b": 0.1, "same": 0.8})
    kind = PAIR.asking({"same": ""})
    random = np.random.default_rng(1)
    own = kind.people.own(stated, ["a", "b"], random)
    asked = {"own": own, "taste": 0.0, "order": [1, 0], "random": random}
    said = [
        kind.people.answer(stated, values=values, **asked)
        for values in (None, np.zeros(2))
        for _ in range(200)
    ]
    said += [kind.people.check([1, 0], False, random) for _ in range(50)]
    assert {*said} == {0, 1}
    assert list(kind.answers.shown_values(2)) == [0, 1]
    assert list(PAIR.asking({}).answers.shown_values(2)) == [-1, 0, 1]
