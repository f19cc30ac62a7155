"""How often someone's programs may ask, counted in the database: one limit over all processes and hosts."""

from math import floor
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

from studies.models import ApiUse

# One statement, so that of two processes neither overlooks the other; a clock that is behind counts in the newer period.
_USE = f'"{ApiUse._meta.db_table}"'
_COUNT = f"""
INSERT INTO {_USE} (user_id, period, requests) VALUES (%s, %s, 1)
ON CONFLICT (user_id) DO UPDATE SET
  requests = CASE WHEN {_USE}.period < excluded.period THEN 1 ELSE {_USE}.requests + 1 END,
  period = CASE WHEN {_USE}.period < excluded.period THEN excluded.period ELSE {_USE}.period END
RETURNING requests
"""  # noqa: S608 (a name of ours)


class SharedRate(UserRateThrottle):
    """So many requests of one person in each minute (or hour, or day) of the clock, whatever token they use."""

    num_requests: int  # both are set by DRF, from API_RATE
    duration: int

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return True  # they are refused for that
        self.now = self.timer()
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [request.user.pk, floor(self.now / self.duration)])
            (requests,) = cursor.fetchone()
        return requests <= self.num_requests

    def wait(self) -> float:
        return self.duration - self.now % self.duration
