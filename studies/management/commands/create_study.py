"""Make a study from a protocol file, ready to open."""

from math import ceil
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from studies.lifecycle import NAMED, create_study, orders_are_known, prepare_pictures
from studies.models import Study
from studies.protocol import choose_classes, read_protocol, remarks_on


class Command(AnswerCommand):
    help = "Make a study and its pictures from a study.toml, ready to open. docs/protocols/ has examples."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", type=Path, help="the study.toml")

    def run(self, *, protocol: Path, **_: Any) -> Answer:
        asked = read_protocol(protocol)
        study = create_study(protocol=asked)
        with Bar("photos") as bar:
            prepare_pictures(study, bar)
        data = {"study": study.slug, "task": study.task, "state": study.state, **_size(study)}
        return Answer(
            data=data,
            header=[name.replace("_", " ") for name in data],
            rows=[list(data.values())],
            notes=[
                *remarks_on(asked, choose_classes(asked)),
                *([NAMED] if orders_are_known(study) else []),
                f"Nothing is asked yet. Next: manage.py open_study {study.slug}",
            ],
        )


def _size(study: Study) -> dict[str, int]:
    items, each = study.items.count(), study.responses_per_item
    quota = min(study.trials_per_participant, items)
    return {
        "arms": study.arms.count(),
        "photos": items,
        "trials": items * each,
        "least_people": max(each, ceil(items * each / quota)),
    }
