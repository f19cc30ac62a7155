"""The page on which a study's researchers say who is told of what, and see what was sent."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from studies.access import editable_study_of
from studies.models import NoticeSettings

from .addresses import AddressError, check_url

MOST_ADDRESSES, SHOWN = 10, 20


class NoticesForm(forms.ModelForm):
    class Meta:
        model = NoticeSettings
        fields = ["emails", "webhook", "on_full", "on_stall", "stall_minutes", "on_message"]
        labels = {
            "emails": "E-mail addresses",
            "webhook": "Webhook",
            "on_full": "When all answers are there",
            "on_stall": "When no answers come any more",
            "stall_minutes": "… for so many minutes, while the study is open and not full",
            "on_message": "When somebody writes by “Something is wrong”",
        }
        help_texts = {
            "emails": "One to a line.",
            "stall_minutes": "5 to 43,200 (30 days).",
            "webhook": "An https address that a signed POST is sent to.",
        }
        widgets = {"emails": forms.Textarea(attrs={"rows": 3}), "webhook": forms.TextInput()}

    def clean_emails(self) -> str:
        addresses = self.cleaned_data["emails"].split()
        if len(addresses) > MOST_ADDRESSES:
            raise forms.ValidationError(
                f"These are {len(addresses)} addresses; name {MOST_ADDRESSES} at most."
            )
        for address in addresses:
            try:
                validate_email(address)
            except forms.ValidationError as error:
                raise forms.ValidationError(f"{address}: is no e-mail address.") from error
        return "\n".join(addresses)

    def clean_webhook(self) -> str:
        url = self.cleaned_data["webhook"]
        try:
            if url:
                check_url(url, private=settings.NOTICES_TO_PRIVATE)
        except AddressError as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean_stall_minutes(self) -> int:
        minutes = self.cleaned_data["stall_minutes"]
        if not 5 <= minutes <= 43_200:
            raise forms.ValidationError("Say 5 to 43,200 minutes (30 days).")
        return minutes


@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is told when the study needs somebody."""
    study = editable_study_of(request, slug)
    now = NoticeSettings.objects.filter(study=study).first() or NoticeSettings(study=study)
    form = NoticesForm(request.POST if request.method == "POST" else None, instance=now, label_suffix="")
    if form.is_valid():
        now = form.save(commit=False)
        now.changed_at = timezone.now()
        now.save()
        messages.success(request, "Saved. Workers look around every minute.")
        return redirect("study-notices", slug)
    context = {
        "study": study,
        "form": form,
        "latest": study.notices.all()[:SHOWN],
        "can_mail": bool(settings.EMAIL_HOST),
        "can_sign": bool(settings.NOTICES_SECRET),
    }
    return render(request, "studies/notices/notices.html", context)
