"""Which studies a list shows: by words, by state, by whose they are."""

from typing import Any

from django import forms
from django.db.models import Q

from studies.models import Study

NOT_ARCHIVED, ALL = "", "all"
STATES = {
    NOT_ARCHIVED: ("All but archived", [state for state in Study.State if state != Study.State.ARCHIVED]),
    "set-up": ("Being set up", [*Study.SETTING_UP]),
    "under-way": ("Open or paused", [Study.State.OPEN, Study.State.PAUSED]),
    "closed": ("Closed", [Study.State.CLOSED]),
    "archived": ("Archived", [Study.State.ARCHIVED]),
    ALL: ("All", [*Study.State]),
}


class WhichStudies(forms.Form):
    """The fields above the list; all may be left out, and what is none of the choices counts as left out."""

    q = forms.CharField(label="Find", required=False, max_length=200)
    state = forms.ChoiceField(
        label="State", required=False, choices=[(name, words) for name, (words, _) in STATES.items()]
    )

    def __init__(self, asked: Any, visible: Any) -> None:
        super().__init__(asked, label_suffix="")
        self.visible = visible
        names = visible.order_by().values_list("researchers__username", flat=True).distinct()
        researchers = sorted({name for name in names if name})
        if len(researchers) > 1:
            whose = [("", "Anybody"), *((name, name) for name in researchers)]
            self.fields["of"] = forms.ChoiceField(label="Researcher", required=False, choices=whose)

    def chosen(self) -> Any:
        """The studies of `visible` that fit."""
        self.is_valid()
        asked = self.cleaned_data
        _, states = STATES[asked.get("state", NOT_ARCHIVED)]
        found = self.visible.filter(state__in=states)
        for word in asked.get("q", "").split():
            found = found.filter(Q(title__icontains=word) | Q(slug__icontains=word))
        if researcher := asked.get("of"):
            found = found.filter(researchers__username=researcher)
        return found

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for but the usual."""
        return any(self.cleaned_data.get(name) for name in self.fields)
