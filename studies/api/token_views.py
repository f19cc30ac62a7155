"""The page on which people make tokens for their programs, and revoke them."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from studies.models import ApiToken


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        labels = {"name": "What for", "scope": "It may"}
        help_texts = {"name": "Your own words, to tell tokens apart."}


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens. A new one is shown this once: only its hash is kept."""
    mine = ApiToken.objects.filter(user_id=request.user.pk or 0)
    if pk := request.POST.get("revoke", ""):
        token = get_object_or_404(mine, pk=pk if pk.isdecimal() else None)
        mine.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, f"“{token}” opens nothing any more.", extra_tags="good")
        return redirect("api-tokens")
    form = TokenForm(request.POST if request.method == "POST" else None, label_suffix="")
    new_token = ""
    if form.is_valid():
        new_token = ApiToken.issue(request.user, **form.cleaned_data)[1]
        form = TokenForm(label_suffix="")
    return render(request, "studies/api/tokens.html", {"tokens": mine, "form": form, "made": new_token})
