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
        by_label = methods and run.target == Precompute.Target.LABEL
        targets = torch.tensor(labels) if by_label else None
        out = cam.explain(
            net, torch.stack(inputs), methods=methods, targets=targets, score=SCORE, report=report
        )
        if not leaves_processors(net):
            self.decoder.look_ahead()  # while the rows are made and written
        self._add_predictions(images, labels, net.probabilities(out.logits.double()))
        scores = out.logits.gather(1, out.targets[:, None])[:, 0].tolist()
        made_by = dict(out.manifest)
        parameters, brought = made_by.pop("methods"), made_by.pop("brought", {})
        for number, image in enumerate(images):
            for method in methods:
                manifest = made_by | {
                    "method": method,
                    "parameters": parameters[method],
                    "score_value": scores[number],
                    **({"brought": brought[method]} if method in brought else {}),
                }
                cells = out.maps[method][number].numpy()
                self._add_map(image, method, int(out.targets[number]), cells, manifest)

    def _add_predictions(self, images: list[Image], labels: list[int | None], probabilities: Any) -> None:
        for image, label, row in zip(images, labels, probabilities.numpy(), strict=True):
            top = int(row.argmax())
            known = label is not None and label < len(row)
            self.predictions.append(
                Prediction(
                    image=image,
                    network=self.batch.network,
                    top_class=top,
                    top_probability=float(row[top]),
                    label_probability=float(row[label]) if known else None,
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
        return ExplanationMap.objects.bulk_create(fresh)

    def remove_unused_files(self) -> None:
        """Delete the files that no stored row names."""
        for name in self._unused:
            default_storage.delete(name)
        self._unused.clear()
