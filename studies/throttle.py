"""How often someone's programs may ask, counted in the database: one limit over all processes and hosts."""

from math import floor
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

# One statement, so that of two processes neither overlooks the other; a clock that is behind counts in the newer period.
_COUNT = """
INSERT INTO studies_apiuse (user_id, period, requests) VALUES (%s, %s, 1)
ON CONFLICT (user_id) DO UPDATE SET
  requests = CASE WHEN studies_apiuse.period < excluded.period THEN 1 ELSE studies_apiuse.requests + 1 END,
  period = CASE WHEN studies_apiuse.period < excluded.period THEN excluded.period ELSE studies_apiuse.period END
RETURNING requests
"""


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
