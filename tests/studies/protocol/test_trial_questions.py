"""What a protocol may ask of each map: `[[trial_questions]]`, read, in full, and as lines of the set-up."""

import pytest
from django.conf import settings

from studies.protocol import ProtocolError, check_protocol, in_full, read_protocol, to_toml
from studies.protocol.toml_file import read_toml
from studies.protocol.trial_questions_field import from_lines, to_lines
from studies.setup.forms.wording_and_design import WordingForm
from studies.setup.steps import step_of
from studies.trial_types import ASKS, MOST_QUESTIONS, SHUFFLED, trial_type_of
from studies.trial_types.single.presets import PRESETS
from tests.studies.trial_types.contract import protocol_of

SINGLE = trial_type_of(type("Row", (), {"task": "single", "wording": {}})())
CLEAR = {"key": "clear", "text": "How clear is it?", "low": "not at all", "high": "very"}
PRESET = {"preset": "explanation-satisfaction"}


def protocol(*questions, **changes):
    return protocol_of(SINGLE, 2, **({"trial_questions": list(questions)} if questions else {}), **changes)


def asked(*questions, **changes):
    return check_protocol(protocol(*questions, **changes)).wording[ASKS]


def test_a_question_is_on_seven_points_unless_it_says_otherwise():
    (question,) = asked(CLEAR)
    assert question == {**CLEAR, "kind": "points", "points": 7, "scale": "", "reversed": False}


def test_without_questions_the_usual_one_is_asked_in_the_studys_language():
    (english,), (german,) = asked(), asked(language="de")
    assert english["key"] == german["key"]
    assert "Karte" in german["text"]
    assert german["low"] == "gar nicht"


def test_a_preset_has_the_words_of_the_literature_in_the_studys_language_and_ones_own_come_after_it():
    questions = asked(PRESET, language="fr")
    assert [question["key"] for question in questions] == [
        "understand", "satisfying", "detail", "complete", "use", "useful", "accuracy", "trust",
    ]  # fmt: skip
    assert {question["points"] for question in questions} == {5}
    assert {question["scale"] for question in questions} == {"satisfaction"}
    assert not {question["text"] for question in questions} & {
        question.text for question in PRESETS["explanation-satisfaction"].questions
    }


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([CLEAR, CLEAR], "trial_questions.key: is the same for two questions"),
        ([CLEAR, {**CLEAR, "key": "clear-"}, {**CLEAR, "key": "clear_"}], "is the same for two questions"),
        ([{**CLEAR, "points": 6}], "trial_questions[1].points: is 6; it must be 5 or 7"),
        ([{**CLEAR, "kind": "stars"}], "trial_questions[1].kind: is 'stars'"),
        ([{"key": "a", "text": "B?"}], "trial_questions[1].low: is missing"),
        ([{"text": "B?", "low": "c", "high": "d"}], "trial_questions[1].key: is missing"),
        ([{"preset": "nasa"}], "trial_questions[1].preset: is 'nasa'; it must be 'explanation-satisfaction'"),
        ([PRESET, CLEAR], f"trial_questions: has 9 entries; it must be {MOST_QUESTIONS} at most"),
        ([{**CLEAR, "colour": "red"}], "trial_questions[1].colour: is unknown"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(questions, words):
    with pytest.raises(ProtocolError) as error:
        check_protocol(protocol(*questions))
    assert words in str(error.value)


def test_a_type_that_asks_nothing_of_the_protocols_takes_none():
    with pytest.raises(ProtocolError, match="trial_questions: is unknown"):
        check_protocol({**protocol(CLEAR), "task": "choice"})


def test_a_protocol_in_full_says_every_question_and_means_the_same():
    read = check_protocol(protocol(PRESET, language="es", design={"seed": 1, "shuffle_questions": True}))
    assert read.complete["trial_questions"] == read.wording[ASKS]
    assert read.wording[SHUFFLED] is True
    assert not {ASKS, SHUFFLED} & set(read.complete["wording"])
    assert in_full(read.source, read.wording) == read.complete
    again = check_protocol(read.complete)
    assert again.wording == read.wording
    assert again.complete == read.complete
    assert to_toml(read.complete).count("[[trial_questions]]") == 8


def test_the_words_that_a_study_was_made_with_go_before_those_of_today():
    made_with = check_protocol(protocol()).wording
    made_with = made_with | {ASKS: [{**made_with[ASKS][0], "text": "As it was then?"}]}
    assert in_full(protocol(), made_with)["trial_questions"][0]["text"] == "As it was then?"


def test_the_example_in_the_docs_is_sound():
    read = read_protocol(settings.BASE_DIR / "docs/protocols/satisfaction.toml")
    assert len(read.wording[ASKS]) == 8
    assert read.responses_per_item % len(read.arms) == 0
    assert read_toml(settings.BASE_DIR / "docs/protocols/satisfaction.toml")["analysis"]["contrasts"]


# In the set-up

LINES = """How clear is it? | 7 | not at all | very
explanation-satisfaction
Would you use it? | yes-no
How sure are you? | slider | not | quite | trust, reversed"""


def test_lines_of_the_set_up_mean_tables_and_come_back_as_they_were():
    tables = from_lines(LINES, PRESETS)
    assert [table.get("key", table.get("preset")) for table in tables] == [
        "how-clear-is-it", "explanation-satisfaction", "would-you-use-it", "how-sure-are-you",
    ]  # fmt: skip
    assert tables[-1] == {
        "key": "how-sure-are-you",
        "text": "How sure are you?",
        "kind": "slider",
        "low": "not",
        "high": "quite",
        "scale": "trust",
        "reversed": True,
    }
    assert to_lines(tables) == LINES


def test_a_question_keeps_its_key_while_its_text_stays():
    before = [{"key": "mine", "text": "How clear is it?"}]
    first, second = from_lines(
        "How clear is it? | 5 | a | b\nHow clear is it now? | 5 | a | b", PRESETS, before
    )
    assert (first["key"], second["key"]) == ("mine", "how-clear-is-it-now")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("A? | stars", "Line 1: “stars” is no way to answer; write 5, 7, yes-no or slider."),
        ("A? | 5 | b | c | d | e", "Line 1 has more than five parts; leave “e” out."),
        ("A? | 5 | b | c | d, turned", "only “, reversed” can stand, not “turned”"),
    ],
)
def test_a_line_that_means_nothing_is_named(line, words):
    form = WordingForm(typed(trial_questions=line), source=protocol())
    assert not form.is_valid()
    assert words in form.errors["trial_questions"][0]


def typed(**changes):
    shown = WordingForm(None, source=protocol())
    values = {
        name: shown[name].value() for name in shown.fields if shown[name].value() not in (None, False, [], {})
    }
    return values | changes


@pytest.mark.django_db
def test_the_set_up_writes_questions_and_their_order_into_the_protocol():
    form = WordingForm(
        typed(trial_questions=LINES.split("\n", 2)[2], shuffle_questions="on"), source=protocol()
    )
    assert form.is_valid(), form.errors
    written = form.written()
    assert [table["key"] for table in written["trial_questions"]] == ["would-you-use-it", "how-sure-are-you"]
    assert written["design"]["shuffle_questions"] is True
    shown = WordingForm(None, source=written)
    assert shown["trial_questions"].value() == LINES.split("\n", 2)[2]
    emptied = WordingForm(typed(trial_questions=""), source=written)
    assert emptied.is_valid(), emptied.errors
    assert "trial_questions" not in emptied.written()


@pytest.mark.django_db
def test_a_fault_of_the_protocol_is_said_at_its_field():
    form = WordingForm(typed(trial_questions=f"explanation-satisfaction\n{LINES}"), source=protocol())
    assert form.is_valid()
    with pytest.raises(ProtocolError) as error:
        check_protocol(form.written())
    written = form.written()
    for fault in error.value.faults:
        assert step_of(fault, written).slug == "wording"
        form.add_fault(fault)
    assert "19 entries" in form.errors["trial_questions"][0]
