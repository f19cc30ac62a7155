"""The steps of a set-up as forms. Each reads its part of a protocol and writes it back; none checks it itself:
`setup/drafts.py` does, by the code that checks a file, and its faults are shown at the fields that `keys` names.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.text import slugify

from explain import map_sources
from explain.cam.names import OWN, SIGNS, known_methods
from explain.map_sets import Fit, fit_in_words, holds_pictures, reading_of
from explain.models import MapSet, Network
from studies.protocol import (
    Code,
    Fault,
    Key,
    nearest,
    on_page,
    on_page_with_key,
    put,
    without_rows,
)
from studies.trial_types import trial_type_in, trial_types

Source = dict[str, Any]


class StepForm(forms.Form):
    """Base of a step. `keys`: key of the protocol -> the field that its faults, and those of keys below it, are shown at."""

    keys: dict[Key, str] = {}
    missing: dict[str, str] = {}  # field -> what to say where nothing is chosen
    template_name_div = "studies/setup/_fields.html"

    def __init__(self, data=None, *, source: Source) -> None:
        self.source = source
        super().__init__(data, initial=self.read(source), label_suffix="")
        for name in self.fields:
            self.fields[name].widget.attrs.setdefault("id", f"id_{name}")

    def read(self, source: Source) -> dict[str, Any]:
        raise NotImplementedError

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        raise NotImplementedError

    def written(self) -> Source:
        """The protocol with what was typed in its place."""
        source = deepcopy(self.source)
        self.write(source, self.cleaned_data)
        return source

    def add_fault(self, fault: Fault) -> None:
        """Show a fault at the field of its key, or at that of the key around it, and then say which key it is."""
        key = self.key_shown(fault)
        if key is None:
            self.add_error(None, on_page_with_key(fault))
            return
        field, text = self.keys[key], on_page_with_key(fault)
        if without_rows(key) == without_rows(fault.key):
            empty = field in self.missing and not self.cleaned_data.get(field, True)
            text = self.missing[field] if empty else self.words_of(fault)
        if text not in self.errors.get(field, []):
            self.add_error(field, text)

    def key_shown(self, fault: Fault) -> Key | None:
        """The key whose field shows a fault; None where no field does."""
        return nearest(fault.key, {key for key, field in self.keys.items() if field in self.fields})

    def words_of(self, fault: Fault) -> str:
        """What is said of a fault at its field."""
        return on_page(fault)


class NewStudyForm(forms.Form):
    """What a study is called, and what its trials ask."""

    task = forms.ChoiceField(
        label="What do you want to find out?",
        widget=forms.RadioSelect,
        initial=trial_types()[0].name,
        choices=[(entry.name, entry.asked.offer) for entry in trial_types()],
    )
    title = forms.CharField(
        max_length=200,
        label="Title",
        help_text="Volunteers read it. It should not give away what you compare.",
    )
    slug = forms.CharField(
        max_length=100,
        required=False,
        label="Short name",
        help_text="Becomes part of addresses and file names. If empty, it is created from the title.",
        validators=[validate_slug],
        error_messages={"invalid": "Letters a–z, digits, - and _ only, without spaces."},
    )

    def clean(self):
        cleaned = super().clean() or {}
        if not cleaned.get("slug") and not self.errors.get("slug"):
            cleaned["slug"] = slugify(cleaned.get("title", ""))[:100]
            if not cleaned["slug"] and cleaned.get("title"):
                self.add_error("slug", "The title has no letters to make a short name from; type one.")
        if cleaned.get("slug") == "new":
            self.add_error("slug", "“new” is an address of this site; choose another name.")
        return cleaned


class CopyForm(NewStudyForm):
    """What the copy of a study is called; it asks what the other one asks."""

    task = None  # type: ignore[assignment]


class PhotosForm(StepForm):
    keys: dict[Key, str] = {
        ("photos", name): name
        for name in (
            "set",
            "classes",
            "min_f1",
            "top_share",
            "top_classes",
            "only_correct",
            "wrong_share",
            "per_class",
            "limit",
        )
    } | {("photos",): "limit"}
    missing = {"set": "Choose a set of photos."}

    set = forms.ChoiceField(label="Set of photos", widget=forms.RadioSelect, required=False)
    classes = forms.CharField(
        required=False,
        label="Only these classes",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One class per line, named as in the set. Leave empty for every class.",
    )
    only_correct = forms.BooleanField(
        required=False,
        label="Only photos that every network gets right",
        help_text="So that people judge the maps and not the networks’ mistakes. Available after the networks have classified the photos.",
    )
    wrong_share = forms.FloatField(
        required=False,
        label="Share of photos that the network gets wrong",
        help_text="For trials that ask whether it is right, 0.5 for as many wrong ones as right ones. Nobody who answers is told.",
    )
    top_classes = forms.IntegerField(
        required=False,
        label="Best classes",
        help_text="Keep this many classes with the highest F1. For each class the lower F1 of the networks counts.",
    )
    per_class = forms.IntegerField(
        required=False,
        label="Photos of each class",
        help_text="Maximum number; selected at random with the seed.",
    )
    limit = forms.IntegerField(
        required=False,
        label="Photos in all",
        help_text="Maximum number; selected at random with the seed. Leave empty for all.",
    )
    min_f1 = forms.FloatField(
        required=False, label="Minimum F1", help_text="Classes below it are left out; 0.94 in the paper."
    )
    top_share = forms.FloatField(
        required=False,
        label="Top fraction of classes",
        help_text="Classes among the best of every network, e.g. 0.1 = top 10 %.",
    )

    RANKING = ("min_f1", "top_share")

    def __init__(self, data=None, *, source: Source, sets: list[str]) -> None:
        super().__init__(data, source=source)
        choices = self.fields["set"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [(name, name) for name in sets]
        choices.error_messages["invalid_choice"] = "There is no set of photos of that name."

    def read(self, source: Source) -> dict[str, Any]:
        photos = source.get("photos", {})
        return {**photos, "classes": "\n".join(photos.get("classes", []))}

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        photos = source["photos"] = dict(source.get("photos", {}))
        names = [name.strip() for name in cleaned["classes"].replace(",", "\n").split("\n")]
        for key, value in {**cleaned, "classes": [name for name in names if name]}.items():
            put(photos, key, value)


class NetworksForm(StepForm):
    """One network or more that every method runs on; for a trial type that compares networks, the two."""

    keys: dict[Key, str] = {("arms", "network"): "networks", ("arms",): "networks"}
    missing = {"networks": "Choose a network.", "first": "Choose a network.", "second": "Choose a network."}

    networks = forms.MultipleChoiceField(
        required=False, label="Networks", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data=None, *, source: Source, networks: list[Network]) -> None:
        super().__init__(data, source=source)
        self.in_pairs = trial_type_in(source).asked.compares_networks
        choices = [
            (network.name, f"{network.name} (random weights)" if network.is_random else network.name)
            for network in networks
        ]
        if self.in_pairs:
            self.keys = {("arms", "network"): "second", ("arms",): "second"}
            del self.fields["networks"]
            for name, label in (("first", "First network"), ("second", "Second network")):
                self.fields[name] = forms.ChoiceField(
                    required=False, label=label, choices=[("", "Choose one"), *choices]
                )
            self.fields[
                "first"
            ].help_text = "Positive ratings are for this one. Volunteers never learn which is which."
        else:
            field = self.fields["networks"]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = choices
            field.help_text = "To compare methods, choose one: then the maps differ by method alone."

    def words_of(self, fault: Fault) -> str:
        if self.in_pairs and fault.key == ("arms",):
            return "Choose two different networks: people compare one with the other."
        return super().words_of(fault)

    def read(self, source: Source) -> dict[str, Any]:
        names = networks_of(source)
        return {
            "networks": names,
            "first": names[0] if names else "",
            "second": names[1] if len(names) > 1 else "",
        }

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        names = (
            [cleaned[name] for name in ("first", "second") if cleaned[name]]
            if self.in_pairs
            else cleaned["networks"]
        )
        source["arms"] = arms(source, names, methods_of(source))


SIGNS_IN_WORDS = {
    "": "Their values above zero (as usual)",
    "absolute": "The size of each value, whatever its sign",
    "as-is": "All values, from the lowest to the highest",
}


class MethodsForm(StepForm):
    keys: dict[Key, str] = {
        ("arms", "method"): "methods",
        ("arms",): "methods",
        ("design", "sign"): "sign",
    }
    missing = {"methods": "Choose what makes the maps."}

    methods = forms.MultipleChoiceField(
        required=False,
        label="Methods",
        widget=forms.CheckboxSelectMultiple,
    )
    map_sets = forms.MultipleChoiceField(
        required=False,
        label="Maps and pictures from files",
        widget=forms.CheckboxSelectMultiple,
        help_text="They need no network.",
    )
    sign = forms.ChoiceField(
        required=False,
        label="Of maps with values below zero, show",
        help_text="For every such method of the study alike. Ours have no values below zero, whatever you choose.",
        choices=list(SIGNS_IN_WORDS.items()),
    )

    def __init__(self, data=None, *, source: Source, map_sets: list[MapSet]) -> None:
        super().__init__(data, source=source)
        names = dict.fromkeys([*known_methods(), *methods_of(source)])
        self.by_name = {map_set.name: map_set for map_set in map_sets}
        brought = self.fields["map_sets"]
        assert isinstance(brought, forms.MultipleChoiceField)
        brought.choices = [(name, name) for name in dict.fromkeys([*self.by_name, *map_sets_of(source)])]
        if set(names) <= set(OWN):
            del self.fields["sign"]
        if trial_type_in(source).asked.compares_networks:
            del self.fields["map_sets"]
            self.fields["methods"] = forms.ChoiceField(
                required=False,
                label="Method",
                widget=forms.RadioSelect,
            )
            self.initial["methods"] = next(iter(self.initial["methods"]), "")
        field = self.fields["methods"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in names]

    def words_of(self, fault: Fault) -> str:
        if fault.code in (Code.ARMS_BETWEEN, Code.ARMS_EXACTLY) and self.cleaned_data.get("methods"):
            return "Choose two to eight methods to compare."
        return super().words_of(fault)

    @property
    def explained(self):
        """Each choice with what the method does, in words."""
        return [(choice, map_sources.method_in_words(choice.data["value"])) for choice in self["methods"]]

    @property
    def brought(self):
        """Each set of maps with what it is, in words."""
        choices: Iterable[Any] = self["map_sets"] if "map_sets" in self.fields else []
        return [(choice, self._in_words(choice.data["value"])) for choice in choices]

    def _in_words(self, name: str) -> str:
        map_set = self.by_name.get(name)
        if map_set is None:
            return "There is no such set for these photos, or it is not whole yet."
        if holds_pictures(map_set):
            return f"Finished pictures: {fit_in_words(Fit(map_set.fit))}."
        return f"Brought in as arrays: {reading_of(map_set).in_words()}."

    def read(self, source: Source) -> dict[str, Any]:
        sign = source.get("design", {}).get("sign", "")
        return {
            "methods": methods_of(source),
            "map_sets": map_sets_of(source),
            "sign": "" if sign == SIGNS[0] else sign,
        }

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        chosen = cleaned["methods"]
        methods = [chosen] if isinstance(chosen, str) else chosen
        source["arms"] = arms(source, networks_of(source), [method for method in methods if method])
        if "map_sets" in self.fields:
            source["arms"] = map_sources.with_map_sets(source["arms"], cleaned["map_sets"], self.by_name)
        source["design"] = dict(source.get("design", {}))
        put(source["design"], "sign", cleaned.get("sign", ""))


def networks_of(source: Source) -> list[str]:
    return map_sources.network_names(source.get("arms", []))


def map_sets_of(source: Source) -> list[str]:
    return map_sources.map_sets_of(source.get("arms", []))


def methods_of(source: Source) -> list[str]:
    return map_sources.methods_for(source.get("arms", []))


def arms(source: Source, networks: list[str], methods: list[str]) -> list[dict[str, Any]]:
    """Every network with every method; names that were given stay. What is not chosen yet has no key.

    Arms whose maps come from elsewhere stay as they are, after the others.
    """
    existing = {
        (arm.get("network"), next(iter(map_sources.methods_for([arm])), None)): arm
        for arm in source.get("arms", [])
    }
    pairs = [(network, method) for network in networks or [""] for method in methods or [""]]
    planned = []
    for network, method in pairs:
        arm = {"network": network, "method": method, **existing.get((network, method), {})}
        planned.append({key: value for key, value in arm.items() if value})
    others = map(dict, map_sources.not_by_network(source.get("arms", [])))
    return [arm for arm in (*planned, *others) if arm]
