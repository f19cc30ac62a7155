"""F1 by class of a network on a set."""

from typing import Any

from django.core.management.base import CommandParser

from explain import maps
from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError
from explain.core.sparing import sparingly
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
        f1_table = f1_by_class(image_set=image_set, network=networks[0])
        if f1_table.unseen:
            _predict(image_set, networks[0])
            f1_table = f1_by_class(image_set=image_set, network=networks[0])
        return _answer(image_set, networks[0], f1_table)


def _predict(image_set: ImageSet, network: Network) -> None:
    run = maps.plan_run(image_set=image_set, networks=[network], methods=[])
    with Bar("photos") as bar:

        def report() -> None:
            state = maps.run_progress(run)
            bar(state.photos_done, state.photos)

        run_pending(run, sparingly(report))
        report()
    failures = maps.run_progress(run).failures
    if failures:
        raise BadInputError(*(f"{batch}: {batch.error}" for batch in failures))


def _answer(image_set: ImageSet, network: Network, f1_table: F1Table) -> Answer:
    rows = [
        [class_f1.class_name, class_f1.photos, class_f1.precision, class_f1.recall, class_f1.f1]
        for class_f1 in f1_table.classes
    ]
    means: list[object] = [f1_table.macro_precision, f1_table.macro_recall, f1_table.macro_f1]
    total = ["all classes (macro)", f1_table.photos, *("–" if mean is None else mean for mean in means)]
    notes = []
    if f1_table.left_out:
        notes.append(f"{f1_table.left_out} photos are left out: {network} does not know their class.")
    data = {
        "set": image_set.name,
        "network": network.name,
        "photos": f1_table.photos,
        "left_out": f1_table.left_out,
        "accuracy": f1_table.accuracy,
        "macro_precision": f1_table.macro_precision,
        "macro_recall": f1_table.macro_recall,
        "macro_f1": f1_table.macro_f1,
        "classes": [
            dict(zip(COLUMNS, row, strict=True)) | {"class_index": class_f1.class_index}
            for row, class_f1 in zip(rows, f1_table.classes, strict=True)
        ],
    }
    return Answer(data=data, header=COLUMNS, rows=[*rows, total], notes=notes)
