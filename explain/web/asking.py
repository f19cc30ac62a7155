"""What the pages that ask workers for something have in common: who may ask, and where it leads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from explain import jobs, tasks
from explain.core.errors import BadInputError
from explain.models import ImageSet, Job

from .visibility import Sight

OTHERS_SET = "Somebody else’s set is called so; choose another name, or ask to be let into its study."


def _staff(user: Any) -> bool:
    if user.is_authenticated and not user.is_staff:
        raise PermissionDenied("Only staff bring photos and networks here.")
    return user.is_staff


staff_only = user_passes_test(_staff)


def _back(request: HttpRequest) -> str:
    """The page that sent somebody here, if it is one of ours."""
    back = request.POST.get("back") or request.GET.get("back") or ""
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) and len(back) <= 200 else ""


def _asked(request: HttpRequest, kind: str, arguments: dict[str, Any]) -> HttpResponse:
    job = jobs.ask(kind=kind, arguments=arguments, user=request.user, back=_back(request))
    return send_and_show(request, job)


def send_and_show(request: HttpRequest, job: Job) -> HttpResponse:
    try:
        tasks.send_job(job)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    return redirect("job", job.pk)


def is_others(request: HttpRequest, name: str) -> bool:
    """Whether a set is one that this person may not look at: whoever adds to a set sees it."""
    return (
        ImageSet.objects.filter(name=name).exists()
        and not Sight(request.user).sets().filter(name=name).exists()
    )
