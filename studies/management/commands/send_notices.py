"""Look once for studies of which somebody is to be told, and send what is due: where no worker runs, from a timer."""

from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.models import Notice
from studies.notices import look_around


class Command(AnswerCommand):
    help = "Tell those whom studies name that they are full, stall, or that somebody wrote; workers do it every minute."

    def arguments(self, parser: CommandParser) -> None:
        """None."""

    def run(self, **_: Any) -> Answer:
        sent = look_around()
        waiting = Notice.objects.exclude(due_at=None).count()
        data = {"sent": sent, "to be sent": waiting}
        return Answer(data=data, header=["notices", "number"], rows=list(data.items()))
