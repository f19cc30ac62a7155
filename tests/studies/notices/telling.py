"""Who is told of a study, and when."""

from datetime import timedelta

from explain.core import clock
from studies.models import Notice, NoticeSettings

SECRET = "s" * 40


def told(study, **fields):
    """Who is told of this study, since an hour ago."""
    defaults = {"emails": "anna@example.org\nben@example.org", "changed_at": clock.now() - timedelta(hours=1)}
    return NoticeSettings.objects.create(study=study, **defaults | fields)


def kinds():
    return list(Notice.objects.order_by("id").values_list("kind", "channel"))


def later(monkeypatch, **passed):
    moment = clock.now() + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: moment)
