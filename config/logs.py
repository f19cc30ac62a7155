"""Log lines that a machine can read, each with the id of the request that it belongs to.

A request is named by its route, never by its path: a volunteer's path holds the token that is their log-in.
"""

import json
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("blindsight.requests")
_request: ContextVar[str] = ContextVar("request", default="")
_PLAIN = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "request_id"}


def request_log(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an id for every request, and one line for each at level INFO, or ERROR where the site failed."""

    def answer(request: HttpRequest) -> HttpResponse:
        token, began = _request.set(uuid4().hex), time.perf_counter()
        try:
            response = get_response(request)
            level = logging.ERROR if response.status_code >= 500 else logging.INFO
            if log.isEnabledFor(level):
                log.log(level, "%s %s", request.method, _route(request), extra=_facts(response, began))
            return response
        finally:
            _request.reset(token)

    return answer


def _facts(response: HttpResponse, began: float) -> dict[str, Any]:
    return {"status": response.status_code, "milliseconds": round(1000 * (time.perf_counter() - began), 1)}


def _route(request: HttpRequest) -> str:
    return request.resolver_match.route if request.resolver_match else "(no page)"


class RequestFilter(logging.Filter):
    """Gives each record the id of the request in hand; empty outside one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _request.get()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, request, and whatever `extra` held."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := getattr(record, "request_id", ""):
            line["request"] = request
        line |= {key: value for key, value in record.__dict__.items() if key not in _PLAIN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)
