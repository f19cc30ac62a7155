"""A step of a set-up: what is fixed about the analysis before there is data, and what the arms are called in it."""

from itertools import combinations
from typing import Any

from django import forms

from studies.protocol import DECIDED_BY, PRIMARY, RULES, SPENDING, Code, Fault, Key, names_of_arms, put
from studies.trial_types import trial_type_in

from .base import Source, StepForm


class PlanForm(StepForm):
    """Names of arms, planned comparisons and looks, rules of exclusion."""

    keys: dict[Key, str] = {
        ("arms", "name"): "name_0",
        ("analysis",): "hide_running_results",
        ("analysis", "contrasts"): "contrasts",
        ("analysis", "hide_running_results"): "hide_running_results",
        ("analysis", "primary"): "primary",
        ("analysis", "smallest_effect"): "smallest_effect",
        ("analysis", "decided_by"): "decided_by",
        ("exclusions",): RULES[0],
        **{("exclusions", name): name for name in RULES},
        ("looks",): "after",
        ("looks", "after"): "after",
        ("looks", "spending"): "spending",
    }

    contrasts = forms.MultipleChoiceField(
        required=False,
        label="Planned comparisons",
        widget=forms.CheckboxSelectMultiple,
        help_text="Their p values are corrected for how many there are (Holm); every other pair is exploratory.",
    )
    primary = forms.ChoiceField(
        required=False,
        label="What counts once in the figure that the study is judged by",
        choices=[
            ("items", "Every photo: the mean of the photos’ means"),
            ("people", "Every participant: the mean of participants’ means"),
            ("answers", "Every answer: the mean of all answers"),
        ],
        help_text="The other two are shown beside it.",
    )
    smallest_effect = forms.FloatField(
        required=False,
        help_text="Then results can also find that there is no difference that matters (two one-sided tests), and power says how likely "
        "that is. Leave empty where nothing is declared.",
    )
    missed_checks = forms.IntegerField(
        required=False,
        label="Exclude participants who failed at least this many attention checks",
        help_text="Leave empty to exclude nobody for that.",
    )
    failed_practice = forms.BooleanField(
        required=False,
        label="Exclude participants who got a practice example wrong every time",
        help_text="The two drawn examples, with their feedback.",
    )
    median_ms = forms.IntegerField(
        required=False,
        label="Exclude participants whose median response time is below (ms)",
        help_text="For example 400, which is faster than anybody can look.",
    )
    position_share = forms.FloatField(
        required=False,
        label="Exclude participants who chose the same position in more than this share of answers",
        help_text="0.9: in more than nine of ten answers that name a position.",
    )
    decided_by = forms.ChoiceField(
        required=False,
        label="Whose answers decide",
        choices=[
            ("everybody", "Everybody’s"),
            ("kept", "Those of participants who are not excluded"),
        ],
        help_text="Results of the others stand beside them.",
    )
    after = forms.CharField(
        required=False,
        label="Interim analyses (planned looks)",
        help_text="At which shares of the answers: 0.5, 1 is once half of them are in, and at the end. Each look is stricter than a "
        "single one, so that all of them together keep a false-positive rate of 5 %. Leave empty for one analysis at the end.",
    )
    spending = forms.ChoiceField(
        required=False,
        label="How strict early looks are",
        choices=[
            ("obrien-fleming", "Very strict early (O’Brien–Fleming)"),
            ("pocock", "Equally strict at every look (Pocock)"),
        ],
    )
    hide_running_results = forms.BooleanField(
        required=False,
        label="Hide results until the study is closed",
        help_text="So that nobody stops or steers the study by what it has found so far.",
    )

    def __init__(self, data=None, *, source: Source) -> None:
        self.arms = names_of_arms(source.get("arms", []))
        self.pairs = _pairs(source, self.arms)
        super().__init__(data, source=source)
        names = {f"name_{place}": _name_field(source, place) for place in range(len(self.arms))}
        self.fields = {**names, **self.fields}
        of_names: dict[Key, str] = {("arms", place + 1, "name"): name for place, name in enumerate(names)}
        self.keys = {**self.keys, **of_names}
        contrasts = self.fields["contrasts"]
        assert isinstance(contrasts, forms.MultipleChoiceField)
        contrasts.choices = [
            (f"{first}-{second}", f"{self.arms[first]} − {self.arms[second]}") for first, second in self.pairs
        ]
        if not (self.pairs and trial_type_in(source).asked.declares_contrasts):
            del self.fields["contrasts"]
        if not trial_type_in(source).asked.declares_primary:
            del self.fields["primary"]
        if trial_type_in(source).asked.largest_effect is None:
            del self.fields["smallest_effect"]
        else:
            words = trial_type_in(source).asked.smallest_in_words
            self.fields["smallest_effect"].label = f"The smallest {words}"

    @property
    def names(self):
        return [self[name] for name in self.fields if name.startswith("name_")]

    @property
    def rules(self):
        return [*(self[name] for name in RULES), self["decided_by"]]

    @property
    def looks(self):
        return [self["after"], self["spending"]]

    def clean_after(self) -> list[float]:
        """The shares as numbers; commas or spaces stand between them."""
        words = self.cleaned_data["after"].replace(",", " ").split()
        try:
            return [float(word) for word in words]
        except ValueError as error:
            raise forms.ValidationError("Write numbers with a point, apart by commas: 0.5, 1") from error

    def read(self, source: Source) -> dict[str, Any]:
        looks = source.get("looks", {})
        declared = [tuple(pair) for pair in source.get("analysis", {}).get("contrasts", [])]
        chosen = [
            f"{first}-{second}"
            for first, second in self.pairs
            if (self.arms[first], self.arms[second]) in declared
        ]
        names = {f"name_{place}": arm.get("name", "") for place, arm in enumerate(source.get("arms", []))}
        return {
            **names,
            **source.get("exclusions", {}),
            "after": ", ".join(repr(share).removesuffix(".0") for share in looks.get("after", [])),
            "spending": looks.get("spending", SPENDING[0]),
            "contrasts": chosen,
            "primary": source.get("analysis", {}).get("primary", PRIMARY[0]),
            "smallest_effect": source.get("analysis", {}).get("smallest_effect"),
            "decided_by": source.get("analysis", {}).get("decided_by", DECIDED_BY[0]),
            "hide_running_results": source.get("analysis", {}).get("hide_running_results", False),
        }

    def write(self, source: Source, cleaned: dict[str, Any]) -> None:
        for place, arm in enumerate(source.get("arms", [])):
            put(arm, "name", cleaned[f"name_{place}"])
        names = names_of_arms(source.get("arms", []))
        analysis, exclusions = dict(source.get("analysis", {})), dict(source.get("exclusions", {}))
        if "contrasts" in self.fields:
            pairs = [tuple(map(int, pair.split("-"))) for pair in cleaned["contrasts"]]
            put(analysis, "contrasts", [[names[first], names[second]] for first, second in pairs])
        if "primary" in self.fields:
            primary = cleaned["primary"] or PRIMARY[0]
            put(analysis, "primary", primary if primary != PRIMARY[0] or "primary" in analysis else "")
        if "smallest_effect" in self.fields:
            put(analysis, "smallest_effect", cleaned["smallest_effect"])
        decided_by = cleaned["decided_by"] or DECIDED_BY[0]
        put(
            analysis,
            "decided_by",
            decided_by if decided_by != DECIDED_BY[0] or "decided_by" in analysis else "",
        )
        put(analysis, "hide_running_results", cleaned["hide_running_results"])
        for name in RULES:
            put(exclusions, name, cleaned[name])
        put(source, "analysis", analysis)
        put(source, "exclusions", exclusions)
        looks = {"after": cleaned["after"], "spending": cleaned["spending"] or SPENDING[0]}
        put(source, "looks", looks if cleaned["after"] else {})

    def key_shown(self, fault: Fault) -> Key | None:
        second = self._second_of_two() if fault.code == Code.SAME_NAME else None
        return second or super().key_shown(fault)

    def _second_of_two(self) -> Key | None:
        """The key of the arm whose name another one has already."""
        seen: set[str] = set()
        for place, name in enumerate(names_of_arms(self.written().get("arms", [])), start=1):
            if name in seen:
                return ("arms", place, "name")
            seen.add(name)
        return None


def _pairs(source: Source, arms: list[str]) -> list[tuple[int, int]]:
    """Every two arms, in the order in which the protocol compares them already, or else in their own."""
    declared = [tuple(pair) for pair in source.get("analysis", {}).get("contrasts", [])]
    return [
        (second, first) if (arms[second], arms[first]) in declared else (first, second)
        for first, second in combinations(range(len(arms)), 2)
    ]


def _name_field(source: Source, place: int) -> forms.CharField:
    without = [{key: value for key, value in arm.items() if key != "name"} for arm in source["arms"]]
    usual = names_of_arms(without)[place]
    field = forms.CharField(required=False, max_length=100, label=usual)
    field.widget.attrs |= {"placeholder": usual, "id": f"id_name_{place}"}
    return field
