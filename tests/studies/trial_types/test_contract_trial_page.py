"""Options of the trial page with every trial type that is registered: how sure people are, maps for a time, zoom."""

import csv
import json
from uuid import uuid4

import numpy as np
import pytest

from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.models import Event, Participant, Response, Study, hash_token
from studies.protocol.schema import ProtocolError, check_protocol, in_full
from studies.protocol.wording import default_wording
from studies.results import Reading, analyse_further, part_of
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.setup.forms.wording_and_design import WordingForm
from studies.trial_types import OPTIONS, TRIAL_PAGE, TrialPage, trial_type, trial_type_of
from studies.trials.practice import right_side
from tests.studies.trial_types.contract import ARMS, make, opened, orders_of, protocol_of
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db
EVERYTHING = {
    "confidence": "5-points",
    "confidence_question": "Sure?",
    "fixation_ms": 400,
    "photo_first_ms": 800,
    "show_ms": 500,
    "look_again": True,
    "zoom": True,
}


def says_it_itself(asked) -> bool:
    """Whether the answers of a type say by themselves how sure people are, as it is where a protocol asks nothing else."""
    return bool(asked.answers.sureness)


def with_page(asked, **page):
    """Fields of a study with these options; of a type that can say by itself how sure people are, as it does not."""
    wording = default_wording(asked.name, "overlay")
    options = asked.asked.options(None)
    if says_it_itself(asked):
        wording |= {OPTIONS: {**options, "steps": 2}}
    page = {"confidence_question": "Sure?", "confidence_low": "no", "confidence_high": "yes", **page}
    return {"wording": wording | {TRIAL_PAGE: page}}


def test_a_protocol_says_the_options_and_comes_back_in_full(asked):
    source = protocol_of(asked, 2, trial=EVERYTHING)
    if says_it_itself(asked):
        with pytest.raises(
            ProtocolError, match=r"trial\.confidence: asks how sure people are, which the ans"
        ):
            check_protocol(source)
        source[asked.name] = {"steps": 2}
    said = check_protocol(source)
    page = TrialPage(**said.wording[TRIAL_PAGE])
    assert (page.show_ms, page.is_timed, page.zoom, page.confidence_low) == (
        500,
        True,
        True,
        "Not sure at all",
    )
    assert TRIAL_PAGE not in said.complete["wording"]
    assert check_protocol(said.complete).wording == said.wording
    assert in_full(source, said.wording) == said.complete


def test_a_protocol_without_them_is_as_it_was(asked):
    said = check_protocol(protocol_of(asked, 2))
    assert TRIAL_PAGE not in said.wording
    assert TRIAL_PAGE not in said.complete


def test_the_set_up_has_a_field_for_each_and_writes_it(asked):
    source = protocol_of(asked, 2, trial=EVERYTHING)
    shown = WordingForm(None, source=source)
    typed = {
        name: value for name, value in shown.initial.items() if name in shown.fields and value is not None
    }
    form = WordingForm(typed, source=source)
    assert form.is_valid(), form.errors
    assert form.written()[TRIAL_PAGE] == EVERYTHING
    empty = WordingForm({**typed, **{f"trial_{key}": "" for key in EVERYTHING}}, source=source)
    assert empty.is_valid(), empty.errors
    assert TRIAL_PAGE not in empty.written()


def test_every_answer_is_about_an_arm_that_was_there_or_about_none(asked):
    answers = asked.answers
    for order in orders_of(asked):
        values = np.array(
            [answers.stored_value(order, button) for button in answers.shown_values(len(order))]
        )
        arms = np.asarray(answers.arm_of(values))
        assert set(arms.tolist()) <= {*order, -1}
        if len(order) == 1:
            assert set(arms.tolist()) == {order[0]}
        else:
            assert np.array_equal(arms == 0, answers.prefers_first(values))


def test_without_scripts_it_is_asked_on_a_page_of_its_own_and_kept(another_visitor, asked, tmp_path):
    fields = with_page(asked, confidence="7-points")
    study, join = opened(asked, responses_per_item=2, practice=True, **fields)
    kind = trial_type_of(study)
    button = kind.answers.shown_values(kind.layout.shown(len(ARMS)))[0]
    for number in range(2):
        visitor = another_visitor().start(join)
        for _ in range(2):
            practise_unsure(visitor, kind)
        while visitor.on_trial:
            trial = visitor.answer(button)
            assert [b["value"] for b in trial.soup.select("#answer button")] == list("1234567")
            assert "Sure?" in trial.text
            visitor.press("form#answer", confidence=str(3 + number))
    assert sorted(Response.objects.values_list("confidence", flat=True)) == [3] * 3 + [4] * 3
    further = analyse_further(Reading(study, part_of(study)))
    assert further.confidence.found.mean.estimate == pytest.approx(3.5)
    data = scores_json(study, AnswerSelection("real"))["confidence"]
    assert data["mean"]["estimate"] == pytest.approx(3.5)
    assert json.dumps(data, allow_nan=False)
    assert (data["right"] is None) == (not kind.asked.network_speaks)
    export(study=study, to=tmp_path, formats=["csv"])
    other = make(asked, "again", networks=("other",), seed=study.seed, **fields)
    import_responses(study=other, path=tmp_path / "answers.csv")
    once, again = (
        study_.participants.values_list("responses__confidence", flat=True) for study_ in (study, other)
    )
    assert sorted(once) == sorted(again)
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert {row["confidence"] for row in csv.DictReader(file)} == {"3", "4"}


def practise_unsure(visitor, kind):
    """Answer an example right, and say how sure one is: only then it is told what was right."""
    person = Participant.objects.get(token_sha256=hash_token(visitor.home.split("/")[2]))
    side = right_side(person, int(visitor.soup.select_one("input[name=number]")["value"]))
    shown = min(2, kind.layout.shown(len(ARMS)))
    right = next(b for b in kind.answers.shown_values(shown) if kind.answers.prefers_place(b, side))
    visitor.press(value=right)
    assert not visitor.soup.select(".note.good")
    visitor.press("form#answer", confidence="7")
    assert visitor.soup.select(".note.good")
    visitor.press()


def test_pictures_by_time_ask_nothing_without_scripts_and_say_so(another_visitor, asked):
    for practice, form in ((True, "form[data-next]"), (False, "form#answer")):
        fields = with_page(asked, show_ms=300, look_again=True)
        slug = f"by-time-{practice}".lower()
        _, join = opened(asked, slug=slug, networks=(slug,), practice=practice, **fields)
        page = another_visitor().start(join).soup
        assert page.select_one(form).has_attr("hidden")
        assert "JavaScript" in page.select_one("noscript").text
        assert "timed" in page.body["class"]
        told = json.loads(page.select_one("#options").text)
        assert (told["show_ms"], told["look_again"]) == (300, True)


def test_a_look_is_counted_by_the_server_and_told_to_the_page_that_is_loaded_anew(client, visitor, asked):
    study, join = opened(asked, items=3, **with_page(asked, show_ms=300))
    kind = trial_type_of(study)
    visitor.start(join)
    address = f"{visitor.home}answers/"

    def send(*operations):
        body = json.dumps({"operations": operations})
        return client.post(address, body, content_type="application/json").json()

    assert [trial["looks"] for trial in client.get(address).json()["trials"]] == [0, 0, 0]
    look = {"id": str(uuid4()), "kind": "look", "position": 1}
    assert send(look)["refused"] == []
    assert [trial["looks"] for trial in send(look)["trials"]] == [1, 0, 0]  # the same one, sent again
    assert [trial["looks"] for trial in send({**look, "id": str(uuid4())})["trials"]] == [2, 0, 0]
    assert send({**look, "id": str(uuid4()), "position": 99})["refused"]
    value = kind.answers.shown_values(kind.layout.shown(len(ARMS)))[0]
    parts = kind.answers.apart(value)
    told = {"shown_ms": 299.8, "frame_ms": 16.7, "looks": 0}  # a browser cannot say how often it looked
    answer = {"id": str(uuid4()), "kind": "answer", "position": 1, "telemetry": told}
    assert send({**answer, **({"parts": parts} if parts else {"value": value})})["refused"] == []
    assert Response.objects.get().telemetry == {**told, "looks": 2}
    assert Event.objects.filter(kind="looked").count() == 2
    showing = analyse_further(Reading(study, part_of(study))).showing
    assert (showing.answers, showing.median_ms, showing.again, showing.off_by_a_frame) == (1, 299.8, 1, 0)


def test_in_a_study_without_options_there_is_nothing_of_them(client, visitor, asked):
    study, join = opened(asked, items=3)
    visitor.start(join)
    page = visitor.response.content.decode()
    assert not any(word in page for word in ("options", "fixation", "sureness", 'id="zoom"', "timed"))
    address = f"{visitor.home}answers/"
    body = json.dumps({"operations": [{"id": str(uuid4()), "kind": "look", "position": 1}]})
    reply = client.post(address, body, content_type="application/json").json()
    assert len(reply["refused"]) == 1
    assert "looks" not in reply["trials"][0]
    assert Study.objects.get(pk=study.pk).wording == study.wording
    assert trial_type(asked.name) is asked
