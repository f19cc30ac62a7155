"""Volunteers read a study in its language: every text is translated, and nothing else about the study changes."""

import gettext
import io
import json
import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from bs4 import BeautifulSoup
from django.conf import settings
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils.translation import to_language

from config import errors
from studies.lifecycle import fingerprint
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.revisions import RevisionError, revise
from studies.models import Response, Study
from studies.models.immutability import FrozenStudyError
from studies.protocol.schema import check_protocol
from studies.protocol.wording import default_wording
from studies.setup.forms.wording_and_design import WordingForm
from tests import by_sql
from tests.factories import CONSENT, make_study
from tests.studies.conftest import Visitor
from tests.studies.protocol.test_read_protocol import changed, faults
from translations import update

ROOT = Path(settings.BASE_DIR)
CATALOGUES = {to_language(path.parts[-3]): path for path in update.catalogues()}
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|</?\w+>")


def test_every_language_but_english_has_a_catalogue():
    assert {"en", *CATALOGUES} == {code for code, _ in settings.LANGUAGES}


@pytest.fixture(scope="module")
def texts():
    return {(message.context, message.id) for message in update.extracted() if message.id}


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_text_is_translated_with_its_places(language, texts):
    catalogue = update.read(CATALOGUES[language])
    assert update.missing(catalogue) == []
    assert {(message.context, message.id) for message in catalogue if message.id} == texts
    for message in catalogue:
        if message.pluralizable:
            assert len(message.string) == catalogue.num_plurals
            for text in message.string:
                assert set(PLACES.findall(text)) <= set(PLACES.findall(message.id[1]))
            assert sorted(PLACES.findall(message.string[-1])) == sorted(PLACES.findall(message.id[1]))
        elif message.id:
            assert sorted(PLACES.findall(message.string)) == sorted(PLACES.findall(message.id))


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_is_compiled_is_what_is_written(language):
    with CATALOGUES[language].with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    again = io.BytesIO()
    write_mo(again, update.read(CATALOGUES[language]))
    again.seek(0)
    assert compiled._catalog == gettext.GNUTranslations(again)._catalog


def unmarked(source):
    """What a page would show that no catalogue knows of. The stripes of a preview are staff's."""
    source = re.sub(r"{% if dry_run %}.*?{% endif %}</aside>|<aside.*?</aside>", "", source, flags=re.S)
    source = re.sub(r"{% block \w+_class %}.*?{% endblock %}", "", source)
    source = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", source, flags=re.S)
    spoken = re.findall(r"(?:default|default_if_none|pluralize|yesno):\"([^\"]*)\"", source)
    soup = BeautifulSoup(re.sub(r"{%.*?%}|{{.*?}}", "", source), "html.parser")
    for tag in soup(["kbd", "style", "script"]):
        tag.decompose()
    spoken += [
        tag[name]
        for name in ("alt", "aria-label", "title", "placeholder")
        for tag in soup.select(f"[{name}]")
    ]
    return [text.strip() for text in [*spoken, soup.get_text("\n")] if re.search(r"[A-Za-z]{2,}", text)]


def test_no_page_has_a_text_that_is_not_marked():
    names = {"Blindsight", "block", "texts"}  # the site, and two blocks of JSON
    for path in update.sources():
        if path.suffix == ".html" and path.name != "base.html":
            assert set(unmarked(path.read_text("utf-8"))) <= names, path.name
    assert unmarked('<p>{% translate "a" %} left</p>') == ["left"]
    assert unmarked('<img alt="A map"><p>{{ name|default:"nobody" }}</p>') == ["nobody", "A map"]


def test_no_script_of_a_volunteer_has_a_text_of_its_own():
    for name in ("trial", "queue", "pictures", "view", "watch", "mturk"):
        assert not re.search(
            r"(say\(|textContent = )[\"'`]\w", (ROOT / f"static/js/{name}.js").read_text("utf-8")
        ), name


LATIN = re.compile(r"[A-Za-z]{2,}")


# Languages in which a word that was forgotten shows by its letters, with what the page says where the tick is missing.
OTHER_LETTERS = [("ar", "rtl", "يُرجى وضع علامة"), ("hi", "ltr", "सही का निशान लगाएँ")]
# Keys, the class as the researcher named it, and us: the same in every language.
AS_THEY_ARE = {"Enter", "Backspace", "hammer", "Blindsight"}
QUESTIONS = [
    {"key": "age", "text": "?", "kind": "number", "required": True},
    {"key": "sight", "text": "?", "kind": "choice", "options": ["1", "2"], "required": False},
    {"key": "words", "text": "?", "kind": "text", "required": False},
]


@pytest.mark.django_db
@pytest.mark.parametrize("task", ["choice", "rating"])
@pytest.mark.parametrize(("language", "direction", "tick"), OTHER_LETTERS)
def test_a_session_in_a_language_is_in_it_throughout(visitor, invite, task, language, direction, tick):
    own = {
        "title": "1",
        "protocol": {"consent": dict.fromkeys(CONSENT, "1")},
    }  # as the researcher writes them
    wanted = {"language": language, "questions": QUESTIONS, **own}
    study, join = invite(task=task, items=2, practice=True, break_every=1, **wanted)

    def is_in_it():
        html = visitor.soup.html
        assert (html["lang"], html["dir"]) == (language, direction)
        assert set(LATIN.findall(spoken_on(visitor))) <= AS_THEY_ARE

    visitor.get(join)
    is_in_it()
    assert tick in visitor.client.post(join, {}).content.decode()  # without the tick
    visitor.get(join).press()
    is_in_it()
    answer_questions(visitor, is_in_it)
    visitor.press()
    practise(visitor, is_in_it)
    texts = json.loads(visitor.soup.select_one("#texts").text)
    assert not LATIN.findall(re.sub(r"\{\w+\}", "", " ".join(texts.values())))
    is_in_it()
    answer_and_leave(visitor, is_in_it)
    assert study.language == language


def spoken_on(visitor) -> str:
    """What is read or read out on the page."""
    for tag in visitor.soup(["script", "code"]):
        tag.extract()
    named = (tag[name] for name in ("alt", "aria-label") for tag in visitor.soup.select(f"[{name}]"))
    return " ".join([visitor.text, *named])


def answer_questions(visitor, look):
    for wrong in ({"age": ""}, {"age": "x1"}, {"age": "-1", "sight": "3", "words": "—" * 501}):
        visitor.press(**wrong)
        assert len(visitor.soup.select(".errorlist")) == len(wrong)
        look()
    visitor.press(age="30", sight="1", words="")
    look()


def practise(visitor, look):
    """Whatever is pressed, it goes on after two tries each."""
    tries = 0
    while "practice" in visitor.path:
        look()
        visitor.press(value="0")
        look()
        visitor.press()
        tries += 1
    assert tries >= 2


def answer_and_leave(visitor, look):
    visitor.get(visitor.home + "trial/").answer(0)
    assert "break" in visitor.path
    look()
    visitor.press().get(visitor.home + "trial/").answer(0)
    assert visitor.path.endswith("/thanks/")
    look()
    visitor.get(visitor.home + "leave/")
    look()
    visitor.get(visitor.home + "leave/").press("main form")  # withdrawn
    look()


@pytest.mark.django_db
def test_maps_and_answers_stand_from_left_to_right_in_every_language(visitor, invite):
    _, join = invite(task="rating", items=1, language="ar")
    visitor.start(join)
    assert visitor.soup.select_one(".maps")["dir"] == "ltr"
    assert visitor.soup.select_one(".ratings")["dir"] == "ltr"
    assert [button["value"] for button in visitor.soup.select(".ratings button")] == [
        "-2",
        "-1",
        "0",
        "1",
        "2",
    ]
    assert {button["dir"] for button in visitor.soup.select(".ratings button")} == {"rtl"}
    first = json.loads(visitor.soup.select_one("#block").text)["trials"][0]
    assert [picture["src"] for picture in visitor.soup.select(".maps img")] == first["pictures"][1:]
    visitor.answer(-2)
    assert Response.objects.get().shown_value == -2


@pytest.mark.django_db
@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_every_language_has_its_defaults_and_its_page(visitor, invite, language):
    study, join = invite(items=2, language=language)
    visitor.get(join)
    assert visitor.soup.html["lang"] == language
    assert (visitor.soup.html["dir"] == "rtl") == (language == "ar")
    compiled = update.HERE / "none" if language == "en" else CATALOGUES[language].with_suffix(".mo")
    say = (lambda text: text) if language == "en" else gettext.GNUTranslations(compiled.open("rb")).gettext
    assert say("Take part") in visitor.text
    assert study.wording["same"] == say("I see no difference")
    visitor.press().press()
    question = say("Which map best matches the {class}?").replace("{class}", "hammer")
    assert visitor.soup.h1.text == question


@pytest.mark.django_db
def test_staff_and_the_next_request_read_english(visitor, invite):
    _, join = invite(items=1, language="ar")
    visitor.get(join)
    page = visitor.client.get(reverse("login"), HTTP_ACCEPT_LANGUAGE="ar").content.decode()
    assert "Log in" in page
    assert 'dir="ltr"' in page


@pytest.mark.django_db
def test_where_no_study_is_known_the_browser_says_which_language(client):
    for path in ("/join/nothing/", "/p/nothing/"):
        page = client.get(path, HTTP_ACCEPT_LANGUAGE="xx, pt;q=0.9, en;q=0.5").content.decode()
        assert 'lang="pt-br"' in page
        assert "Este link não funciona" in page
    page = client.get("/nowhere/", HTTP_ACCEPT_LANGUAGE="zh-CN")
    assert page.status_code == 404
    assert "没有这个页面" in page.content.decode()
    assert "Accept-Language" in page["Vary"]
    assert "There is no such page" in client.get("/nowhere/").content.decode()


@pytest.mark.django_db
def test_error_pages_are_in_the_language_of_the_study(visitor, invite, rf, monkeypatch):
    _, join = invite(items=1, language="de")
    visitor.start(join)

    def lost(*_):
        raise Http404

    with monkeypatch.context() as patch:
        patch.setattr("studies.participation.trial_views.trial_context", lost)
        page = visitor.client.get(visitor.home + "trial/", HTTP_ACCEPT_LANGUAGE="fr").content.decode()
    assert "Diese Seite gibt es nicht" in page
    strict = Client(enforce_csrf_checks=True)
    refused = strict.post(join, {"consent": "on"}, HTTP_ACCEPT_LANGUAGE="fr")
    assert refused.status_code == 403
    assert "L’envoi n’a pas pu être accepté" in refused.content.decode()
    asked = rf.get("/", HTTP_ACCEPT_LANGUAGE="es")
    assert "El fallo es nuestro" in errors.server_error(asked).content.decode()
    assert "No tiene acceso" in errors.permission_denied(asked, Exception()).content.decode()
    assert "no pudo leer" in errors.bad_request(asked, Exception()).content.decode()


@pytest.mark.django_db
def test_a_preview_speaks_the_language_and_its_stripes_english(client, admin_user):
    make_study("birds", items=2, language="de", practice=True)
    client.force_login(admin_user)
    staff = Visitor(client).get(reverse("setup-preview", args=["birds"]))
    assert staff.soup.html["lang"] == "de"
    assert staff.soup.select_one("aside")["lang"] == "en"
    assert "Teilnehmen" in staff.text
    staff.press().press()
    assert "Welche Karte passt am besten zu „Tasse“?" in staff.text
    staff.get(staff.path.replace("practice", "trial"))
    assert json.loads(staff.soup.select_one("#texts").text)["saved"] == "Gespeichert"


def test_an_unknown_language_is_named_with_those_there_are():
    known = "'en' or 'de' or 'fr' or 'es' or 'hi' or 'pt-br' or 'zh-hans' or 'ar'"
    assert faults(changed(language="it")) == [f"language: is 'it'; it must be {known}."]
    assert faults(changed(language=["de"])) == [f"language: is ['de']; it must be {known}."]
    wrong = faults(changed(language="it", wording__same="Gleich"))
    assert len(wrong) == 1


def test_what_a_researcher_wrote_stays_and_the_rest_is_in_the_language():
    protocol = check_protocol(changed(language="de", title="A study", wording__same="All alike"))
    assert (protocol.title, protocol.wording["same"]) == ("A study", "All alike")
    assert protocol.wording["question"] == "Welche Karte passt am besten zu „{class}“?"
    assert "rote und gelbe Stellen" in protocol.wording["instructions"]
    assert "{picture}" not in protocol.wording["instructions"]
    assert check_protocol(protocol.complete).wording == protocol.wording


@pytest.mark.django_db
def test_the_language_is_frozen_and_hashed(invite):
    study, _ = invite(items=1, language="de")
    assert is_intact(study)
    study.language = "fr"
    with pytest.raises(FrozenStudyError):
        study.save()
    by_sql.change(Study.objects.filter(pk=study.pk), language="fr")
    assert not is_intact(Study.objects.get())


@pytest.mark.django_db
def test_english_studies_keep_the_hash_that_they_had_before_there_were_languages(invite, monkeypatch):
    study, _ = invite(items=1)
    study.protocol = changed()
    hashed = []
    real = json.dumps
    monkeypatch.setattr(
        fingerprint.json, "dumps", lambda asked, **how: hashed.append(asked) or real(asked, **how)
    )
    fingerprint.fingerprint(study, {})
    assert "language" not in hashed[0]["study"]
    assert "language" not in hashed[0]["protocol"]
    study.language, study.protocol = "de", changed(language="de")
    fingerprint.fingerprint(study, {})
    assert hashed[1]["study"]["language"] == hashed[1]["protocol"]["language"] == "de"


@pytest.mark.django_db
def test_an_opened_study_takes_other_words_and_no_other_language(invite):
    study, _ = invite(items=1)
    by_sql.change(Study.objects.filter(pk=study.pk), protocol=changed(slug=study.slug), state="paused")
    study.refresh_from_db()
    with pytest.raises(RevisionError, match="language: cannot change once"):
        revise(study=study, source=changed(slug=study.slug, language="de"), why="a try")


def test_a_set_up_that_changes_its_language_keeps_only_what_was_typed():
    source = changed(language="de", wording__thanks="Danke!")
    form = WordingForm(source=source)
    assert form.fields["question"].widget.attrs["dir"] == "ltr"
    assert WordingForm(source=changed(language="ar")).fields["question"].widget.attrs["dir"] == "rtl"
    typed = {name: form.initial[name] for name in form.fields if form.initial.get(name) is not None}
    form = WordingForm({**typed, "language": "ar"}, source=source)
    assert form.is_valid()
    written = form.written()
    assert written["language"] == "ar"
    assert written["wording"] == {"thanks": "Danke!"}
    wording = check_protocol(written).wording
    assert wording["question"] == default_wording("choice", "overlay", "ar")["question"]
