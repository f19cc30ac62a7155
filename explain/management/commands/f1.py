"""F1 by class of a network on a set."""

from typing import Any

from django.core.management.base import CommandParser

from explain import maps
from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError
from explain.maps import run_pending
from explain.models import ImageSet, Network
from explain.networks import find_networks
from explain.photos import find_set
from explain.selection import F1Table, f1_by_class

COLUMNS = ("class", "photos", "precision", "recall", "f1")


class Command(AnswerCommand):
    help = "F1 of a network by class of a set, best first. What the network says of the photos is computed if missing."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set_name", metavar="SET")
        parser.add_argument("--network", required=True)

    def run(self, *, set_name: str, network: str, **_: Any) -> Answer:
        image_set = find_set(set_name)
        networks = find_networks(network)
        if len(networks) != 1:
            raise BadInputError(f"--network {network}: name one network")
        found = f1_by_class(image_set=image_set, network=networks[0])
        if found.unseen:
            _predict(image_set, networks[0])
            found = f1_by_class(image_set=image_set, network=networks[0])
        return _answer(image_set, networks[0], found)


def _predict(image_set: ImageSet, network: Network) -> None:
    run = maps.plan_run(image_set=image_set, networks=[network], methods=[])
    with Bar("photos") as bar:

        def report() -> None:
            state = maps.run_progress(run)
            bar(state.photos_done, state.photos)

        run_pending(run, report)
    failures = maps.run_progress(run).failures
    if failures:
        raise BadInputError(*(f"{batch}: {batch.error}" for batch in failures))


def _answer(image_set: ImageSet, network: Network, found: F1Table) -> Answer:
    rows = [[one.class_name, one.photos, one.precision, one.recall, one.f1] for one in found.classes]
    means: list[object] = [found.macro_precision, found.macro_recall, found.macro_f1]
    total = ["all classes (macro)", found.photos, *("–" if mean is None else mean for mean in means)]
    notes = []
    if found.left_out:
        notes.append(f"{found.left_out} photos are left out: {network} does not know their class.")
    data = {
        "set": image_set.name,
        "network": network.name,
        "photos": found.photos,
        "left_out": found.left_out,
        "accuracy": found.accuracy,
        "macro_precision": found.macro_precision,
        "macro_recall": found.macro_recall,
        "macro_f1": found.macro_f1,
        "classes": [
            dict(zip(COLUMNS, row, strict=True)) | {"class_index": one.class_index}
            for row, one in zip(rows, found.classes, strict=True)
        ],
    }
    return Answer(data=data, header=COLUMNS, rows=[*rows, total], notes=notes)
