"""Log-ins of staff: when guessing is stopped, and how long addresses are kept. django-axes asks `Handler`.

A name from one address is stopped after AXES_FAILURE_LIMIT failures, for AXES_COOLOFF_TIME; each further try begins that anew.

An address is stopped after ADDRESS_FAILURE_LIMIT failures over all names within AXES_COOLOFF_TIME, so that nobody goes through
a list of names with one password. An institute has one address: so tries that are refused do not count, and it ends by itself,
at the latest when the cool-off time has passed after the last failure; and whoever has logged in from there within LOGIN_DAYS
is let in all the while.
"""

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


def forget_logins(days: int) -> int:
    """Delete what is known of log-ins, and of failed ones, that are older than so many days; how many rows they were."""
    before = timezone.now() - timedelta(days=days)
    tables = (AccessAttempt, AccessFailureLog, AccessLog)
    return sum(table.objects.filter(attempt_time__lt=before).delete()[0] for table in tables)


class Handler(AxesDatabaseHandler):
    """Failures in the database, and so over all hosts, by name and address and by address alone."""

    def get_failures(self, request: Any, credentials: dict | None = None) -> int:
        failures = super().get_failures(request, credentials)
        refused = _is_spent(request) and not _is_known_here(request, credentials)
        return max(failures, settings.AXES_FAILURE_LIMIT) if refused else failures

    def user_login_failed(self, sender: Any, credentials: dict, request: Any = None, **kwargs: Any) -> None:
        if request is None:
            super().user_login_failed(sender, credentials, request, **kwargs)
            return
        spent, was_read = _is_spent(request), self.is_allowed(request, credentials)
        if not spent or _is_known_here(request, credentials):
            super().user_login_failed(sender, credentials, request, **kwargs)
            if was_read:
                _count(request, credentials)
        # Refused by its address, a try is not counted: a house would stay locked for as long as anybody in it tries. And
        # a name that is known there is answered as any other, or the replies would tell which names there are.
        if spent:
            request.axes_locked_out, request.axes_credentials = True, credentials

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        forget_logins(settings.LOGIN_DAYS)


def _is_spent(request: Any) -> bool:
    """Whether an address has no tries left."""
    since = timezone.now() - (get_cool_off(request) or timedelta())
    failures = AccessFailureLog.objects.filter(ip_address=request.axes_ip_address, attempt_time__gt=since)
    return failures.count() >= settings.ADDRESS_FAILURE_LIMIT


def _is_known_here(request: Any, credentials: dict | None) -> bool:
    """Whether somebody has logged in under this name from this address, as far as that is kept."""
    since = timezone.now() - timedelta(days=settings.LOGIN_DAYS)
    here = AccessLog.objects.filter(ip_address=request.axes_ip_address, attempt_time__gt=since)
    return here.filter(username=get_client_username(request, credentials)).exists()


def _count(request: Any, credentials: dict) -> None:
    AccessFailureLog.objects.create(
        username=get_client_username(request, credentials),
        ip_address=request.axes_ip_address,
        user_agent=request.axes_user_agent,
        http_accept=request.axes_http_accept,
        path_info=request.axes_path_info,
        locked_out=request.axes_locked_out,
    )
