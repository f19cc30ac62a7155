"""The record of a study: who did what and when, appended and never changed, with notes of those who run it."""

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .event_log import add_note, in_words
from .permissions import editable_study_of, may_edit, study_of

EVENTS_A_PAGE = 50


class NoteForm(forms.Form):
    text = forms.CharField(max_length=2000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything on record, newest first; a researcher adds notes."""
    study = editable_study_of(request, slug) if request.method == "POST" else study_of(request, slug)
    form = NoteForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_valid():
        add_note(study=study, text=form.cleaned_data["text"], user=request.user)
        return redirect("study-record", slug)
    kind = request.GET.get("kind", "")
    events = study.events.select_related("user", "participant").order_by("-id")
    page = Paginator(events.filter(kind=kind) if kind else events, EVENTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(
        request,
        "studies/access/record.html",
        {
            "study": study,
            "page": page,
            "rows": [(event, in_words(event.data)) for event in page],
            "kind": kind,
            "kinds": study.events.order_by("kind").values_list("kind", flat=True).distinct(),
            "form": form,
            "may_edit": may_edit(request.user, study),
        },
    )
