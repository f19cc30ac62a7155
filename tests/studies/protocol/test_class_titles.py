"""Volunteers read what is in a photo in the study's language; results and files keep the class's own name."""

import csv
import io
import json

import pytest
from django.urls import reverse

from studies.core import languages
from studies.exports.writers import csv_chunks
from studies.lifecycle import untitled
from studies.lifecycle.opening import open_study
from studies.lifecycle.protocol_views import RevisionForm
from studies.models import Study
from studies.protocol import check_protocol, default_wording, to_toml, untitled_remark
from studies.protocol.schema import in_full
from studies.setup.forms.wording_and_design import WordingForm
from tests import by_sql
from tests.factories import make_study
from tests.studies.conftest import Visitor
from tests.studies.protocol.test_read_protocol import changed, faults

TITLES = {"de": {"hammer": "Hammer (Werkzeug)"}, "fr": {"hammer": "marteau"}}


def in_german(titles=TITLES):
    wording = default_wording("choice", "overlay", "de")
    return {"language": "de", "wording": wording | {"titles": titles}}


@pytest.mark.django_db
def test_volunteers_read_the_title_of_their_language(visitor, invite):
    _, join = invite(items=2, **in_german())
    visitor.start(join)
    assert visitor.soup.select_one("#named").text == "Hammer (Werkzeug)"
    assert visitor.soup.h1.text == "Welche Karte passt am besten zu „Hammer (Werkzeug)“?"
    block = json.loads(visitor.soup.select_one("#block").text)
    assert {trial["title"] for trial in block["trials"]} == {"Hammer (Werkzeug)"}
    for _ in range(2):
        visitor.answer(0)
    assert visitor.path.endswith("/thanks/")
    assert [row.bdi.text for row in visitor.soup.select(".v-credits li")] == ["Hammer (Werkzeug)"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("titles", [{"fr": {"hammer": "marteau"}}, {"de": {"anvil": "Amboss"}}, {}])
def test_without_a_title_in_their_language_they_read_the_name_of_the_class(visitor, invite, titles):
    _, join = invite(items=2, **in_german(titles))
    visitor.start(join)
    assert visitor.soup.select_one("#named").text == "hammer"


@pytest.mark.django_db
def test_a_preview_shows_the_titles_too(client, admin_user):
    make_study("birds", items=2, **in_german())
    client.force_login(admin_user)
    staff = Visitor(client).get(reverse("setup-preview", args=["birds"]))
    staff.press().press()
    assert staff.soup.select_one("#named").text == "Hammer (Werkzeug)"


@pytest.mark.django_db
def test_files_keep_the_name_of_the_class(visitor, invite):
    study, join = invite(items=2, **in_german())
    visitor.start(join)
    visitor.answer(0)
    text = b"".join(csv_chunks(study)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["class"] for row in rows} == {"hammer"}


def test_titles_are_part_of_the_protocol_in_full():
    protocol = check_protocol(changed(language="de", wording__titles=TITLES))
    assert protocol.wording["titles"] == TITLES
    assert check_protocol(protocol.complete).wording == protocol.wording
    assert "titles" not in check_protocol(changed(language="de")).wording
    assert 'hammer = "marteau"' in to_toml(in_full(changed(wording__titles=TITLES)))


def test_a_title_that_cannot_be_one_is_named_with_what_is_allowed():
    known = "ar, de, en, es, fr, hi, pt-br, zh-hans"
    assert faults(changed(wording__titles={"it": {"hammer": "martello"}})) == [
        f"wording.titles.it: is unknown; known keys are {', '.join(sorted(languages.codes()))}."
    ]
    assert known == ", ".join(sorted(languages.codes()))
    for wrong in ({"hammer": ""}, {"hammer": 7}, {"hammer": {"a": "b"}}):
        [line] = faults(changed(wording__titles={"de": wrong}))
        assert line.startswith("wording.titles.de: is ")
        assert line.endswith("it must be a table of texts by the name of a class.")
    [line] = faults(changed(wording__titles={"de": {"hammer": "x" * 201}}))
    assert line == "wording.titles.de.hammer: has 201 characters; it must have 1 to 200."
    assert faults(changed(wording__titles={"de": {"ham\0mer": "x"}})) == [
        "wording.titles.de: has a NUL character; take it out."
    ]


def test_a_remark_names_what_volunteers_would_read_in_english():
    assert untitled_remark({}, "en", ["hammer"]) == []
    assert untitled_remark({"titles": TITLES}, "de", ["hammer"]) == []
    assert untitled_remark({}, "zh-hans", ["锤子"]) == []
    [remark] = untitled_remark({"titles": TITLES}, "ar", ["hammer", "anvil"])
    assert "2 classes have no title in it" in remark
    assert "anvil, hammer" in remark
    assert "[wording.titles.ar]" in remark


@pytest.mark.django_db
def test_whoever_opens_a_study_is_told_of_classes_without_a_title(client, admin_user):
    study = make_study("birds", items=2, **in_german({}))
    client.force_login(admin_user)
    assert len(untitled(study)) == 1
    for page in (reverse("setup-check", args=["birds"]), reverse("study-state", args=["birds", "open"])):
        assert "1 class has no title in it" in client.get(page).content.decode(), page
    by_sql.change(Study.objects.all(), wording=in_german()["wording"])
    for page in (reverse("setup-check", args=["birds"]), reverse("study-state", args=["birds", "open"])):
        assert "no title in it" not in client.get(page).content.decode(), page


def filled(source, **typed):
    form = WordingForm(source=source)
    initial = {name: form[name].value() for name in form.fields}
    return WordingForm({**{k: v for k, v in initial.items() if v is not None}, **typed}, source=source)


def test_titles_are_typed_in_the_set_up_a_class_to_a_line():
    source = changed(language="de", wording__titles=TITLES)
    assert WordingForm(source=source)["titles"].value() == "hammer = Hammer (Werkzeug)"
    form = filled(source, titles="hammer = Hammer\n\nhen=Henne")
    assert form.is_valid(), form.errors
    assert form.written()["wording"] == {
        "titles": {"fr": {"hammer": "marteau"}, "de": {"hammer": "Hammer", "hen": "Henne"}}
    }
    form = filled(source, titles="")
    assert form.is_valid()
    assert form.written()["wording"] == {"titles": {"fr": {"hammer": "marteau"}}}
    form = filled(source, titles="hammer Hammer")
    assert "“hammer Hammer”: write a class" in form.errors["titles"][0]


def test_titles_belong_to_the_language_that_the_page_was_in():
    form = filled(changed(language="de", wording__titles=TITLES), language="fr")
    assert form.is_valid()
    assert form.written()["wording"] == {"titles": TITLES}


@pytest.mark.django_db
def test_titles_of_a_paused_study_can_change_and_the_others_stay():
    study = make_study("birds", items=2, **in_german())
    form = RevisionForm(study)
    typed = {name: form[name].value() for name in form.fields} | {"why": "A slip.", "completion_url": ""}
    form = RevisionForm(study, typed | {"titles": "hammer = Hammer"})
    assert form.is_valid(), form.errors
    assert form.source()["wording"]["titles"] == TITLES | {"de": {"hammer": "Hammer"}}


@pytest.mark.django_db
def test_titles_are_sealed():
    study = open_study(study=make_study("birds", items=2, **in_german()), alike_seen=True)
    sealed = study.versions.defer(None).get().sealed
    assert json.loads(sealed)["study"]["wording"]["titles"] == TITLES
