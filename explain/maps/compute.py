"""What a batch makes: predictions and maps. Pictures of them are drawn when a study or somebody on staff needs them.

Torch and files are worked outside of any transaction. Files of large maps are written first; rows come last, all of them
in one short transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from explain import cam
from explain.core import clock
from explain.models import Batch, ExplanationMap, Image, Precompute, Prediction
from explain.networks import load_network
from explain.photos import label_target

from .arrays import keep_array
from .classes import LIKELIEST, first_of, several_in
from .decoding import Decoder, leaves_processors
from .missing import SCORE, map_key, maps_there, missing_maps, parameters_hash


def needs_of(batch: Batch) -> tuple[list[Image], list[str]]:
    """The batch's photos that lack anything, and the methods that any of them lacks."""
    run = batch.precompute
    images = list(batch.images.order_by("pk"))
    lacks = missing_maps(images=images, network=batch.network, methods=run.methods, target=run.target)
    methods = [method for method in run.methods if any(method in lacking for lacking in lacks.values())]
    return [image for image in images if image.pk in lacks], methods


@dataclass
class BatchComputation:
    """One batch in the making: rows that are not saved yet; the files of large maps are.

    `ours` selects the batch's row for as long as nobody else has claimed it.
    """

    batch: Batch
    ours: QuerySet[Batch]
    decoder: Decoder
    maps: list[ExplanationMap] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    _unused: set[str] = field(default_factory=set)

    def compute(self, report: Callable[[int], object] = lambda done: None) -> None:
        """Decode the photos, run the network once, make every missing map from the same features.

        `report(done)` is called with how many photos are done; what it raises ends the computation.
        """
        import torch

        run, network = self.batch.precompute, self.batch.network
        images, methods = needs_of(self.batch)
        if not images:
            return
        net = load_network(network)
        inputs = self.decoder.inputs(net, images)
        report(0)
        if leaves_processors(net):
            self.decoder.look_ahead()
        labels = [label_target(image, network) for image in images]
        batch, targets, several = torch.stack(inputs), None, several_in(run.target)
        if methods and run.target == Precompute.Target.LABEL:
            targets = torch.tensor(labels)
        elif methods and several:  # what the network says is to be known first
            targets = torch.tensor(self._several(images, labels, cam.explain(net, batch, methods=[]).logits))
        out = cam.explain(net, batch, methods=methods, targets=targets, score=SCORE, report=report)
        if not leaves_processors(net):
            self.decoder.look_ahead()  # while the rows are made and written
        self._add_predictions(images, labels, net.probabilities(out.logits.double()), _likeliest(out.logits))
        classes = out.targets if out.targets.ndim == 2 else out.targets[:, None]
        scores = out.logits.gather(1, classes).tolist()
        made_by = dict(out.manifest)
        parameters, brought = made_by.pop("methods"), made_by.pop("brought", {})
        for number, image in enumerate(images):
            for method in methods:
                cells = out.maps[method][number].numpy()
                for place, target in enumerate(classes[number].tolist()):
                    manifest = made_by | {
                        "method": method,
                        "parameters": parameters[method],
                        "score_value": scores[number][place],
                        **({"brought": brought[method]} if method in brought else {}),
                    }
                    of_class = cells[place] if out.targets.ndim == 2 else cells
                    self._add_map(image, method, target, of_class, manifest)

    def _several(self, images: list[Image], labels: list[int | None], logits: Any) -> list[tuple[int, ...]]:
        """The classes of each photo that the run asks for. What was kept as the network's top class stays it."""
        count = min(several_in(self.batch.precompute.target), logits.shape[1])
        said = Prediction.objects.filter(network=self.batch.network, image__in=images)
        tops = dict(said.values_list("image_id", "top_class"))
        return [
            first_of(tops.get(image.pk, row[0]), row, label, count)
            for image, label, row in zip(images, labels, _likeliest(logits), strict=True)
        ]

    def _add_predictions(
        self, images: list[Image], labels: list[int | None], probabilities: Any, likeliest: list[list[int]]
    ) -> None:
        for image, label, row, first in zip(images, labels, probabilities.numpy(), likeliest, strict=True):
            top = int(row.argmax())
            known = label is not None and label < len(row)
            self.predictions.append(
                Prediction(
                    image=image,
                    network=self.batch.network,
                    top_class=top,
                    top_probability=float(row[top]),
                    label_probability=float(row[label]) if known else None,
                    likeliest=first,
                )
            )

    def _add_map(self, image: Image, method: str, target: int, cells: np.ndarray, manifest: dict) -> None:
        network = self.batch.network
        row = ExplanationMap(
            image=image,
            network=network,
            batch=self.batch,
            layer=network.layer,
            method=method,
            target=target,
            parameters_hash=parameters_hash(network, method),
            blank=not (cells > 0).any(),
            manifest=manifest,
        )
        keep_array(row, cells)
        if row.array_file:
            self._unused.add(str(row.array_file.name))
        self.maps.append(row)

    def store(self) -> bool:
        """All rows of the batch, and that it is done, in one short transaction; False if it is no longer ours.

        A map that another run has stored in the meantime stays as it is, and ours goes.
        """
        for last in (False, False, True):
            try:
                with transaction.atomic():
                    stored = self._store_rows()
                break
            except IntegrityError:  # another run stored one of these maps this very moment: look again
                if last:
                    raise
        if stored is None:
            return False
        self._unused -= {row.array_file.name for row in stored}
        return True

    def _store_rows(self) -> list[ExplanationMap] | None:
        if not self.ours.update(state=Batch.State.DONE, finished_at=clock.now(), error=""):
            return None
        network, methods = self.batch.network, self.batch.precompute.methods
        existing = maps_there(network=network, methods=methods, image__in={row.image_id for row in self.maps})
        fresh = [row for row in self.maps if map_key(row) not in existing]
        for row in fresh:
            row.pk = None  # a first try may have been rolled back
        Prediction.objects.bulk_create(self.predictions, ignore_conflicts=True)
        self._keep_likeliest()
        return ExplanationMap.objects.bulk_create(fresh)

    def _keep_likeliest(self) -> None:
        """Add the likeliest classes to predictions that are older than they; what else those say stays as it is."""
        mine = {row.image_id: row.likeliest for row in self.predictions}
        older = list(Prediction.objects.filter(network=self.batch.network, image__in=mine, likeliest=[]))
        for row in older:
            row.likeliest = list(dict.fromkeys([row.top_class, *mine[row.image_id]]))[:LIKELIEST]
        Prediction.objects.bulk_update(older, ["likeliest"])

    def remove_unused_files(self) -> None:
        """Delete the files that no stored row names."""
        for name in self._unused:
            default_storage.delete(name)
        self._unused.clear()


def _likeliest(logits: Any) -> list[list[int]]:
    """The classes of each photo (B, classes), the likeliest first."""
    return logits.topk(min(LIKELIEST, logits.shape[1]), dim=1).indices.tolist()
