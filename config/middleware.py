"""The site's own middleware: volunteers' pages do without sessions and log-ins, which only staff need."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import cached_property

VOLUNTEERS = ("/p/", "/join/", "/picture/")


class _ForStaff:
    """Skipped on volunteers' pages: a token in the address says whose page it is, and there is no session."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(VOLUNTEERS):
            return self.get_response(request)  # type: ignore[attr-defined]
        return super().__call__(request)  # type: ignore[misc]


class Sessions(_ForStaff, SessionMiddleware):
    pass


class Authentication(_ForStaff, AuthenticationMiddleware):
    pass


class LoginRequired(LoginRequiredMiddleware):
    """Asks whether a view is open to all before it asks who is there, which would read the session."""

    def process_view(self, request, view_func, view_args, view_kwargs):
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


class Messages(_ForStaff, MessageMiddleware):
    pass


class ContentSecurityPolicy(CSPMiddleware):
    """The site's policy, built once, and again only for responses that change it."""

    @cached_property
    def policy(self) -> str:
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if hasattr(request, "_csp_nonce") or any(name.startswith("_csp_") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response
