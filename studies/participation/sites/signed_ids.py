"""Prolific's signed parameters: a JSON Web Token in the link, made with Prolific's key for one person and this site.

Whoever has it came from Prolific as that person. What Prolific asks to be checked is checked: the signature by the key that the
protocol gives, the time until which it holds, and that it was made for this site; and the study's id there, where one is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from studies.protocol import read_public_keys

PARAMETER = "prolific_token"
ALGORITHMS = ["RS256"]  # Prolific's, and no other: the token itself does not choose
LONGEST = 8000  # characters of a token
LEEWAY = 60  # seconds by which two clocks may differ


@dataclass(frozen=True)
class SignedIds:
    """What Prolific says in a link, by the names of its parameters, and whether the time is over for which it said so."""

    ids: dict[str, str]
    is_over: bool


def read(token: str, *, keys: str, host: str, study_id: str = "") -> SignedIds | None:
    """What a token says that was signed with one of `keys` for `host`; None for any other.

    Args:
        keys: as a protocol has them (protocol/public_keys.py).
        host: by which this site was asked, with its port or without.
        study_id: the study on Prolific that it must be of; "" for any.
    """
    if not 0 < len(token) <= LONGEST:
        return None
    try:
        claims = jwt.decode(token, read_public_keys(keys), algorithms=ALGORITHMS).claims
        is_over = _is_over(claims)
    except (JoseError, ValueError, TypeError, RecursionError):  # whatever a token can be that is none
        return None
    said = claims.get("prolific")
    if not isinstance(said, Mapping) or not _is_for(claims.get("aud"), host):
        return None
    ids = {str(name): value for name, value in said.items() if isinstance(value, str)}
    if study_id and ids.get("STUDY_ID") != study_id:
        return None
    return SignedIds(ids, is_over)


def _is_over(claims: dict[str, Any]) -> bool:
    try:
        jwt.JWTClaimsRegistry(leeway=LEEWAY, exp={"essential": True}).validate(claims)
    except ExpiredTokenError:
        return True
    return False


def _is_for(audience: Any, host: str) -> bool:
    """Whether an audience is this site: its name, alone or in an address."""
    wanted = urlsplit(f"//{host}").hostname
    given = audience if isinstance(audience, list) else [audience]
    return any(isinstance(value, str) and _host_in(value) == wanted for value in given)


def _host_in(audience: str) -> str | None:
    try:
        return urlsplit(audience if "//" in audience else f"//{audience}").hostname
    except ValueError:
        return None
