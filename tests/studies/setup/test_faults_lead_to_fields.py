"""A fault's key leads to the step and the field where it is mended: by data, whatever the fault's words are."""

from copy import deepcopy

import pytest
from django.urls import reverse

from studies.models import Study
from studies.protocol import fault_words
from studies.protocol.faults import Code, Fault, Key
from studies.protocol.schema import ProtocolError, check_protocol
from studies.setup.drafts import create_draft
from studies.setup.steps import STEPS, step_of
from tests.studies.protocol.test_bounds_of_a_protocol import EVERYTHING
from tests.studies.protocol.test_read_protocol import CHOICE, changed
from tests.studies.setting_up import DESIGN, WORDING, begin, errors_of, go_through, save

from .test_save_a_step_unchanged import CROSSED, FORMS, RATING, as_shown

DELETED = object()
WRONG = [
    DELETED,
    3,
    "x y",
    "a\0b",
    True,
    -1,
    10**19,
    float("inf"),
    [],
    ["a", "a"],
    [3],
    {"colour": 1},
    [{}],
    "z" * 11_000,
]
NO_FIELD = {
    ("version",),
    ("colour",),
    ("photos.set",),
    ("arms[1]",),
}  # no step says them: the last one names the key


def ways(value, way=()):
    """Every place of a protocol: tables, rows, and the values in them."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*way, key)
        yield from ways(inner, (*way, key))


def put_at(source, way, value):
    changed_source = deepcopy(source)
    table = changed_source
    for key in way[:-1]:
        table = table[key]
    if value is DELETED:
        del table[way[-1]]
    else:
        table[way[-1]] = deepcopy(value)
    return changed_source


def broken(source):
    """The protocol with each of its values made wrong in every way, and with a strange key in each of its tables."""
    tables = [(), *(way for way in ways(source) if isinstance(at(source, way), dict))]
    yield from (put_at(source, (*way, "colour"), 1) for way in tables)
    yield from (put_at(source, (name,), 1) for name in ("photos.set", "arms[1]"))
    yield from (put_at(source, way, value) for way in ways(source) for value in WRONG)
    yield source | {"arms": source["arms"][:1] * 2}
    yield source | {"arms": [{**arm, "name": "twin"} for arm in source["arms"][:2]]}


def at(value, way):
    for key in way:
        value = value[key]
    return value


def faults_of(source) -> list[Fault]:
    try:
        check_protocol(source)
    except ProtocolError as error:
        return error.faults
    return []


def filled(slug, source):
    """A step's form as a browser sends it back, and its fields known by the rows that it writes."""
    form = FORMS[slug](as_shown(FORMS[slug](None, source)), source)
    assert form.is_valid(), form.errors
    form.written()
    return form


@pytest.mark.parametrize("source", [CROSSED, RATING], ids=["choice", "rating"])
def test_every_fault_of_every_value_leads_to_a_field_of_its_step(source):
    forms = {step.slug: filled(step.slug, source) for step in STEPS[:-1]}
    shown: dict[tuple[Key, Code], str] = {}
    for wrong in broken(source):
        for fault in faults_of(wrong):
            step = step_of(fault, wrong)
            if step.slug == "check":
                assert fault.key in NO_FIELD
                continue
            form = forms[step.slug]
            key = form.key_shown(fault)
            assert key is not None, (step.slug, fault)
            assert form.keys[key] in form.fields
            shown[fault.key, fault.code] = f"{step.slug} {form.keys[key]}"
    codes = {code for _, code in shown}
    assert {
        Code.MISSING,
        Code.WRONG_KIND,
        Code.NOT_ALLOWED,
        Code.UNKNOWN_KEY,
        Code.LENGTH,
        Code.SAME_ARM,
    } <= codes
    assert len(shown) > 50


@pytest.mark.parametrize(
    ("changes", "step", "field"),
    [
        ({"photos__limit": 0}, "photos", "limit"),
        ({"photos__colour": 1}, "photos", "limit"),
        ({"photos__classes": [3]}, "photos", "classes"),
        ({"photos": "birds"}, "photos", "limit"),
        ({"title": ""}, "wording", "title"),
        ({"wording": 3}, "wording", "question"),
        ({"wording__thanks": "{class}"}, "wording", "thanks"),
        ({"design__picture": "film"}, "wording", "picture"),
        ({"design__break_every": -1}, "wording", "break_every"),
        ({"design__seed": None}, "design", "seed"),
        ({"design": []}, "design", "responses_per_item"),
        ({"design__colour": 1}, "design", "responses_per_item"),
        ({"recruitment__people": 1}, "design", "people"),
        ({"recruitment__completion_url": "ftp://x"}, "design", "completion_url"),
        ({"analysis__contrasts": [["a", "b"]]}, "plan", "contrasts"),
        ({"analysis__contrasts": "all"}, "plan", "contrasts"),
        ({"exclusions__median_ms": 0}, "plan", "median_ms"),
        ({"exclusions__colour": 0}, "plan", "missed_checks"),
        ({"looks__after": [2]}, "plan", "after"),
        ({"looks__spending": "all"}, "plan", "spending"),
        ({"arms": [{**CROSSED["arms"][0], "network": "a b"}, *CROSSED["arms"][1:]]}, "networks", "networks"),
        ({"arms": [{**CROSSED["arms"][0], "method": "ma gic"}, *CROSSED["arms"][1:]]}, "methods", "methods"),
        ({"arms": [{**CROSSED["arms"][0], "colour": 1}, *CROSSED["arms"][1:]]}, "methods", "methods"),
        ({"arms": [CROSSED["arms"][0], {**CROSSED["arms"][1], "name": "x" * 101}]}, "plan", "name_1"),
        ({"questions": [*EVERYTHING["questions"][:1], {"key": "a", "text": "?", "options": ["b"]}]}, "questions", "options_1"),
        ({"questions": [*EVERYTHING["questions"][:2], {"key": "a b", "text": "?", "kind": "text"}]}, "questions", "text_2"),
        ({"questions": [*EVERYTHING["questions"][:2], {"key": "a", "text": "?", "kind": "text", "colour": 1}]},
         "questions", "text_2"),
        ({"questions": [3]}, "questions", "text_0"),
    ],
)  # fmt: skip
def test_a_key_has_one_place(changes, step, field):
    source = deepcopy(CROSSED)
    for name, value in changes.items():
        source = put_at(source, name.split("__"), DELETED if value is None else value)
    fault = faults_of(source)[0]
    form = filled(step, CROSSED)
    assert (step_of(fault, source).slug, form.keys[form.key_shown(fault)]) == (step, field)


def test_a_key_that_only_begins_alike_belongs_to_no_step():
    """TOML lets a key hold a point, and a key may begin with another one's letters."""
    for key in ("photos.set", "designs", "titles", "questions[1].text"):
        (fault,) = faults_of(CHOICE | {key: 1})
        assert fault.key == (key,)
        assert step_of(fault, CHOICE).slug == "check"


def test_what_lies_below_a_field_is_shown_there_with_its_key():
    form = filled("photos", CROSSED)
    form.add_fault(Fault(("photos", "colour"), Code.UNKNOWN_KEY, {"known": ("limit", "set")}))
    form.add_fault(Fault(("elsewhere",), Code.NUL))
    assert form.errors == {
        "limit": ["photos.colour: This is unknown; known keys are limit, set."],
        "__all__": ["elsewhere: This has a NUL character; take it out."],
    }


POSTED = [
    ("photos", {"set": "birds", "classes": "emu"}),
    ("photos", {"set": "", "limit": "0"}),
    ("networks", {"networks": []}),
    ("methods", {"methods": ["grad-cam"]}),
    ("wording", {**WORDING, "consent": "It takes {hours} hours.", "break_every": "-1"}),
    ("questions", {"text_0": "Age?", "kind_0": "number", "options_0": "old", "eligible_0": "18"}),
    ("design", {**DESIGN, "responses_per_item": "20", "people": "6"}),
    ("design", {**DESIGN, "attention_checks": "1"}),
    ("plan", {"name_0": "ablation-cam", "median_ms": "0", "after": "0.5"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["Hm.", "the same entries; is unknown; photos: manage.py"])
@pytest.mark.parametrize(("step", "typed"), POSTED)
def test_other_words_are_shown_at_the_same_place(browser, birds, monkeypatch, words, step, typed):
    study = begin(browser)
    go_through(browser, study)
    before = errors_of(save(browser, study, step, **typed))
    steps = [step.slug for step, _ in check_page(browser, study, typed)]
    for table in ("ON_COMMAND_LINE", "ON_PAGE"):
        monkeypatch.setattr(fault_words, table, dict.fromkeys(Code, words))
    after = errors_of(save(browser, study, step, **typed))
    assert before
    assert set(after) == set(before)
    assert [step.slug for step, _ in check_page(browser, study, typed)] == steps


def check_page(browser, study, typed):
    """What the last step lists of a draft with several faults."""
    wrong = changed(
        title="", photos__limit=0, arms=CHOICE["arms"][:1] * 2, design__seed=-1, looks__after=[0.5]
    )
    Study.objects.filter(pk=study.pk).update(protocol=wrong)
    faults = listed(browser, study)
    Study.objects.filter(pk=study.pk).update(protocol=study.protocol)
    return faults


def listed(browser, study):
    return browser.get(reverse("setup-check", args=[study.slug])).context["faults"]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["Hm.", "the same entries; is unknown; photos: manage.py"])
def test_what_a_step_says_in_its_own_words_goes_by_the_kind_of_fault(browser, birds, monkeypatch, words):
    monkeypatch.setattr(fault_words, "ON_PAGE", dict.fromkeys(Code, words))
    study = begin(browser)
    # With no method yet, too few arms are no fault of the networks, whatever is said of them.
    assert save(browser, study, "networks", networks=["tiny"]).status_code == 302
    too_few = errors_of(save(browser, study, "methods", methods=["grad-cam"]))
    assert too_few == {"methods": "Choose two to eight methods to compare."}
    strange = {"text_0": "Age?", "kind_0": "number", "options_0": "old", "eligible_0": "18"}
    assert errors_of(save(browser, study, "questions", **strange)) == {
        "options_0": "This does not go with how it is answered; empty it.",
        "eligible_0": words,
    }
    Study.objects.all().delete()
    rating = begin(browser, "rating")
    twice = errors_of(save(browser, rating, "networks", first="tiny", second="tiny"))
    assert twice == {"second": "Choose two different networks: people compare one with the other."}


@pytest.mark.django_db
def test_what_somebody_typed_is_never_taken_for_a_message(browser, birds):
    """These words of an answer once decided what was said about it, and cut what was said."""
    study = begin(browser)
    typed = {
        "text_0": "Well?",
        "kind_0": "choice",
        "options_0": "a\nb",
        "eligible_0": "is unknown; manage.py x",
    }
    (message,) = errors_of(save(browser, study, "questions", **typed)).values()
    assert message == "This has 'is unknown; manage.py x', which is not one of the options."
    (message,) = errors_of(save(browser, study, "photos", set="birds", classes="the manage.py bird")).values()
    assert message == "No photo is labelled 'the manage.py bird'."


@pytest.mark.django_db
def test_faults_with_what_is_here_lead_to_their_steps_too(browser, birds, researcher):
    source = {**CHOICE, "photos": {"set": "fish"}}
    study = create_draft(source=source, user=researcher)
    steps = [(step.slug, fault.key) for step, fault in listed(browser, study)]
    assert steps == [("photos", "photos.set")]
    Study.objects.update(protocol=changed(photos__set="birds", design__attention_checks=2))
    assert [step.slug for step, _ in listed(browser, study)] == ["design"]
    Study.objects.update(
        protocol=changed(photos__set="birds", arms=[{**arm, "network": "none"} for arm in CHOICE["arms"]])
    )
    ((step, fault),) = listed(browser, study)
    assert step.slug == "networks"
    assert fault.text.startswith("'none' is no network here (there is: ")


@pytest.mark.django_db
def test_a_question_whose_key_is_no_name_is_mended_by_saving_it(browser, birds):
    """A file may call a question anything; the page has no field for it, so it finds a name of its own."""
    study = begin(browser)
    asked = [
        {"key": "your age?", "text": "How old?", "kind": "text"},
        {"key": "Sound_1", "text": "And?", "kind": "text"},
    ]
    Study.objects.update(protocol={**study.protocol, "questions": asked})
    typed = {"text_0": "How old?", "kind_0": "text", "text_1": "And?", "kind_1": "text"}
    assert save(browser, study, "questions", **typed).status_code == 302
    study.refresh_from_db()
    assert [question["key"] for question in study.protocol["questions"]] == ["how-old", "Sound_1"]


@pytest.mark.django_db
def test_too_few_people_for_the_power_are_told_in_a_sentence(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    page = save(
        browser, study, "design", **{**DESIGN, "people": "3", "trials_per_participant": "2", "power": "1"}
    )
    assert page.context["power_trouble"].startswith(
        "this study needs at least 6 people, as one gives at most 2 answers"
    )
