"""Log lines that a machine can read, each with the id of the request that it belongs to.

A request is named by its route, never by its path: a volunteer's path holds the token that is their log-in.
"""

import json
import logging
import re
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
_TOKEN = re.compile(r"(/(?:p|join|picture)/)[^/\s]+")


def request_log(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an id for every request, and one line for each at level INFO, or ERROR where the site failed."""

    def answer(request: HttpRequest) -> HttpResponse:
        name, began = uuid4().hex, time.perf_counter()
        token = _request.set(name)
        request.log_id = name  # type: ignore[attr-defined]  # for what Django says of it when it is over
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
    """Gives each record the id of the current request (empty outside one), and takes volunteers' tokens out of it.

    Django itself logs the path of what it refuses (404, 405, a form without its token, a fault of the site).
    """

    def filter(self, record: logging.LogRecord) -> bool:
        facts = record.__dict__
        named = facts.get("request_id") or _request.get()
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_token, record.args))
        if isinstance(facts.get("request"), HttpRequest):
            # Its repr is the path again. Some refusals are logged when the request is over, so it carries its id.
            named = getattr(facts.pop("request"), "log_id", named)
        record.request_id = named
        return True


def _without_token(value: object) -> object:
    return _TOKEN.sub(r"\1…", value) if isinstance(value, str) else value


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
