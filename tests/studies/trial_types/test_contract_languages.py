"""Every trial type that is registered speaks every language: its default words, and the pages that its volunteers get."""

import re

import pytest

from studies.core import languages
from studies.models import Study
from studies.protocol.schema import check_protocol
from studies.protocol.wording import default_wording, fill_in, unknown_places
from studies.trial_types import ASKS, OPTIONS
from tests import by_sql
from tests.factories import make_participant
from tests.studies.conftest import Visitor
from tests.studies.trial_types.contract import asked as asked
from tests.studies.trial_types.contract import buttons_of, main_of, opened, protocol_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", languages.codes())
def test_its_words_are_there_in_every_language(asked, language):
    english, words = (default_wording(asked.name, "overlay", code) for code in ("en", language))
    assert {"question", "instructions", "consent", "thanks", *asked.asked.own_wording} == set(words)
    for key, text in words.items():
        assert text
        assert language == "en" or text != english[key]
        for line in [text] if isinstance(text, str) else text:
            assert not unknown_places(key, line, asked.name)
    wording = dict(check_protocol(protocol_of(asked, 2, language=language)).wording)
    questions = {question["key"]: question["text"] for question in wording.pop(ASKS, [])}
    assert wording.pop(OPTIONS, {}) == ({} if asked.asked.options_when_said else asked.asked.options(None))
    in_english = check_protocol(protocol_of(asked, 2)).wording.get(ASKS, [])
    for question in in_english:
        assert language == "en" or questions[question["key"]] != question["text"]
    assert wording == words


def words_in(visitor) -> set[str]:
    """All texts of a page that somebody reads or hears, of two words or more."""
    main = main_of(visitor)
    texts = {" ".join(text.split()) for text in main.find_all(string=True)}
    for name in ("alt", "aria-label", "title", "placeholder"):
        texts |= {part[name] for part in main.select(f"[{name}]")}
    return {text for text in texts if re.search(r"\w{2} \w", text)}


def pages_of(study, number, client, asked):
    """What somebody reads from the keys to the first trial: page -> (its texts, whole text, language, direction)."""
    make_participant(study, number)
    visitor, home = Visitor(client), f"/p/token-{number}-of-{study.slug}/"
    pages = {}

    def note(name):
        html = visitor.soup.html
        pages[name] = words_in(visitor), visitor.text, html["lang"], html["dir"]

    visitor.get(f"{home}instructions/")
    note("instructions")
    visitor.press()
    note("example")
    value = buttons_of(asked)[0]
    visitor.press(value=value)
    note("what was right")
    by_sql.change(Study.objects.filter(pk=study.pk), practice=False)
    visitor.get(home)
    note("trial")
    by_sql.change(Study.objects.filter(pk=study.pk), practice=True)
    return pages


def test_its_pages_speak_every_language_and_keep_no_english(client, asked):
    study, _ = opened(asked, items=2, responses_per_item=20, practice=True)
    rows = Study.objects.filter(pk=study.pk)
    english = pages_of(study, 1, client, asked)
    assert all(texts for texts, *_ in english.values())
    for number, language in enumerate(languages.codes()[1:], start=2):
        wording = check_protocol(protocol_of(asked, 2, language=language)).wording
        by_sql.change(rows, language=language, wording=wording)
        for name, (texts, text, lang, way) in pages_of(study, number, client, asked).items():
            assert (lang, way) == (language, languages.direction(language))
            assert texts & english[name][0] == set(), f"{name}, {language}: is still English"
            if name == "trial":
                named = (
                    "dam" if asked.asked.network_speaks and "dam" in text else "hammer"
                )  # as the network is right, or not
                assert fill_in(wording["question"], **{"class": named}) in text
