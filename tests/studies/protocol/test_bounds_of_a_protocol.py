"""Each key of a protocol: its least and its most, what it becomes, its default, and that a file in full is the same study."""

import dataclasses
import tomllib

import pytest

from explain.cam.names import OWN_NAMES
from studies.protocol.analysis_plan import InterimSchedule, plan_of
from studies.protocol.parser import Reader
from studies.protocol.schema import ProtocolError, check_protocol, in_full, names_of_arms, to_toml
from studies.protocol.wording import default_wording
from tests.factories import make_study

from .test_read_protocol import CHOICE, QUESTIONS, changed, faults

BOUNDS = [
    ("design__responses_per_item", 1, 1000),
    ("design__trials_per_participant", 1, 10_000),
    ("design__repeats_per_participant", 0, 1000),
    ("design__attention_checks", 0, 100),
    ("design__break_every", 0, 1000),
    ("design__seed", 0, 2**63 - 1),
    ("photos__top_classes", 1, 10**9),
    ("photos__per_class", 1, 10**9),
    ("photos__limit", 1, 10**9),
    ("exclusions__median_ms", 1, 10**9),
    ("recruitment__people", 2, 100_000),
]


@pytest.mark.parametrize(("key", "least", "most"), BOUNDS)
def test_a_number_is_taken_from_its_least_to_its_most_and_no_further(key, least, most):
    room = {} if "trials" in key else {"design__trials_per_participant": 202}
    few = {"design__responses_per_item": 1} if "people" in key else {}
    for number in (least, most):
        check_protocol(changed(**{**room, **few, key: number}))
    for number in (least - 1, most + 1):
        message = f"{key.replace('__', '.')}: is {number}; it must be a whole number from {least} to {most}."
        assert faults(changed(**{**room, **few, key: number})) == [message]
    for wrong in (1.5, "1", True):
        with pytest.raises(ProtocolError) as caught:
            check_protocol(changed(**{**room, **few, key: wrong}))
        assert caught.value.misshapen == caught.value.faults


@pytest.mark.parametrize(
    ("key", "longest"),
    [
        ("title", 200),
        ("wording__thanks", 10_000),
        ("recruitment__completion_url", 500),
        ("arms", 100),
        ("questions", 500),
    ],
)
def test_a_text_is_taken_up_to_its_longest_and_never_empty(key, longest):
    def source(text):
        if key == "arms":
            return changed(arms=[{**CHOICE["arms"][0], "name": text}, CHOICE["arms"][1]])
        if key == "questions":
            return changed(questions=[{"key": "else", "kind": "text", "text": text}])
        return changed(**{key: text})

    check_protocol(source("https://" + "x" * (longest - 8)))
    (fault,) = faults(source("https://" + "x" * (longest - 7)))
    assert f"has {longest + 1} characters; it must have 1 to {longest}" in fault
    assert "has 0 characters" in faults(source("  "))[0]
    assert "has a NUL character; take it out" in faults(source("https://a\0b"))[0]


@pytest.mark.parametrize(
    ("key", "taken", "refused"),
    [
        ("photos__min_f1", (0.001, 1, 1.0), (0, 0.0, 1.001, -0.1)),
        ("photos__top_share", (0.001, 1), (0, 1.5)),
        ("exclusions__position_share", (0.001, 0.999), (0, 1, 1.0, 90)),
    ],
)
def test_a_share_lies_above_0_and_reaches_1_only_where_that_means_all(key, taken, refused):
    for share in taken:
        check_protocol(changed(**{key: share}))
    for share in refused:
        (fault,) = faults(changed(**{key: share}))
        assert fault.startswith(f"{key.replace('__', '.')}: is {share}; it must be a number ")
    assert faults(changed(**{key: float("nan")}))
    assert faults(changed(**{key: True}))


def test_names_that_become_addresses_hold_letters_digits_and_dashes_alone():
    check_protocol(changed(slug="a" * 100, photos__set="A-z_9"))
    for slug in ("a" * 101, "", "a b", "a/b", "ä", "a\n"):
        assert len(faults(changed(slug=slug))) == 1, slug


EVERYTHING = changed(
    language="de",
    photos__classes=["hammer", "dam"],
    photos__min_f1=0.94,
    photos__top_share=0.1,
    photos__top_classes=5,
    photos__only_correct=True,
    photos__per_class=50,
    photos__limit=40,
    arms=[{**CHOICE["arms"][0], "name": "G"}, CHOICE["arms"][1], {"network": "small", "method": "grad-cam"}],
    design__responses_per_item=3,
    design__trials_per_participant=14,
    design__repeats_per_participant=2,
    design__attention_checks=7,
    design__practice=True,
    design__break_every=40,
    design__picture="masked",
    wording__question="Which {class}?",
    recruitment__people=15,
    recruitment__completion_url="https://example.org/{code}",
    questions=QUESTIONS,
    analysis__contrasts=[["tiny ablation-cam", "G"]],
    analysis__hide_running_results=True,
    looks__after=[0.5, 1],
    looks__spending="pocock",
    exclusions__missed_checks=7,
    exclusions__failed_practice=True,
    exclusions__median_ms=400,
    exclusions__position_share=0.9,
)


def test_every_key_arrives_where_it_belongs():
    protocol = check_protocol(EVERYTHING)
    assert (protocol.slug, protocol.title, protocol.language, protocol.task) == (
        "small",
        "A small study",
        "de",
        "choice",
    )
    assert (protocol.photo_set, protocol.picture, protocol.seed) == ("samples", "masked", 3)
    rule = protocol.rule
    assert (rule.classes, rule.min_f1, rule.top_share) == (("hammer", "dam"), 0.94, 0.1)
    assert (rule.top_classes, rule.only_correct, rule.per_class, rule.limit) == (5, True, 50, 40)
    assert rule.seed == 3  # photos are drawn by the study's seed
    assert [(*arm.keys.values(), arm.name) for arm in protocol.arms] == [
        ("tiny", "grad-cam", "G"),
        ("tiny", "ablation-cam", "tiny ablation-cam"),
        ("small", "grad-cam", "small grad-cam"),
    ]
    assert (protocol.responses_per_item, protocol.trials_per_participant) == (3, 14)
    assert (protocol.repeats_per_participant, protocol.attention_checks, protocol.break_every) == (2, 7, 40)
    assert (protocol.practice, protocol.people) == (True, 15)
    assert protocol.completion_url == "https://example.org/{code}"
    assert protocol.wording == default_wording("choice", "masked", "de") | {"question": "Which {class}?"}
    assert protocol.questions == [
        {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 120]},
        {"key": "knows", "text": "Do you know deep learning?", "kind": "choice", "required": True,
         "options": ["no", "yes"], "eligible": ["no"]},
        {"key": "remarks", "text": "Anything else?", "kind": "text", "required": False},
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_plan_of_the_analysis_arrives_too():
    names = tuple(arm.name for arm in check_protocol(EVERYTHING).arms)
    plan = plan_of(make_study(protocol=EVERYTHING), names)
    assert plan.contrasts == ((1, 0),)
    assert plan.hide_running_results is True
    assert plan.looks == InterimSchedule((0.5, 1.0), "pocock")
    rules = plan.rules
    assert (rules.missed_checks, rules.failed_practice) == (7, True)
    assert (rules.median_ms, rules.position_share) == (400, 0.9)


@pytest.mark.parametrize(
    "source", [CHOICE, EVERYTHING, changed(task="rating")], ids=["short", "long", "rating"]
)
def test_a_protocol_in_full_says_every_default_and_is_the_same_study(source):
    """What is kept with a study must not change with the defaults of a later version, nor by being written to a file."""
    first = check_protocol(source)
    again = check_protocol(tomllib.loads(to_toml(first.complete)))
    same = dict.fromkeys(("source", "complete"))
    assert dataclasses.replace(again, **same) == dataclasses.replace(first, **same)
    assert again.complete == first.complete == in_full(first.complete) == in_full(source)


def test_the_defaults_are_these():
    complete = check_protocol(CHOICE).complete
    assert complete["design"] == {
        "seed": 3, "picture": "overlay", "responses_per_item": 4, "trials_per_participant": 50,
        "repeats_per_participant": 0, "attention_checks": 0, "break_every": 0, "practice": False,
    }  # fmt: skip
    assert complete["photos"] == {"set": "samples", "only_correct": False}
    assert (complete["language"], complete["version"]) == ("en", 1)
    assert [arm["name"] for arm in complete["arms"]] == ["grad-cam", "ablation-cam"]
    assert complete["analysis"] == {"hide_running_results": False, "decided_by": "everybody"}
    assert complete["exclusions"] == {"failed_practice": False}
    assert complete["wording"] == default_wording("choice", "overlay")
    assert set(complete) == {
        "version", "slug", "title", "task", "language", "photos", "arms", "design", "wording", "analysis", "exclusions",
    }  # fmt: skip
    broken = changed(title=None)
    assert in_full(broken) is broken


def test_attention_checks_are_at_most_half_of_what_a_person_is_asked():
    check_protocol(changed(design__trials_per_participant=9, design__attention_checks=4))
    assert (
        "more than half" in faults(changed(design__trials_per_participant=9, design__attention_checks=5))[0]
    )


def test_no_photo_is_asked_about_more_often_than_there_are_people():
    check_protocol(changed(design__responses_per_item=5, recruitment__people=5))
    assert faults(changed(design__responses_per_item=6, recruitment__people=5)) == [
        "design.responses_per_item: is 6, more than the 5 people planned; nobody is asked twice."
    ]


def test_a_choice_study_compares_two_to_eight_arms():
    arms = [{"network": network, "method": method} for network in ("a", "b") for method in OWN_NAMES][:9]
    check_protocol(changed(arms=arms[:8]))
    check_protocol(changed(arms=arms[:2]))
    assert "has 9 entries; a choice study compares 2 to 8" in faults(changed(arms=arms))[0]
    assert "has 1 entries" in faults(changed(arms=arms[:1]))[0]
    named = [{**arm, "name": "twin"} for arm in arms[:2]]
    assert faults(changed(arms=named)) == [
        "arms.name: is the same for two arms; give each a name of its own."
    ]


def test_arms_are_called_by_what_differs_between_them():
    a, b, c = (
        {"network": "n", "method": "x"},
        {"network": "n", "method": "y"},
        {"network": "m", "method": "x"},
    )
    assert names_of_arms([a, b]) == ["x", "y"]
    assert names_of_arms([a, c]) == ["n", "m"]
    assert names_of_arms([a, b, c]) == ["n x", "n y", "m x"]
    assert names_of_arms([{**a, "name": "A"}, b]) == ["A", "y"]
    assert names_of_arms([{}, {"network": "n"}]) == ["", "n"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"exclusions__missed_checks": 3, "design__attention_checks": 2}, "exclusions.missed_checks: is 3, but design.attention_checks is 2."),
        ({"exclusions__failed_practice": True}, "exclusions.failed_practice: is true, but design.practice is not."),
        ({"language": "xx"}, "language: is 'xx'; it must be 'en' or"),
        ({"wording__same": 4}, "wording.same: is 4; it must be a text."),
        ({"wording__thanks": "{class}"}, "wording.thanks: has a place {class} that nothing is put in for."),
        ({"questions": {"key": "a"}}, "questions: is {'key': 'a'}; it must be tables [[questions]]."),
        ({"questions": [3]}, "questions: is [3]; it must be tables [[questions]]."),
        ({"photos__classes": ["ok", " "]}, "photos.classes: is ['ok', ' ']; it must be a list of texts."),
        ({"wording": "short"}, "wording: is 'short'; it must be a table [wording]."),
        ({"extra": 1}, "extra: is unknown; known keys are analysis, arms, consent, design, exclusions, language, photos,"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_named(changes, fault):
    (message,) = faults(changed(**changes))
    assert message.startswith(fault)


def test_a_draft_may_hold_what_is_missing_or_too_large_but_nothing_of_another_kind():
    def misshapen(**changes):
        with pytest.raises(ProtocolError) as caught:
            check_protocol(changed(**changes))
        return caught.value.misshapen

    assert misshapen(title=None, design__seed=-1, photos__min_f1=2.0, slug="a b", task="other") == []
    for changes in (
        {"title": 3},
        {"design__seed": "x"},
        {"extra": 1},
        {"photos__min_f1": float("inf")},
        {"arms": [3]},
    ):
        assert len(misshapen(**changes)) == 1


def test_lines_end_as_on_every_machine_and_blanks_around_a_text_are_dropped():
    protocol = check_protocol(changed(title="  A study ", wording__consent="One\r\nTwo\r\n"))
    assert (protocol.title, protocol.wording["consent"]) == ("A study", "One\nTwo")


def test_one_broken_table_is_one_fault():
    assert len(faults(changed(design="none"))) == 1
    assert len(faults(changed(task="essay", wording__labels=["x"]))) == 1
    reader = Reader({"a": {"b": 1}})
    assert reader.table("a").number("b", least=1) == 1
    assert reader.completed() == {"a": {"b": 1}}
