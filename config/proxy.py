"""Who asks, where a proxy stands in front: the address that it saw, not its own."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address by which failed log-ins are counted. The proxy must set X-Real-IP itself (deploy/nginx.conf does)."""
    return request.META.get("HTTP_X_REAL_IP") or request.META.get("REMOTE_ADDR", "")
