"""Reading a protocol: what it may say, and how every fault is named."""

import tomllib
from copy import deepcopy
from pathlib import Path

import pytest

from studies.protocol.schema import ProtocolError, check_protocol, read_protocol
from studies.trial_types import trial_types

CHOICE = tomllib.loads("""
version = 1
slug = "small"
title = "A small study"
task = "choice"
[photos]
set = "samples"
[[arms]]
network = "tiny"
method = "grad-cam"
[[arms]]
network = "tiny"
method = "ablation-cam"
[design]
seed = 3
""")


def changed(**changes):
    """CHOICE with some keys set, by dotted name; None takes a key out."""
    source = deepcopy(CHOICE)
    for name, value in changes.items():
        *path, key = name.split("__")
        table = source
        for step in path:
            table = table.setdefault(step, {})
        if value is None:
            del table[key]
        else:
            table[key] = value
    return source


def faults(source):
    with pytest.raises(ProtocolError) as caught:
        check_protocol(source)
    return caught.value.lines


def test_a_short_protocol_is_completed_with_defaults():
    protocol = check_protocol(CHOICE)
    assert (protocol.responses_per_item, protocol.trials_per_participant, protocol.picture) == (
        4,
        50,
        "overlay",
    )
    assert protocol.wording["question"] == "Which map best matches the {class}?"
    assert protocol.wording["same"] == "I see no difference"
    assert "red and yellow parts" in protocol.wording["instructions"]
    assert [arm.name for arm in protocol.arms] == ["grad-cam", "ablation-cam"]


@pytest.mark.parametrize("name", ["method-choice", "reliability", "best-worst", "rank"])
def test_the_protocols_that_ship_are_sound(name):
    protocol = read_protocol(Path(__file__).parents[3] / f"docs/protocols/{name}.toml")
    assert protocol.slug == name
    assert protocol.photo_set == "samples"
    assert protocol.responses_per_item == 4


def test_arms_of_several_networks_and_one_method_are_named_by_network():
    protocol = read_protocol(Path(__file__).parents[3] / "docs/protocols/reliability.toml")
    assert [arm.name for arm in protocol.arms] == ["efficientnet-lite0", "squeezenet1-1"]
    assert len(protocol.wording["labels"]) == 5


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"version": 2}, "version: is 2; it must be 1."),
        ({"version": None}, "version: is missing; it must be 1."),
        (
            {"task": "ranking"},
            f"task: is 'ranking'; it must be {' or '.join(repr(entry.name) for entry in trial_types())}.",
        ),
        ({"slug": "my study"}, "slug: is 'my study'; it must be letters a-z, digits, - and _, 100 at most."),
        ({"photos": "samples"}, "photos: is 'samples'; it must be a table [photos]."),
        ({"photos__limit": 0}, "photos.limit: is 0; it must be a whole number from 1 to 1000000000."),
        ({"photos__only_correct": "yes"}, "photos.only_correct: is 'yes'; it must be true or false."),
        ({"photos__classes": [1]}, "photos.classes: is [1]; it must be a list of texts."),
        (
            {"design__seed": None},
            "design.seed: is missing; it must be a whole number from 0 to 9223372036854775807.",
        ),
        (
            {"design__seed": True},
            "design.seed: is True; it must be a whole number from 0 to 9223372036854775807.",
        ),
        (
            {"design__picture": "film"},
            "design.picture: is 'film'; it must be 'overlay' or 'masked' or 'heat'.",
        ),
        (
            {"design__attention_checks": 30},
            "design.attention_checks: is more than half of trials_per_participant; ask for fewer.",
        ),
        (
            {"design__rounds": 3},
            "design.rounds: is unknown; known keys are attention_checks, break_every, cells, comparison, grown_from, nonce, picture, practice, repeats_per_participant, responses_per_item, seed, sign, trials_per_participant.",
        ),
        (
            {"wording__question": "Which {klass}?"},
            "wording.question: has a place {klass} that nothing is put in for.",
        ),
        (
            {"wording__labels": ["a"]},
            "wording.labels: is unknown; known keys are consent, instructions, question, same, thanks, titles.",
        ),
        ({"arms": None}, "arms: is missing; it must be tables [[arms]]."),
        ({"design": None}, "design: is missing; it must be a table [design]."),
        ({"arms": []}, "arms: has 0 entries; a choice study compares 2 to 8."),
        (
            {"arms": [CHOICE["arms"][0]] * 2},
            "arms: has the same network and method twice; each arm must be another pair.",
        ),
        (
            {"arms": [{"network": "tiny"}, CHOICE["arms"][0]]},
            "arms[1].method: is missing; it must be the name of a method, such as 'grad-cam'.",
        ),
    ],
)
def test_a_fault_names_the_key_what_is_wrong_and_what_is_allowed(changes, fault):
    assert faults(changed(**changes)) == [fault]


def test_all_faults_are_reported_at_once():
    assert len(faults(changed(version=3, title="", design__seed=-1))) == 3
    assert len(faults(changed(version=False))) == 1  # no number, and said once


def test_a_rating_study_compares_exactly_two_arms():
    third = {"network": "tiny", "method": "pixel-ablation-cam"}
    lines = faults(changed(task="rating", arms=[*CHOICE["arms"], third]))
    assert lines == ["arms: has 3 entries; a rating study compares exactly two."]


def test_a_rating_study_has_five_labels():
    lines = faults(changed(task="rating", wording__labels=["a", "b"]))
    assert lines == ["wording.labels: has 2 entries; it must be 5, from left to right."]


def test_a_file_that_is_no_toml_or_not_there_is_one_clear_line(tmp_path):
    (tmp_path / "bad.toml").write_text("version = = 1")
    for name, words in [("bad.toml", "is no valid TOML"), ("none.toml", "cannot be read")]:
        with pytest.raises(ProtocolError, match=words) as caught:
            read_protocol(tmp_path / name)
        assert len(caught.value.lines) == 1


QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "eligible": [18, 120]},
    {"key": "knows", "text": "Do you know deep learning?", "options": ["no", "yes"], "eligible": ["no"]},
    {"key": "remarks", "text": "Anything else?", "kind": "text", "required": False},
]


def test_questions_and_recruitment_are_read():
    protocol = check_protocol(
        changed(questions=QUESTIONS, recruitment__completion_url="https://example.org/?cc={code}")
    )
    assert [question["kind"] for question in protocol.questions] == ["number", "choice", "text"]
    assert [question["required"] for question in protocol.questions] == [True, True, False]
    assert protocol.completion_url == "https://example.org/?cc={code}"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"questions": [{**QUESTIONS[0], "eligible": [18]}]},
            "questions[1].eligible: is [18]; it must be two whole numbers, the least and the most.",
        ),
        (
            {"questions": [{**QUESTIONS[1], "options": ["no"], "eligible": []}]},
            "questions[1].options: must be a list of two texts or more.",
        ),
        (
            {"questions": [{**QUESTIONS[1], "eligible": ["never"]}]},
            "questions[1].eligible: has 'never', which is not one of the options.",
        ),
        (
            {"questions": [QUESTIONS[2], QUESTIONS[2]]},
            "questions.key: is the same for two questions; give each a key of its own.",
        ),
        (
            {"recruitment": {"completion_url": "javascript:alert(1)"}},
            "recruitment.completion_url: is 'javascript:alert(1)'; it must begin with https://.",
        ),
    ],
)
def test_a_fault_in_a_question_or_address_is_named(changes, fault):
    assert faults(changed(**changes)) == [fault]
