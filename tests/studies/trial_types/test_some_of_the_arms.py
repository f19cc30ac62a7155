"""Trial types whose trials show some of the arms: two of four, and one. Both are made for these tests, of the choice's parts."""

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.models import ExplanationMap
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.exports.report import report_html
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import OpeningError, open_study
from studies.models import CheckMap, Invitation, ItemMap, Participant, Study, Trial
from studies.protocol.schema import ProtocolError, check_protocol
from studies.results.answers import Reading
from studies.results.as_json import scores_json
from studies.results.data_quality import left_out
from studies.results.further_analyses import analyse_further
from studies.results.metric_agreement import figures_of
from studies.results.part import AnswerSelection
from studies.results.provenance import chain_of_answer
from studies.results.summary import summarise
from studies.setup.preview import shots_of
from studies.simulation.blinding_audit import check_blinding
from studies.simulation.volunteers import Preference, Volunteer
from studies.trial_types import Layout, registry
from studies.trial_types.choice import CHOICE
from studies.trial_types.choice.answers import ChoiceAnswers
from studies.trial_types.choice.people import ChoicePeople
from studies.trials.allocation import lay_out_trials
from studies.trials.practice import right_side
from tests.factories import jpeg, make_participant, make_study, stored
from tests.studies.filled import answer

pytestmark = pytest.mark.django_db
ARMS = (
    "grad-cam",
    "ablation-cam",
    "layer-cam",
    "pixel-ablation-cam",
)  # of different lengths: so are their pictures
EVERYONE = AnswerSelection("all")
BYTES = 12_000
SAME = -1


class SomeArms(Layout):
    """Every order of so many arms equally often, dealt out at random in rounds of its own."""

    def __init__(self, most: int) -> None:
        self.most = most

    def shown(self, arms: int) -> int:
        return min(self.most, arms)

    def rows(self, *, arms, items, each, seed):
        random = np.random.default_rng(seed)
        orders = list(permutations(range(arms), self.shown(arms)))
        deck: list[tuple[int, ...]] = []
        for _ in range(each):
            for item in random.permutation(items).tolist():
                deck = deck or [orders[place] for place in random.permutation(len(orders))]
                yield item, deck.pop()


class PeopleOfSome(ChoicePeople):
    """Their shares, of what is there."""

    def answer(self, stated, *, own, taste, order, values, random):
        there = own[[*order, SAME]]
        picked = int(random.choice(len(there), p=there / there.sum()))
        return picked if picked < len(order) else SAME


class AnswersToOne(ChoiceAnswers):
    """The one map matches, or it does not."""

    def prefers_place(self, shown_value, place):
        return shown_value == (0 if place == 0 else SAME)


TWO = replace(CHOICE, layout=SomeArms(2), people=PeopleOfSome())
ONE = replace(CHOICE, layout=SomeArms(1), people=PeopleOfSome(), answers=AnswersToOne())


@pytest.fixture(params=[TWO, ONE], ids=["two of four", "one of four"])
def asked(request, monkeypatch):
    """The type, in place of the choice: its studies have the columns, wording and results of one."""
    monkeypatch.setitem(registry._TYPES, "choice", request.param)
    return request.param


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setitem(registry._TYPES, "choice", TWO)
    return TWO


@pytest.fixture
def one(monkeypatch):
    monkeypatch.setitem(registry._TYPES, "choice", ONE)
    return ONE


def ready(**fields) -> Study:
    """A study of four arms with boxes, whose pictures have one length as the real ones have."""
    study = make_study(**{"methods": ARMS, "items": 6, "responses_per_item": 2, **fields})
    for item in study.items.select_related("image"):
        item.image.boxes = [[8.0, 8.0, 34.0, 34.0]]
        item.image.save(update_fields=["boxes"])
    for row in ExplanationMap.objects.all():
        content = row.overlay.read()
        row.overlay = stored(content + bytes(BYTES - len(content)))
        row.save(update_fields=["overlay"])
    return study


def opened(**fields) -> tuple[Study, str]:
    study = open_study(study=ready(**fields))
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def current(participant: Participant) -> Trial:
    return participant.trials.filter(state="claimed").order_by("position")[0]


def go_through(visitor, join: str, seed: int = 0) -> None:
    """Everything answered by chance, attention checks right."""
    random = np.random.default_rng(seed)
    visitor.start(join)
    while visitor.on_trial:
        trial = current(Participant.objects.last())
        right = trial.arms.index(0) if trial.kind == "check" else 0
        visitor.answer(right if trial.kind == "check" else int(random.integers(-1, len(trial.arms))))


def answered(another_visitor, people: int = 4, **fields) -> Study:
    study, join = opened(**{"responses_per_item": people, **fields})
    for number in range(people):
        go_through(another_visitor(), join, seed=number)
    return study


# Laid out


def test_every_trial_shows_as_many_arms_as_the_type_says(asked):
    study, _ = opened(items=12, responses_per_item=4)
    shown = asked.layout.shown(4)
    orders = Counter(study.trials.values_list("order", flat=True))
    assert {len(order.split(",")) for order in orders} == {shown}
    assert len(orders) == len(list(permutations(range(4), shown)))
    assert max(orders.values()) - min(orders.values()) == 0
    assert is_intact(Study.objects.get(pk=study.pk))


@pytest.mark.parametrize("order", [(0,), (0, 1, 2), (1, 1), (0, 4)])
def test_an_order_that_is_not_what_the_type_says_lays_out_nothing(two, monkeypatch, order):
    monkeypatch.setattr(SomeArms, "rows", lambda self, **asks: iter([(0, order)]))
    study = make_study(methods=ARMS)
    with pytest.raises(ValueError, match="each is to show 2 of the arms 0 to 3, none twice"):
        lay_out_trials(study)
    assert not study.trials.exists()


def test_a_type_that_asks_about_one_arm_can_be_opened_with_one(monkeypatch):
    entry = replace(ONE, asked=type("Asked", (type(CHOICE.asked),), {"fewest_arms": 1})())
    monkeypatch.setitem(registry._TYPES, "choice", entry)
    study = open_study(study=make_study(methods=("grad-cam",), items=3, responses_per_item=1))
    assert list(study.trials.values_list("order", flat=True)) == ["0"] * 3
    assert not [check for check in check_blinding(study=study) if check.name == "orders" and check.leaks]
    with pytest.raises(OpeningError, match="no items or fewer arms than 1"):
        open_study(study=make_study("none", methods=(), networks=("other",)))


# Taken part in


def test_a_page_shows_the_maps_of_its_trial_and_serves_no_others(visitor, asked):
    study, join = opened()
    visitor.start(join)
    shown = asked.layout.shown(4)
    trial = current(study.participants.get())
    addresses = [picture["src"] for picture in visitor.soup.select(".maps img")]
    assert len(addresses) == len(visitor.soup.select(".map.option")) == shown
    assert f"arms-{shown}" in visitor.soup.body["class"]
    maps = {row.arm.index: row.map for row in trial.item.item_maps.select_related("map", "arm")}
    for arm, address in zip(trial.arms, addresses, strict=True):
        assert visitor.client.get(address).content == maps[arm].overlay.read()
    beyond = re.sub(r"\d+\.jpg$", f"{shown + 1}.jpg", addresses[-1])
    assert visitor.client.get(beyond).status_code == 404
    handed = json.loads(visitor.soup.select_one("#block").text)["trials"]
    assert {len(trial["pictures"]) for trial in handed} == {shown + 1}


def test_the_instructions_name_the_keys_of_a_trial(visitor, asked):
    _, join = opened()
    visitor.start(join).get(f"{visitor.home}instructions/")
    keys = visitor.soup.select_one(".v-keys").get_text(" ", strip=True)
    assert f"1 to {asked.layout.shown(4)} for the maps" in keys


def test_an_answer_names_the_arm_that_was_shown_and_is_taken_back(visitor, asked):
    study, join = opened()
    visitor.start(join)
    person, last = study.participants.get(), asked.layout.shown(4) - 1
    arms = current(person).arms
    visitor.answer(last)
    assert person.responses.get().choice == arms[last]
    visitor.press("form#undo").answer(-1)
    assert list(person.responses.values_list("status", "choice")) == [("undone", arms[last]), ("counted", -1)]
    visitor.answer(last + 1)  # a button that a trial of all arms would have
    assert visitor.response.status_code == 400


def test_practice_shows_as_many_maps_as_a_trial_at_most_two(visitor, asked):
    _, join = opened(practice=True)
    visitor.start(join)
    shown = asked.layout.shown(4)
    for number in range(2):
        assert len(visitor.soup.select(".map.option")) == shown
        assert f"arms-{shown}" in visitor.soup.body["class"]
        side = right_side(Participant.objects.get(), number)
        if shown == 1:
            where = "off" if side else "on"
            assert f"-{where}.svg" in visitor.soup.select_one(".map img")["src"]
        visitor.press(value=SAME if shown == 1 and side == 1 else side)
        assert ("the other is beside it" in visitor.text) == (shown == 2)
        visitor.press()
    assert visitor.on_trial
    said = Participant.objects.get().events.filter(kind="practice").values_list("data__right", flat=True)
    assert list(said) == [True, True]


def test_a_second_button_is_no_answer_to_an_example_of_one_map(visitor, one):
    _, join = opened(practice=True)
    visitor.start(join).press(value=1)
    assert Participant.objects.get().events.get(kind="practice").data["right"] is False


def test_a_check_shows_as_many_maps_as_every_other_trial(visitor, asked):
    study, join = opened(attention_checks=2, trials_per_participant=6)
    shown = asked.layout.shown(4)
    places = CheckMap.objects.filter(item__study=study).values_list("place", flat=True).distinct()
    assert sorted(places) == list(range(shown))
    go_through(visitor, join)
    checks = study.trials.filter(kind="check")
    assert len(checks) == 2
    assert all(sorted(check.arms) == list(range(shown)) for check in checks)
    assert len({check.arms.index(0) for check in checks}) == shown
    assert "/thanks/" in visitor.path


def test_a_repeat_shows_the_same_arms_again(visitor, asked):
    study, join = opened(repeats_per_participant=2)
    go_through(visitor, join)
    person = study.participants.get()
    for repeat in person.trials.filter(kind="repeat"):
        first = person.trials.get(kind="main", item=repeat.item)
        assert sorted(first.arms) == sorted(repeat.arms)
        assert len(first.arms) == 1 or first.arms != repeat.arms


def test_a_preview_shows_as_many_maps_as_a_trial(asked, admin_client):
    study = ready(picture="overlay", trials_per_participant=6)
    shown = asked.layout.shown(4)
    shots = shots_of(study)
    assert {len(shot.pictures) for shot in shots} == {shown + 1}
    admin_client.get(reverse("setup-preview", args=[study.slug]))
    assert f"<kbd>{shown}</kbd> for the maps" in page_of(admin_client, study, "instructions")
    assert page_of(admin_client, study, "trial").count('class="map option"') == shown
    posted = admin_client.post(
        reverse("preview:answers", args=[study.slug]),
        json.dumps({"operations": [operation(shown, 1), operation(shown - 1, 2)]}),
        content_type="application/json",
    )
    assert posted.json()["done"] == 1  # the first is no button of this page


def page_of(client, study: Study, name: str) -> str:
    return client.get(reverse(f"preview:{name}", args=[study.slug]), follow=True).content.decode()


def operation(value: int, number: int) -> dict:
    answer_id = f"00000000-0000-4000-8000-00000000000{number}"
    return {"id": answer_id, "kind": "answer", "position": 1, "value": value, "response_ms": 900}


def test_simulated_people_answer_what_is_there(asked):
    study, _ = opened(items=12)
    stated = Preference(
        {"grad-cam": 3, "ablation-cam": 1, "layer-cam": 1, "pixel-ablation-cam": 1, "same": 1}
    )
    person = Volunteer(study, stated, [1, 1])
    said = [person.value(trial) for trial in study.trials.select_related("item")]
    assert set(said) == set(range(-1, asked.layout.shown(4)))


# What comes out


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
    assert {row["check_passed"] for row in rows if row["trial"] == "check"} == {"true"}
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
    assert "maps side by side" in report_html(study)
    note = figures_of(reading)[0].note
    assert note.startswith(f"Each trial shows {shown} of the 4 arms")


def test_every_page_of_the_workspace_can_be_read(another_visitor, asked, admin_client):
    study = answered(another_visitor, attention_checks=2)
    shown = asked.layout.shown(4)
    for name in ("study", "study-results", "study-humans", "study-items", "study-watch", "study-gallery"):
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


# Blind


def leaks(study: Study) -> set[str]:
    return {check.name for check in check_blinding(study=study) if check.leaks}


@pytest.fixture
def clock(monkeypatch):
    """Each reply takes as long as any other."""
    ticks = iter(range(10**9))
    stopped = type("Clock", (), {"perf_counter": staticmethod(lambda: float(next(ticks)))})
    monkeypatch.setattr("studies.simulation.blinding_audit.time", stopped)


def drawn(**fields) -> Study:
    """A study whose pictures are encoded as real ones are, which are those of attention checks. Noise looks like noise."""
    study = ready(**{"items": 24, "trials_per_participant": 24, **fields})
    for row in ItemMap.objects.filter(item__study=study).select_related("map"):
        photo = PillowImage.open(io.BytesIO(jpeg(row.pk, 448)))
        row.map.overlay = stored(render.encode(np.asarray(photo) // 4))
        row.map.save(update_fields=["overlay"])
    return study


def test_nothing_tells_an_arm_where_some_are_shown(asked, clock):
    study = drawn(attention_checks=1, repeats_per_participant=1)
    assert leaks(open_study(study=study, alike_seen=True)) == set()


def test_files_that_are_longer_by_arm_are_found_where_no_photo_is_shown_with_two(one, clock):
    study = drawn(responses_per_item=1)
    longer(study)
    assert leaks(open_study(study=study, alike_seen=True)) == {"sizes", "guessing"}


def test_files_that_are_longer_by_arm_are_found_where_two_are_shown(two, clock):
    study = drawn(responses_per_item=1)
    longer(study)
    assert leaks(open_study(study=study, alike_seen=True)) == {"sizes", "guessing"}


def longer(study: Study) -> None:
    for row in ItemMap.objects.filter(item__study=study).select_related("map", "arm"):
        row.map.overlay = stored(row.map.overlay.read() + bytes(500 * row.arm.index))
        row.map.save(update_fields=["overlay"])


def test_an_arm_that_stands_first_too_often_is_found(two, clock):
    study, _ = opened(items=24, responses_per_item=1)
    for trial in study.trials.filter(order__contains="0"):
        Trial.objects.filter(pk=trial.pk).change_what_is_frozen(order=",".join(map(str, sorted(trial.arms))))
    assert "orders" in leaks(study)
