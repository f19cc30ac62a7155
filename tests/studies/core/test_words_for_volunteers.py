"""Every message that a volunteer can read, in every language, with its places filled in; and the rules that its words keep."""

import gettext
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.utils.translation import get_language_info, ngettext, override, pgettext, to_language
from django.utils.translation import gettext as translated

from studies.core import languages
from studies.protocol import default_wording
from studies.trial_types import trial_types
from studies.trial_types.single.presets import PRESETS
from translations import update

CATALOGUES = {to_language(path.parts[-3]): path for path in update.catalogues()}
COUNTS = (0, 1, 2, 3, 5, 11, 21, 100, 101)
PERCENT = re.compile(r"%\((\w+)\)s")
SAMPLE = "⟦{}⟧"


@pytest.fixture(scope="module")
def messages():
    """Every message as it is marked in code and templates: (context, singular, plural or None)."""
    extracted = [message for message in update.extracted() if message.id]
    return [
        (message.context, *(message.id if isinstance(message.id, tuple) else (message.id, None)))
        for message in extracted
    ]


def in_words(context, text):
    return pgettext(context, text) if context else translated(text)


def places(text):
    """The names of what is filled in, whichever way this text is filled in; a lone brace or percent sign raises."""
    if PERCENT.search(text):
        return sorted(PERCENT.findall(text))
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def filled(text):
    """The text with a sample in each of its places; as the page or the code does it."""
    if PERCENT.search(text):
        return text % {name: SAMPLE.format(name) for name in places(text)}
    return Formatter().vformat(text, (), {name: SAMPLE.format(name) for name in places(text)})


def is_whole(text):
    return not re.search(r"%\(|%s|[{}]", text) and text.strip() == text and "  " not in text


@pytest.mark.parametrize("language", languages.codes())
def test_every_message_is_rendered_with_its_places(language, messages):
    assert len(messages) > 100
    with override(language):
        for context, singular, plural in messages:
            if plural is None:
                text = in_words(context, singular)
                assert places(text) == places(singular), text
                shown = filled(text)
                assert is_whole(shown), shown
                assert all(SAMPLE.format(name) in shown for name in places(singular))


@pytest.mark.parametrize("language", languages.codes())
def test_every_plural_is_rendered_for_every_kind_of_number(language, messages):
    """Arabic has six forms; one for 2 may leave its number to the word, no other may lose it."""
    with override(language):
        for _, singular, plural in messages:
            if plural is None:
                continue
            for count in COUNTS:
                text = ngettext(singular, plural, count)
                assert set(places(text)) <= set(places(plural))
                shown = text % dict.fromkeys(places(text), count)
                assert is_whole(shown), shown
                if count > 2:
                    assert str(count) in shown, (count, shown)


def test_arabic_uses_the_form_that_its_grammar_asks_for():
    said = {
        0: "صورة",
        1: "صورة",
        2: "صورتان",
        3: "صور",
        10: "صور",
        11: "صورة",
        99: "صورة",
        100: "صورة",
        101: "صورة",
    }
    with override("ar"):
        for count, noun in said.items():
            text = ngettext("<b>%(trials)s</b> photo", "<b>%(trials)s</b> photos", count) % {"trials": count}
            assert noun in re.sub(r"</?b>|\d+", "", text).split(), (count, text)


# One word for one thing: in each language the answer for “no difference”, and how the instructions say the same.
SAME = {
    "en": ("I see no difference", "you see no difference"),
    "de": ("Ich sehe keinen Unterschied", "keinen Unterschied sehen"),
    "fr": ("Je ne vois pas de différence", "vous ne voyez pas de différence"),
    "es": ("No veo ninguna diferencia", "no ve ninguna diferencia"),
    "hi": ("मुझे कोई अंतर नहीं दिखता", "कोई अंतर न दिखे"),
    "pt-br": ("Não vejo diferença", "você não vir diferença"),
    "zh-hans": ("看不出差别", "看不出这些图之间的差别"),
    "ar": ("لا أرى فرقًا", "لم ترَ فرقًا"),
}
NO_DIFFERENCE = {
    "en": "difference", "de": "unterschied", "fr": "différence", "es": "diferencia", "hi": "अंतर",
    "pt-br": "diferença", "zh-hans": "差别", "ar": "فرق",
}  # fmt: skip
# What earlier texts said of maps that look alike, of trust, and of what a map is: each has another meaning or threshold.
NEVER = {
    "en": ("look the same", "look alike", "trust", "relied on", "the object"),
    "de": ("gleich aus", "vertrau", "gestützt", "Gegenstand"),
    "fr": ("identique", "semblable", "se fier", "s’est le plus appuyé", "l’objet"),
    "es": ("iguales", "confiar", "se basó", "objeto"),
    "hi": ("एक जैसे", "भरोसा", "नक्श"),
    "pt-br": ("iguais", "confiar", "se baseou", "objeto", "Se nenhum é"),
    "zh-hans": ("一样", "最依据", "关注图", "信任", "物体"),
    "ar": ("متشابه", "متطابق", "يثقوا", "اعتمد عليه", "مدعو إلى"),
}
# Statements of a questionnaire are its authors’, and stay as they are.
OF_OTHERS = {question.text for preset in PRESETS.values() for question in preset.questions}
MAP = {
    "en": "map", "de": "karte", "fr": "carte", "es": "mapa", "hi": "मैप", "pt-br": "mapa", "zh-hans": "图", "ar": "خريط|خرائط",
}  # fmt: skip


@pytest.mark.parametrize("language", languages.codes())
def test_no_difference_has_one_threshold_in_every_language(language):
    same, asked = SAME[language]
    words = {entry.name: default_wording(entry.name, "overlay", language) for entry in trial_types()}
    assert words["choice"]["same"] == same
    assert asked in words["choice"]["instructions"]
    assert NO_DIFFERENCE[language] in words["rating"]["instructions"].lower()
    assert NO_DIFFERENCE[language] in words["rating"]["labels"][2].lower()


@pytest.mark.parametrize("language", languages.codes())
def test_no_message_says_what_has_another_meaning(language, messages):
    with override(language):
        for context, singular, plural in messages:
            if singular in OF_OTHERS:
                continue
            for text in forms_of(context, singular, plural):
                assert not [word for word in NEVER[language] if word in text], text


@pytest.mark.parametrize("language", languages.codes())
def test_a_map_is_called_by_one_word(language, messages):
    with override(language):
        for context, singular, plural in messages:
            if re.search(r"\b[Mm]aps?\b", singular):
                for text in forms_of(context, singular, plural):
                    assert re.search(MAP[language], text.lower()), text


@pytest.mark.parametrize("language", CATALOGUES)
def test_signs_are_those_of_the_language(language, messages):
    """Spaces that cannot break before French signs, no space before an ellipsis but in German, quotes of the language."""
    with override(language):
        for context, singular, plural in messages:
            for text in forms_of(context, singular, plural):
                assert not WRONG_SIGNS[language].search(text), text


def forms_of(context, singular, plural):
    """A message in the language that is set; one with a plural in all its forms."""
    if plural is None:
        return [in_words(context, singular)]
    return [ngettext(singular, plural, count) for count in COUNTS]


_OTHER = r"\.\.\.|\"|(?<=\w)'"
WRONG_SIGNS = {
    "de": re.compile(rf"{_OTHER}|«|»|“(?=\w)|\w…"),
    "fr": re.compile(rf"{_OTHER}|“|”| [;:?!»]|« |\s…|[^\s\u00a0\u202f][;?!»]|[^\s\u00a0]:|\d \d"),
    "es": re.compile(rf"{_OTHER}|“|”|\s…|\d \d|^[^¿]*\?"),
    "hi": re.compile(rf"{_OTHER}|\s…|[\u0900-\u097f]\.|1,000,000"),
    "pt-br": re.compile(rf"{_OTHER}|«|»|\s…"),
    "zh-hans": re.compile(rf"{_OTHER}|[\u4e00-\u9fff][,;:?!.]|[\u4e00-\u9fff]…(?!…)(?<!……)"),
    "ar": re.compile(rf"{_OTHER}|“|”|\s…|[\u0600-\u06ff][,;?]"),
}


def test_errors_of_a_form_ask_politely_in_french():
    """English says “Please” in each."""
    with override("fr"):
        for text in ("Please answer this question.", "Please choose one of the answers.", "Please choose"):
            assert translated(text).startswith("Veuillez ")


def test_every_language_has_rules():
    for rules in (SAME, NO_DIFFERENCE, NEVER, MAP):
        assert set(rules) == set(languages.codes())
    assert set(WRONG_SIGNS) == set(CATALOGUES)
    assert get_language_info("ar")["bidi"]
    with CATALOGUES["ar"].with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).ngettext("<b>%(trials)s</b> photo", "", 2) == "<b>صورتان</b>"


def drawn_maps():
    folder = Path(settings.BASE_DIR) / "static/img"
    return sorted([*folder.glob("example-*.svg"), *folder.glob("practice-*-*-*.svg")])


def test_no_drawn_map_is_a_round_spot_in_the_middle():
    """That is what a control of a study shows (`method = "centre"`): nobody is to learn that it is what a good map looks like."""
    maps = [path for path in drawn_maps() if path.stem != "example-photo"]
    assert len(maps) == 3 + 2 * 2 * 3
    for path in maps:
        assert "radialGradient" not in path.read_text("utf-8")
        strongest = [
            element.get("d")
            for element in ET.parse(path).iter()
            if element.get("fill") == "#c42503"
            or ("clipPath" in path.read_text("utf-8") and element.tag.endswith("}path"))
        ]
        numbers = [int(number) for number in re.findall(r"\d+", strongest[0])]
        across, down = numbers[::2], numbers[1::2]
        middle = sum(across) / len(across), sum(down) / len(down)
        assert abs(complex(middle[0] - 120, middle[1] - 120)) > 15, path.name
