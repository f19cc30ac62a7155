"""People are told who answers for a study before they agree; a study that does not say it is opened for nobody but simulated ones."""

import json
from io import StringIO

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.urls import reverse

from studies.core import languages
from studies.lifecycle.fingerprint import is_intact, settings_in_the_hash
from studies.lifecycle.opening import OpeningError, open_study
from studies.lifecycle.seal import broken_seal
from studies.models import Invitation, Participant, Study, hash_token
from studies.participation.texts import Consent, photos_are_free
from studies.protocol import HEADINGS, ProtocolError, check_protocol, default_wording
from studies.trial_types import trial_types
from tests.factories import CONSENT, make_participant, make_study
from tests.studies.protocol.test_read_protocol import CHOICE
from tests.studies.setting_up import begin, browser, save  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db
SAID = {**CONSENT, **{key: f"what is said of {key}" for key in HEADINGS if key not in CONSENT}}
NEEDED = ("responsible", "institution", "contact")


def ready(consent, **fields):
    return make_study(items=2, protocol={"consent": consent}, **fields)


def run(*words, **options):
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def read(page):
    return BeautifulSoup(page.content, "html.parser").get_text(" ", strip=True)


@pytest.mark.parametrize("lacking", NEEDED)
def test_without_any_of_the_three_it_is_not_opened_and_one_sentence_says_what_and_where(lacking):
    study = ready({key: text for key, text in CONSENT.items() if key != lacking})
    with pytest.raises(OpeningError) as error:
        open_study(study=study)
    (line,) = error.value.lines
    assert f"consent.{lacking} is empty" in line
    assert "step “Wording”" in line
    assert "--simulated-only" in line
    assert not [f"consent.{key}" for key in NEEDED if key != lacking and f"consent.{key}" in line]
    study.refresh_from_db()
    assert study.state == "ready"


def test_blank_is_not_said():
    with pytest.raises(OpeningError, match=r"consent\.contact is empty"):
        open_study(study=ready({**CONSENT, "contact": "  "}))


def test_on_the_command_line_it_is_refused_in_words_and_opened_for_simulated_volunteers_alone():
    ready({})
    with pytest.raises(
        CommandError, match=r"consent\.responsible, consent\.institution, consent\.contact are empty"
    ):
        run("open_study", "demo")
    told = run("open_study", "demo", simulated_only=True)
    assert "nobody but simulated volunteers" in told
    assert Study.objects.get().simulated_only
    assert Invitation.objects.get().simulated


def test_such_a_study_lets_nobody_in_and_says_why_and_simulated_volunteers_are(client):
    study = open_study(study=ready({}), simulated_only=True)
    person, machine = (
        reverse("join", args=[Invitation.issue(study, simulated=mark)[1]]) for mark in (False, True)
    )
    for reply in (client.get(person), client.post(person, {"consent": "on"})):
        assert "Nobody can take part in this study" in read(reply)
    assert not Participant.objects.exists()
    client.post(machine, {"consent": "on"})
    assert Participant.objects.get().simulated


def test_that_it_is_for_simulated_volunteers_alone_is_sealed_and_changes_no_other_hash():
    study = open_study(study=ready({}), simulated_only=True)
    assert settings_in_the_hash(study)["simulated_only"] is True
    assert "simulated_only" not in settings_in_the_hash(
        open_study(study=make_study("other", networks=("other",)))
    )
    Study.objects.filter(pk=study.pk).change_what_is_frozen(simulated_only=False)
    assert not is_intact(Study.objects.get(pk=study.pk))
    with pytest.raises(Exception, match="can no longer change"):
        Study.objects.filter(pk=study.pk).update(simulated_only=False)


def test_what_a_study_says_of_itself_is_sealed():
    study = open_study(study=ready(CONSENT))
    assert broken_seal(study) is None
    Study.objects.filter(pk=study.pk).change_what_is_frozen(
        protocol={"consent": {**CONSENT, "contact": "x@y.z"}}
    )
    broken = broken_seal(Study.objects.get(pk=study.pk))
    assert ("consent.contact", "test@example.org", "x@y.z") in {
        (change.key, change.before, change.now) for change in broken.changes
    }


def test_people_read_all_of_it_below_the_text_and_agree_to_both(client):
    study = open_study(study=ready(SAID))
    address = reverse("join", args=[Invitation.issue(study)[1]])
    page = BeautifulSoup(client.get(address).content, "html.parser")
    told = dict(
        zip(
            *(
                [cell.get_text(strip=True) for cell in page.select(f".v-particulars {tag}")]
                for tag in ("dt", "dd")
            ),
            strict=True,
        )
    )
    assert list(told.values()) == [SAID[key] for key in HEADINGS]
    assert list(told)[:3] == ["Responsible for this study", "Institution", "Contact"]
    client.post(address, {"consent": "on"})
    person, consent = Participant.objects.get(), Consent.of(study, 2)
    assert person.consent_sha256 == consent.sha256
    lines = "\n\n".join([consent.text, *(f"{heading}: {text}" for heading, text in told.items())])
    assert person.consent_sha256 == hash_token(lines)


def test_what_is_not_said_has_no_heading(client):
    study = open_study(study=ready(CONSENT))
    page = read(client.get(reverse("join", args=[Invitation.issue(study)[1]])))
    assert "Contact" in page
    assert not [heading for key, heading in HEADINGS.items() if key not in CONSENT and heading in page]


def test_what_is_said_is_shown_as_text_and_never_as_tags(client):
    study = open_study(study=ready({**CONSENT, "contact": "<script>alert(1)</script>"}))
    page = client.get(reverse("join", args=[Invitation.issue(study)[1]])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("consent", "fault"),
    [
        ({"responsibel": "A"}, "consent.responsibel: is unknown; known keys are contact, ethics, "),
        ({"contact": 7}, "consent.contact: is 7; it must be a text"),
        ({"rights": "x" * 1001}, "consent.rights: has 1001 characters; it must have 1 to 1000"),
        ("Ada", "consent: is 'Ada'; it must be a table [consent]"),
    ],
)
def test_a_fault_of_the_table_is_named(consent, fault):
    with pytest.raises(ProtocolError) as error:
        check_protocol({**CHOICE, "consent": consent})
    assert fault in "\n".join(error.value.lines)


def test_the_table_may_be_left_out_and_then_nothing_of_it_is_in_the_protocol():
    assert "consent" not in check_protocol(CHOICE).complete
    assert check_protocol({**CHOICE, "consent": SAID}).complete["consent"] == SAID


# What is stored of somebody (docs/privacy.md), by a word of the English text that says so.
NAMED = {
    "times": "when you agree, begin, pause and finish", "answers": "each answer, when it came and how long it took",
    "undone": "answers that you take back", "practice": "practice examples", "questions": "about yourself",
    "refused": "your browser sends", "first choice": "what you picked first and when", "changes": "how often you changed it",
    "hidden": "out of sight", "photo": "the photo beneath the maps", "opacity": "how strong the maps were",
    "window": "the size of your window", "pixels": "how fine your screen is", "site": "a recruitment site",
    "ids": "the ids that it has for you", "code": "completion code", "cookie": "a cookie", "queue": "could not be sent yet",
    "free text": "write nothing that tells who you are", "no": "If you do not agree, close this page",
    "stop": "what you answered before you stopped counts", "withdraw": "nothing that is left in the study leads to you",
    "published": "cannot be called back", "backups": "copies made for safety",
}  # fmt: skip


@pytest.mark.parametrize("task", [entry.name for entry in trial_types()])
def test_the_usual_text_names_all_that_is_stored_and_promises_nothing_that_is_not_so(task):
    text = default_wording(task, "overlay")["consent"]
    assert not {name: words for name, words in NAMED.items() if words not in text}
    assert "nobody can tell" not in text


@pytest.mark.parametrize("language", [code for code in languages.codes() if code != "en"])
def test_it_says_as_much_in_every_language(language):
    """Paragraph by paragraph, and sentence by sentence: nothing was left out in a translation."""
    english, text = (str(default_wording("choice", "overlay", code)["consent"]) for code in ("en", language))
    assert len(text.split("\n\n")) == len(english.split("\n\n")) == 5
    stored = text.split("\n\n")[2]
    assert sum(stored.count(mark) for mark in ";；؛") == english.split("\n\n")[2].count(";") == 5
    for said in ("ookie", "Cookie", "कुकी", "ملف تعريف ارتباط"):
        if said in stored:
            break
    else:
        pytest.fail(f"{language}: no cookie is named")


FREE = ["CC-BY-3.0", "CC BY-SA 4.0", "CC0", "public-domain", "Public domain"]


@pytest.mark.parametrize(
    ("licences", "free"),
    [(FREE, True), ([*FREE, ""], False), (["all rights reserved"], False), (["my own"], False)],
)
def test_free_collections_are_named_only_where_every_photo_came_with_a_free_licence(client, licences, free):
    study = open_study(study=make_study(items=len(licences)))
    for item, licence in zip(study.items.select_related("image"), licences, strict=True):
        type(item.image).objects.filter(pk=item.image_id).update(licence=licence)
    assert photos_are_free(study) == free
    page = read(client.get(reverse("join", args=[Invitation.issue(study)[1]])))
    assert ("free collections" in page) == free


def test_the_set_up_has_a_field_for_each_and_keeps_what_was_typed(browser):  # noqa: F811
    study = begin(browser)
    fields = {f"consent_{key}": text for key, text in SAID.items()}
    texts = {"title": "Which birds?", "language": "en", "picture": "overlay"}
    save(browser, study, "wording", **texts, **fields)
    study.refresh_from_db()
    assert study.protocol["consent"] == SAID
    page = BeautifulSoup(
        browser.get(reverse("setup-step", args=[study.slug, "wording"])).content, "html.parser"
    )
    for key, text in SAID.items():
        field = page.select_one(f"#id_consent_{key}")
        assert field["value"] == text
        assert page.select_one(f"label[for=id_consent_{key}]")
        assert field.get("aria-describedby")
    save(browser, study, "wording", **texts)
    study.refresh_from_db()
    assert "consent" not in study.protocol


def test_the_last_step_says_what_lacks_and_leads_to_where_it_is_filled_in(browser):  # noqa: F811
    study = begin(browser)
    page = BeautifulSoup(browser.get(reverse("setup-check", args=[study.slug])).content, "html.parser")
    note = page.find("div", string=None, class_="warn")
    assert "consent.responsible, consent.institution, consent.contact are empty" in note.get_text(
        " ", strip=True
    )
    assert note.find("a")["href"] == reverse("setup-step", args=[study.slug, "wording"])
    save(
        browser,
        study,
        "wording",
        title="Birds",
        language="en",
        picture="overlay",
        **{f"consent_{key}": text for key, text in CONSENT.items()},
    )
    assert "consent." not in read(browser.get(reverse("setup-check", args=[study.slug])))


def test_a_study_of_before_goes_on_under_its_seal_without_the_table(client):
    """It was opened when nothing of it was asked; its people are shown the text that they were always shown."""
    study = open_study(study=ready(CONSENT))
    Study.objects.filter(pk=study.pk).change_what_is_frozen(protocol={})
    study = Study.objects.get(pk=study.pk)
    person = make_participant(study)
    assert client.get(reverse("join", args=[Invitation.issue(study)[1]])).status_code == 200
    assert (
        client.get(reverse("participant", args=[f"token-{person.number}-of-demo"]), follow=True).status_code
        == 200
    )
    assert Consent.of(study, 2).sha256 == hash_token(Consent.of(study, 2).text)


def test_the_protocols_that_ship_say_it_and_say_that_it_is_an_example(settings):
    from studies.protocol import read_protocol

    paths = sorted((settings.BASE_DIR / "docs/protocols").glob("*.toml"))
    assert len(paths) >= 5
    for path in paths:
        consent = read_protocol(path).complete["consent"]
        assert set(NEEDED) <= set(consent)
        assert all(text.startswith("Example: ") for text in consent.values()), json.dumps(consent)
