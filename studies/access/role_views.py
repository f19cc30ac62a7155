"""Who may look at a study and who may change it; the page on which a researcher gives others a role."""

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from studies.models import Study

from .permissions import Role, editable_study_of, give_role, may_edit, people_of, study_of, take_role

NOW = {Role.RESEARCHER: "is a researcher", Role.VIEWER: "is a viewer", Role.PAYER: "sees the payments"}


class RoleForm(forms.Form):
    account = forms.CharField(
        max_length=150, label="Account", help_text="The name that someone logs in with."
    )
    role = forms.ChoiceField(choices=Role.choices, label="Role")

    def clean_account(self):
        name = self.cleaned_data["account"]
        person = get_user_model().objects.filter(username=name, is_active=True).first()
        if person is None:
            raise forms.ValidationError(f"There is no account “{name}”. An admin can make one.")
        return person


@require_http_methods(["GET", "HEAD", "POST"])
def access(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has a role in this study. Its researchers give roles and take them away."""
    study = editable_study_of(request, slug) if request.method == "POST" else study_of(request, slug)
    form = RoleForm(
        request.POST if request.method == "POST" and "take" not in request.POST else None, label_suffix=""
    )
    if "take" in request.POST:
        return _take(request, study)
    if form.is_valid():
        person, role = form.cleaned_data["account"], form.cleaned_data["role"]
        give_role(study=study, person=person, role=role, user=request.user)
        messages.success(request, f"{person} {NOW[role]} of this study now.", extra_tags="good")
        return redirect("study-access", slug)
    context = {
        "study": study,
        "people": people_of(study),
        "form": form,
        "may_edit": may_edit(request.user, study),
    }
    return render(request, "studies/access/access.html", context)


def _take(request: HttpRequest, study: Study) -> HttpResponse:
    person = get_object_or_404(get_user_model(), username=request.POST["take"])
    role = request.POST.get("role", Role.VIEWER)
    last = role != Role.PAYER and not study.researchers.exclude(pk=person.pk).exists()
    if last and study.researchers.filter(pk=person.pk).exists():
        messages.warning(request, f"{person} is the only researcher of this study. Name another one first.")
    else:
        take_role(study=study, person=person, role=role, user=request.user)
        lost = "does not see the payments of" if role == Role.PAYER else "has no role in"
        messages.success(request, f"{person} {lost} this study any more.", extra_tags="good")
    still_in = Study.objects.visible_to(request.user).filter(pk=study.pk).exists()
    return redirect("study-access", study.slug) if still_in else redirect("studies")
