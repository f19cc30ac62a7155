"""Two steps of a set-up: what volunteers read, and how many answers are asked of how many people."""

from typing import Any

from django import forms
from django.conf import settings

from explain.models import MapPicture
from studies.core import languages
from studies.protocol import (
    CONSENT,
    HEADINGS,
    TITLES,
    TRIAL_QUESTIONS,
    Key,
    TitlesField,
    TrialQuestionsField,
    default_wording,
    put,
    titles_in,
    with_titles,
)
from studies.trial_types import (
    COMPARISON,
    TRIAL_PAGE,
    Comparison,
    page_said,
    trial_page_fields,
    trial_type_in,
)

from . import recruitment
from .base import Source, StepForm

SHUFFLED = "shuffle_questions"
CELLS = "cells"
PAGE = {key: f"{TRIAL_PAGE}_{key}" for key in trial_page_fields()}  # keys of [trial], with their fields


class WordingForm(StepForm):
    """What volunteers read. A text that is the default is not written into the protocol."""

    keys: dict[Key, str] = {
        ("wording",): "question",
        ("wording", TITLES): TITLES,
        ("title",): "title",
        ("language",): "language",
        ("slug",): "title",
        ("task",): "title",
        **{(CONSENT, key): f"consent_{key}" for key in HEADINGS},
        ("design", "picture"): "picture",
        ("design", CELLS): CELLS,
        ("design", "practice"): "practice",
        ("design", "break_every"): "break_every",
        (TRIAL_QUESTIONS,): TRIAL_QUESTIONS,
        ("design", SHUFFLED): SHUFFLED,
        **{(TRIAL_PAGE, key): name for key, name in PAGE.items()},
    }

    title = forms.CharField(required=False, label="Title", help_text="Volunteers read it on every page.")
    language = forms.ChoiceField(
        required=False,
        label="Language of volunteers’ pages",
        choices=settings.LANGUAGES,
        help_text="Texts below that you have not changed follow it when you save.",
    )
    picture = forms.ChoiceField(
        label="How maps are shown", choices=MapPicture.choices, widget=forms.RadioSelect
    )
    cells = forms.IntegerField(
        required=False,
        label="Cells a side, at most",
        help_text="Where some arms have finer maps than others, people can tell them by it. Finer maps are averaged to so many cells of "
        "what people see: the fewest of any arm, such as 7, show all alike. Leave empty to show each as it is.",
    )
    question = forms.CharField(
        required=False, label="Question", help_text="{class} becomes the name of what is in the photo."
    )
    instructions = forms.CharField(
        required=False,
        label="Instructions",
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text="{trials}, {minutes} and {title} are filled in. An empty line begins a new paragraph.",
    )
    consent = forms.CharField(
        required=False,
        label="Consent",
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text="What people agree to before they begin. {trials}, {minutes} and {title} are filled in.",
    )
    consent_responsible = forms.CharField(
        required=False,
        label="Responsible for the study",
        help_text="Somebody’s name. With the next two it is needed before the study can be opened; volunteers read all of "
        "these below the consent text.",
    )
    consent_institution = forms.CharField(
        required=False, label="Institution", help_text="At which the study is done, with its town."
    )
    consent_contact = forms.CharField(
        required=False,
        label="Contact",
        help_text="Whom to write to with questions, or to withdraw: an address that is read.",
    )
    consent_ethics = forms.CharField(
        required=False,
        label="Ethics approval",
        help_text="The board and the number. Leave empty if there is none.",
    )
    consent_payment = forms.CharField(
        required=False,
        label="What people get",
        help_text="How much they are paid and when. Leave empty if nothing.",
    )
    consent_retention = forms.CharField(
        required=False,
        label="How long it is kept",
        help_text="What is stored of people, and what is published.",
    )
    consent_rights = forms.CharField(
        required=False,
        label="Rights",
        help_text="To see, correct or erase what is stored, and whom to complain to.",
    )
    consent_withdraw_until = forms.CharField(
        required=False,
        label="Until when people can withdraw",
        help_text="For example until you publish; on their own pages they can withdraw as long as the site stands.",
    )
    thanks = forms.CharField(
        required=False,
        label="Thanks",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="On the last page, above the completion code. {trials} and {title} are filled in.",
    )
    practice = forms.BooleanField(
        required=False,
        label="Two drawn examples first",
        help_text="With feedback: it tells participants that the map on the object is the better one. They do not count.",
    )
    break_every = forms.IntegerField(
        required=False,
        label="Answers between breaks",
        help_text="Leave empty for no breaks. 25 to 50 is usual.",
    )

    def __init__(self, data=None, *, source: Source) -> None:
        super().__init__(data, source=source)
        asked = trial_type_in(source).asked
        self.options = asked.option_fields()
        self.keys = {(source["task"], name): name for name in self.options} | self.keys
        own = asked.fields() | self.options | _asking(source)
        page = {PAGE[key]: field for key, field in trial_page_fields().items()}
        for name, field in (own | page).items():
            field.widget.attrs.setdefault("id", f"id_{name}")
        language = source.get("language", languages.DEFAULT)
        known = language if language in languages.codes() else languages.DEFAULT
        self.fields = _with_own(self.fields, {**own, TITLES: TitlesField(known)}) | page
        self.fields[TITLES].widget.attrs.setdefault("id", f"id_{TITLES}")
        for place in trial_type_in(source).asked.button_names({}):
            self.fields["instructions"].help_text += f" {{{place}}} becomes the words of that answer."
        texts = _defaults(source)
        self.keys = {("wording", name): name for name in texts} | self.keys
        for name in {"title", *texts} & set(self.fields):
            self.fields[name].widget.attrs["dir"] = languages.direction(
                source.get("language", languages.DEFAULT)
            )

    def read(self, source: Source) -> dict[str, Any]:
        design = source.get("design", {})
        picture = design.get("picture", MapPicture.OVERLAY)
        texts = {**_defaults(source), **source.get("wording", {})}
        return {
            **{key: "\n".join(text) if isinstance(text, list) else text for key, text in texts.items()},
            **{f"consent_{key}": source.get(CONSENT, {}).get(key, "") for key in HEADINGS},
            "title": source.get("title", ""),
            "language": source.get("language", languages.DEFAULT),
            "picture": picture,
            CELLS: design.get(CELLS),
            "practice": design.get("practice", False),
            "break_every": design.get("break_every"),
            TITLES: titles_in(texts, source.get("language", languages.DEFAULT)),
            TRIAL_QUESTIONS: source.get(TRIAL_QUESTIONS, []),
            SHUFFLED: design.get(SHUFFLED, False),
            **trial_type_in(source).asked.options(None),
            **source.get(source["task"], {}),
            **{PAGE[key]: value for key, value in page_said(source).items() if key in PAGE},
        }

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        before, titles = _defaults(source), source.get("wording", {}).get(TITLES, {})
        of_titles = source.get(
            "language", languages.DEFAULT
        )  # as the page was, whatever language is chosen on it
        source["title"] = cleaned["title"]
        put(source, "language", cleaned["language"])
        design = source["design"] = dict(source.get("design", {}))
        put(design, "picture", cleaned["picture"])
        put(design, CELLS, cleaned[CELLS])
        put(design, "practice", cleaned["practice"])
        put(design, "break_every", cleaned["break_every"])
        if TRIAL_QUESTIONS in self.fields:
            put(source, TRIAL_QUESTIONS, cleaned[TRIAL_QUESTIONS])
            put(design, SHUFFLED, cleaned[SHUFFLED])
        usual = trial_type_in(source).asked.options(None)
        options = {name: cleaned[name] for name in self.options if cleaned[name] not in ("", usual[name])}
        of_arms = {
            key: names for key, names in source.get(source["task"], {}).items() if key not in self.options
        }
        put(source, source["task"], of_arms | options)
        said = page_said(source)
        for key, name in PAGE.items():
            put(said, key, cleaned[name])
        put(source, TRIAL_PAGE, said)
        said = dict(source.get(CONSENT, {}))
        for key in HEADINGS:
            put(said, key, cleaned[f"consent_{key}"])
        put(source, CONSENT, said)
        texts, may_be_empty = {}, trial_type_in(source).asked.may_be_empty
        for key, default in before.items():
            text: Any = cleaned[key].replace("\r\n", "\n")
            if isinstance(default, list):
                text = [line.strip() for line in text.split("\n") if line.strip()]
            if text != default and (text or key in may_be_empty):
                texts[key] = text
        put(source, "wording", with_titles({**texts, TITLES: titles}, of_titles, cleaned[TITLES]))


def _asking(source: Source) -> dict[str, forms.Field]:
    """The fields for what is asked of each map, where the trial type lets the protocol say so."""
    asks = trial_type_in(source).asked.asks
    if asks is None:
        return {}
    return {
        TRIAL_QUESTIONS: TrialQuestionsField(asks.presets, source.get(TRIAL_QUESTIONS, [])),
        SHUFFLED: forms.BooleanField(required=False, label="Questions in another order in each trial"),
    }


def _with_own(fields: dict[str, forms.Field], own: dict[str, forms.Field]) -> dict[str, forms.Field]:
    """The fields of the step with those of the trial type after the question that they answer."""
    names = list(fields)
    after = names.index("question") + 1
    return {
        **{name: fields[name] for name in names[:after]},
        **own,
        **{name: fields[name] for name in names[after:]},
    }


def _defaults(source: Source) -> dict[str, Any]:
    """What the texts are where nothing is said, by what the protocol says of pictures and language."""
    picture = source.get("design", {}).get("picture", MapPicture.OVERLAY)
    return default_wording(source["task"], picture, source.get("language", languages.DEFAULT))


NEEDS = ("min_width", "no_phone", "keyboard")  # of devices


class DesignForm(recruitment.SitesForm):
    keys: dict[Key, str] = {
        ("design",): "responses_per_item",
        ("design", "responses_per_item"): "responses_per_item",
        ("design", COMPARISON): COMPARISON,
        ("design", "trials_per_participant"): "trials_per_participant",
        ("design", "repeats_per_participant"): "repeats_per_participant",
        ("design", "attention_checks"): "attention_checks",
        ("design", "seed"): "seed",
        ("requirements",): "min_width",
        **{("requirements", name): name for name in NEEDS},
        ("recruitment",): "people",
        ("recruitment", "people"): "people",
        **recruitment.KEYS,
    }
    people = forms.IntegerField(
        required=False,
        label="Planned number of participants",
        help_text="For the estimate beside. More people tell more than more answers from each.",
    )
    responses_per_item = forms.IntegerField(
        required=False,
        label="Answers for each photo",
        help_text="From different people; nobody is asked about a photo twice. The paper has 4.",
    )
    comparison = forms.ChoiceField(
        required=False,
        label="Which methods each participant meets",
        widget=forms.RadioSelect,
        choices=[
            (Comparison.WITHIN.value, "All of them, mixed: compares each person with themselves"),
            (Comparison.BLOCKS.value, "All of them, one after another; which comes first is balanced"),
            (Comparison.BETWEEN.value, "One alone: nothing carries over from one method to the next"),
        ],
        help_text="One alone takes more people: what differs between people does not fall out. The answers for each photo must be a "
        "multiple of the methods for the last two.",
    )
    trials_per_participant = forms.IntegerField(
        required=False,
        label="Maximum number of photos per participant",
        help_text="Attention fades: about 12 seconds per photo, so 50 photos are ten minutes.",
    )
    repeats_per_participant = forms.IntegerField(
        required=False,
        label="Photos shown again at the end",
        help_text="Measures test–retest consistency. Repeats are not scored. Leave empty for none.",
    )
    attention_checks = forms.IntegerField(
        required=False,
        label="Attention checks for each person",
        help_text="Photos with one map plainly on the object and the others plainly off it, drawn from the photos’ boxes. "
        "They are not scored. Leave empty for none.",
    )
    completion_url = recruitment.FINISHED_URL
    min_width = forms.IntegerField(
        required=False,
        label="Least width of the window, in pixels",
        help_text="Whoever has less reads before the consent what to do. Leave empty for any.",
    )
    no_phone = forms.BooleanField(
        required=False,
        label="Not on a phone",
        help_text="Whoever comes on one is given the address to open on a computer.",
    )
    keyboard = forms.BooleanField(required=False, label="With a keyboard")
    seed = forms.IntegerField(
        required=False,
        label="Seed",
        help_text="Draws the photos: the same seed draws the same ones. Orders have a secret besides. There is no reason to change it.",
    )

    DESIGN = (
        "responses_per_item",
        "trials_per_participant",
        "repeats_per_participant",
        "attention_checks",
        "seed",
    )

    def __init__(self, data=None, *, source: Source) -> None:
        super().__init__(data, source=source)
        if not trial_type_in(source).shows_one_map:
            del self.fields[COMPARISON]

    def read(self, source: Source) -> dict[str, Any]:
        defaults = {
            "responses_per_item": 4,
            COMPARISON: Comparison.WITHIN.value,
            "trials_per_participant": 50,
        }
        return {
            **defaults,
            **source.get("design", {}),
            **source.get("requirements", {}),
            "people": source.get("recruitment", {}).get("people"),
            **recruitment.read_sites(source),
        }

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        for table, names in (("design", self.DESIGN), ("requirements", NEEDS), ("recruitment", ("people",))):
            values = dict(source.get(table, {}))
            for name in names:
                put(values, name, cleaned[name])
            if table == "design" and COMPARISON in cleaned:
                said = cleaned[COMPARISON]
                put(values, COMPARISON, None if said == Comparison.WITHIN else said)
            put(source, table, values)
        recruitment.write_sites(source, cleaned)
