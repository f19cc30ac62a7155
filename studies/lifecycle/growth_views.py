"""The page that asks for more answers to each photo of a paused study."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from explain.core.errors import BadInputError
from studies.access import editable_study_of
from studies.models import Study
from studies.protocol import results_hidden

from .fingerprint import full_protocol
from .growth import grow, why_not


class GrowthForm(forms.Form):
    """How large a study is to be from now on."""

    responses_per_item = forms.IntegerField(max_value=1000, label="Answers for each photo, from now on")
    people = forms.IntegerField(max_value=100_000, label="People planned, from now on")
    why = forms.CharField(
        max_length=500, label="Why", help_text="One sentence, for those who read the record later."
    )

    def __init__(self, study: Study, data=None):
        super().__init__(data, label_suffix="")
        planned = full_protocol(study).get("recruitment", {}).get("people")
        if planned is None:
            del self.fields["people"]
        else:
            self.fields["people"].initial = planned
        self.fields["responses_per_item"].widget.attrs["min"] = study.responses_per_item + 1


@require_http_methods(["GET", "HEAD", "POST"])
def more_answers(request: HttpRequest, slug: str) -> HttpResponse:
    """A larger version of a paused study, after a page that says what it means."""
    study = editable_study_of(request, slug)
    reason = why_not(study)
    if study.state != Study.State.PAUSED:
        reason = "A study grows while it is paused only. Pause it first."
    if reason:
        messages.warning(request, reason)
        return redirect("study-protocol", slug)
    form = GrowthForm(study, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            version = grow(study=study, user=request.user, **form.cleaned_data)
        except BadInputError as error:
            for line in error.lines:
                form.add_error(None, line)
        else:
            each = form.cleaned_data["responses_per_item"]
            messages.success(
                request,
                f"{each} answers are asked for each photo now, by {version}. The study is still paused.",
            )
            return redirect("study-protocol", slug)
    context = {"study": study, "form": form, "hidden": results_hidden(study)}
    return render(request, "studies/lifecycle/grow.html", context)
