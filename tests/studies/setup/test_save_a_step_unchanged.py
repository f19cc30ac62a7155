"""Each field of a set-up lands at its key of the protocol, and a step that is saved as it is shown changes nothing."""

from copy import deepcopy

import pytest

from explain.models import Network
from studies.protocol.schema import check_protocol
from studies.setup.forms.analysis_plan import PlanForm
from studies.setup.forms.base import MethodsForm, NetworksForm, NewStudyForm, PhotosForm
from studies.setup.forms.questions import AboutPeopleForm
from studies.setup.forms.wording_and_design import DesignForm, WordingForm
from tests.studies.protocol.test_bounds_of_a_protocol import EVERYTHING
from tests.studies.protocol.test_read_protocol import CHOICE, changed

TINY, SMALL = Network(name="tiny"), Network(name="small")
FORMS = {
    "photos": lambda data, source: PhotosForm(data, source=source, sets=["samples", "birds"]),
    "networks": lambda data, source: NetworksForm(data, source=source, networks=[TINY, SMALL]),
    "methods": lambda data, source: MethodsForm(data, source=source, map_sets=[]),
    "wording": lambda data, source: WordingForm(data, source=source),
    "questions": lambda data, source: AboutPeopleForm(data, source=source),
    "design": lambda data, source: DesignForm(data, source=source),
    "plan": lambda data, source: PlanForm(data, source=source),
}
CROSSED = changed(
    **{key: deepcopy(value) for key, value in EVERYTHING.items()},
) | {
    "arms": [
        {"network": network, "method": method, **({"name": "G"} if (network, method) == ("tiny", "grad-cam") else {})}
        for network in ("tiny", "small") for method in ("grad-cam", "ablation-cam")
    ],
}  # fmt: skip
RATING = changed(
    task="rating",
    arms=[{"network": "tiny", "method": "grad-cam"}, {"network": "small", "method": "grad-cam"}],
    wording__labels=["1", "2", "3", "4", "5"],
)


def as_shown(form):
    """What a browser sends of the page as it stands."""
    shown = {name: form[name].value() for name in form.fields}
    return {
        name: ("on" if value is True else value)
        for name, value in shown.items()
        if value not in (None, False)
    }


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("source", [CROSSED, RATING], ids=["choice", "rating"])
def test_a_step_saved_as_it_is_shown_changes_nothing(name, source):
    before = deepcopy(source)
    form = FORMS[name](as_shown(FORMS[name](None, source)), source)
    assert form.is_valid(), form.errors
    written = form.written()
    assert check_protocol(written).complete == check_protocol(before).complete
    assert source == before  # what is typed is not the protocol until it is saved


@pytest.mark.parametrize(
    ("name", "typed", "table", "written"),
    [
        ("photos", {"set": "birds", "classes": "hen, robin\n dam ", "only_correct": "on", "top_classes": "2", "per_class": "3",
                    "limit": "4", "min_f1": "0.9", "top_share": "0.1"}, "photos",
         {"set": "birds", "classes": ["hen", "robin", "dam"], "only_correct": True, "top_classes": 2, "per_class": 3,
          "limit": 4, "min_f1": 0.9, "top_share": 0.1}),
        ("photos", {"set": "birds"}, "photos", {"set": "birds"}),
        ("design", {"responses_per_item": "3", "trials_per_participant": "9", "repeats_per_participant": "2", "attention_checks": "1",
                    "seed": "8", "people": "5"}, "design",
         {"responses_per_item": 3, "trials_per_participant": 9, "repeats_per_participant": 2, "attention_checks": 1, "seed": 8}),
        ("design", {"people": "5", "completion_url": "https://a.b/{code}"}, "recruitment",
         {"people": 5, "completion_url": "https://a.b/{code}"}),
        ("design", {"screened_code": "S1", "full_url": "https://a.b/", "finished_code": "F1", "return_after": "9", "frame": "on",
                    "parameters": "a, b,", "person": "c", "prolific_key": "K", "prolific_study": "66"}, "recruitment",
         {"ways_back": {"finished": {"code": "F1"}, "screened": {"code": "S1"}, "full": {"url": "https://a.b/"}},
          "return_after": 9, "frame": "mturk", "parameters": ["a", "b"], "person": "c", "prolific_key": "K",
          "prolific_study": "66"}),
        ("wording", {"title": "T", "language": "de", "picture": "heat", "practice": "on", "break_every": "9"}, "design",
         {"seed": 3, "picture": "heat", "practice": True, "break_every": 9}),
        ("wording", {"title": "T", "picture": "heat", "same": "Alike", "thanks": "A\r\nB"}, "wording",
         {"same": "Alike", "thanks": "A\nB"}),
    ],
)  # fmt: skip
def test_each_field_lands_at_its_key(name, typed, table, written):
    form = FORMS[name](typed, CHOICE)
    assert form.is_valid(), form.errors
    assert form.written().get(table) == written


def test_an_address_of_who_is_through_stays_where_the_protocol_has_it():
    source = changed(recruitment__ways_back={"finished": {"url": "https://a.b/{code}"}})
    shown = as_shown(FORMS["design"](None, source))
    assert shown["completion_url"] == "https://a.b/{code}"
    form = FORMS["design"](shown | {"completion_url": "https://c.d/"}, source)
    assert form.is_valid()
    assert form.written()["recruitment"] == {"ways_back": {"finished": {"url": "https://c.d/"}}}


def test_what_is_emptied_leaves_the_protocol():
    emptied = FORMS["photos"]({"set": "samples"}, CROSSED), FORMS["design"]({}, CROSSED)
    assert all(form.is_valid() for form in emptied)
    assert emptied[0].written()["photos"] == {"set": "samples"}
    design = emptied[1].written()
    assert "recruitment" not in design
    assert design["design"] == {"picture": "masked", "practice": True, "break_every": 40}


def test_a_default_text_of_another_language_follows_when_the_language_changes():
    """What was not changed is not kept: it would stay English in a German study."""
    shown = as_shown(FORMS["wording"](None, CHOICE)) | {"language": "de", "same": "Beide gleich"}
    form = FORMS["wording"](shown, CHOICE)
    assert form.is_valid()
    written = form.written()
    assert (written["language"], written["wording"]) == ("de", {"same": "Beide gleich"})


def test_networks_and_methods_are_crossed_and_names_stay_with_their_arm():
    form = FORMS["networks"]({"networks": ["tiny"]}, CROSSED)
    assert form.is_valid()
    assert form.written()["arms"] == [
        {"network": "tiny", "method": "grad-cam", "name": "G"}, {"network": "tiny", "method": "ablation-cam"},
    ]  # fmt: skip
    form = FORMS["networks"]({"first": "small", "second": "tiny"}, RATING)
    assert form.is_valid()
    assert [arm["network"] for arm in form.written()["arms"]] == [
        "small",
        "tiny",
    ]  # the first is the positive one
    form = FORMS["methods"]({"methods": ["centre", "grad-cam"]}, changed(arms=[{"network": "tiny"}]))
    assert form.is_valid()
    assert form.written()["arms"] == [
        {"network": "tiny", "method": method} for method in ("centre", "grad-cam")
    ]


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ({"title": "Which map?"}, "which-map"),
        ({"title": "Which map?", "slug": "mine_1"}, "mine_1"),
        ({"title": "New"}, None),
        ({"title": "地図"}, None),
        ({"title": "T", "slug": "two words"}, None),
        ({"title": "x" * 201}, None),
        ({"title": "x " * 90}, "-".join(["x"] * 50)),
    ],
)
def test_a_short_name_is_made_from_the_title_and_never_an_address_of_the_site(typed, slug):
    form = NewStudyForm({"task": "choice", **typed})
    assert form.is_valid() == (slug is not None), form.errors
    if slug:
        assert form.cleaned_data["slug"].rstrip("-") == slug.rstrip("-")
