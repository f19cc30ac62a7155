"""A study that begins as a copy of another one's protocol."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from studies.access import study_of
from studies.protocol import ProtocolError, on_page
from studies.setup.forms.base import CopyForm

from .drafts import copy_of, create_draft, free_slug


@require_http_methods(["GET", "HEAD", "POST"])
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """A new draft with the protocol of a study that this person may look at, under a name of its own; nothing else comes along."""
    study = study_of(request, slug)
    if not request.user.is_staff:
        raise PermissionDenied("Only staff set studies up.")
    if not study.protocol:
        messages.warning(
            request, f"{study.slug} has no protocol that could be copied: it was imported with its answers."
        )
        return redirect("study", slug)
    form = CopyForm(request.POST or None, initial={"title": study.title, "slug": free_slug(study.slug)})
    if request.method == "POST" and form.is_valid():
        try:
            draft = create_draft(source=copy_of(study.protocol, **form.cleaned_data), user=request.user)
        except ProtocolError as error:
            for fault in error.faults:
                form.add_error(fault.name if fault.name in form.fields else None, on_page(fault))
        else:
            messages.success(
                request, f"A copy of the protocol of {study.slug}. Change what you like, then open it."
            )
            return redirect("setup-check", draft.slug)
    return render(request, "studies/setup/duplicate.html", {"study": study, "form": form})
