"""Who a program is, by its token, and what its token lets it do."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from studies.models import ApiToken, hash_token

KEYWORD = "Token"
HOUR = timedelta(hours=1)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`."""

    def authenticate(self, request: Request) -> tuple | None:
        keyword, _, token = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        api_token = (
            ApiToken.objects.select_related("user").filter(token_sha256=hash_token(token.strip())).first()
        )
        if api_token is None or api_token.revoked_at or not api_token.user.is_active:
            raise AuthenticationFailed("This token is unknown or revoked. Make another one on /api/tokens/.")
        now = timezone.now()
        if api_token.last_used_at is None or now - api_token.last_used_at > HOUR:
            ApiToken.objects.filter(pk=api_token.pk).update(last_used_at=now)
        return api_token.user, api_token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class WithinScope(IsAuthenticated):
    """Logged in; and a token that only reads changes nothing."""

    message = "This token only reads. Make one with the scope “write” on /api/tokens/."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        token = request.auth
        return not isinstance(token, ApiToken) or (
            request.method in SAFE_METHODS or token.scope == ApiToken.Scope.WRITE
        )


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, with the word before it",
        }
