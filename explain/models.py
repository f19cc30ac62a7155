"""Photos and networks in, explanation maps out. Nothing here may import torch."""

import hashlib
import secrets

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from explain.cam.loading.names import has_random_weights
from explain.cam.metrics.faithfulness import drops
from explain.cam.names import LONGEST, NOTHING

from .core import clock
from .core.array_files import ArrayFileError, sha256_of_array, unpack
from .core.errors import BadInputError

MADE_HOW = (Q(network=None) ^ Q(map_set=None)) | Q(network=None, map_set=None, method=NOTHING)


def random_name(_instance: models.Model, filename: str) -> str:
    """A random name in storage that says nothing about the file: 192 bits, in one of 256 folders, the extension kept."""
    token = secrets.token_hex(24)
    extension = filename.rsplit(".", 1)[-1].lower()
    return f"{token[:2]}/{token[2:]}.{extension}"


class ImageSet(models.Model):
    """A named collection of labelled photos."""

    name = models.SlugField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    """One photo, re-encoded without metadata, or used where it lies. `picture` is the square frame that people are shown.
    Read its pixels by photos/pixels.py. A photo used in place has no `file`, and its `picture` is made when it is first shown."""

    image_set = models.ForeignKey(ImageSet, models.CASCADE, related_name="images")
    file = models.FileField(upload_to=random_name, max_length=100, blank=True)
    picture = models.FileField(upload_to=random_name, max_length=100, blank=True)
    source_path = models.CharField(
        max_length=1000, blank=True, help_text="where a photo lies that is used in place"
    )
    original_name = models.CharField(max_length=255)
    class_index = models.PositiveIntegerField(null=True, blank=True)
    class_name = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    source_sha256 = models.CharField(max_length=64, help_text="of the bytes that were imported")
    content_sha256 = models.CharField(
        max_length=64, help_text="of the file that is read: re-encoded, or the source if used in place"
    )
    boxes = models.JSONField(
        default=list, blank=True, help_text="[[x1, y1, x2, y2], …] in pixels of the photo"
    )
    author = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["image_set", "id"]
        constraints = [
            models.UniqueConstraint(fields=["image_set", "source_sha256"], name="one_copy_of_a_photo_per_set")
        ]

    def __str__(self) -> str:
        return self.original_name


class Network(models.Model):
    """How to load a network, and what loading it once told us. Never called a model."""

    name = models.SlugField(max_length=100, unique=True)
    load = models.CharField(
        max_length=200, help_text="torchvision:resnet50, timm:…, package:squeezenet1_1, or a file"
    )
    weights = models.CharField(
        max_length=500, blank=True, help_text="DEFAULT, a path, or empty for random weights"
    )
    layer = models.CharField(max_length=200, help_text="where the network is cut")
    class_names = models.JSONField(default=list)
    preprocessing = models.JSONField(default=dict, help_text="size, resize, mean, std, interpolation")
    said = models.JSONField(default=dict, blank=True, help_text="score, output, checkpoint, ignore, size")
    notes = models.JSONField(default=list, blank=True, help_text="sentences: what was taken, what assumed")
    weights_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_random(self) -> bool:
        """Whether its weights are random: nobody has trained it, and its maps mean nothing."""
        return not self.weights and has_random_weights(self.load)


class Prediction(models.Model):
    """What a network says of a photo. Photos that it gets right are chosen by these rows, and F1 is counted from them."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="predictions")
    network = models.ForeignKey(Network, models.CASCADE, related_name="predictions")
    top_class = models.PositiveIntegerField()
    top_probability = models.FloatField()
    label_probability = models.FloatField(null=True, help_text="empty where the photo's label is not a class")
    likeliest = models.JSONField(default=list, blank=True, help_text="ten classes at most; empty: not kept")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "network"], name="one_prediction_per_photo_and_network")
        ]

    def __str__(self) -> str:
        return f"{self.network_id} on {self.image_id}: {self.top_class}"

    @property
    def top_name(self) -> str:
        return dict(enumerate(self.network.class_names)).get(self.top_class, str(self.top_class))


class Precompute(models.Model):
    """A run that makes maps: which photos, networks, methods and classes (maps/classes.py). Its state is that of its batches."""

    class Target(models.TextChoices):
        LABEL = "label", "the photo's label"
        TOP = "top", "the network's top class"

    image_set = models.ForeignKey(ImageSet, models.PROTECT, related_name="precomputes")
    networks = models.ManyToManyField(Network, related_name="precomputes")
    methods = models.JSONField(default=list)
    target = models.CharField(max_length=10, default=Target.LABEL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"run {self.pk}"


class BatchQuerySet(models.QuerySet):
    def stale(self):
        """Running, but silent for longer than BATCH_STALE_SECONDS: its worker is gone."""
        return self.filter(state=Batch.State.RUNNING, heartbeat_at__lt=clock.gone_before())


class Batch(models.Model):
    """Some photos for one network: the unit of work. These rows are the truth; the broker carries ids."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    precompute = models.ForeignKey(Precompute, models.CASCADE, related_name="batches")
    network = models.ForeignKey(Network, models.CASCADE, related_name="batches")
    images = models.ManyToManyField(Image, related_name="batches")
    photos_done = models.PositiveIntegerField(default=0, help_text="by the worker that has it; kept by none")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["state", "heartbeat_at"], name="batch_state_heartbeat")]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class MapPicture(models.TextChoices):
    """How a map is shown to people: a picture of each kind is made of it, named as the column of `ExplanationMap`."""

    OVERLAY = "overlay", "map over the photo"
    MASKED = "masked", "the top 20 % of the photo"
    HEAT = "heat", "the map alone"


class MapSet(models.Model):
    """Maps that somebody brought, one for each photo of a set, and how their arrays were read; or finished pictures (`fit`). Never
    changed. `network`: whose crop they cover and whose classes they explain. `sha256`: of all that. Not `finished_at`: no study takes it."""

    name = models.SlugField(max_length=50, unique=True)
    image_set = models.ForeignKey(ImageSet, models.PROTECT, related_name="map_sets")
    network = models.ForeignKey(Network, models.PROTECT, null=True, blank=True, related_name="map_sets")
    covers = models.CharField(max_length=10, blank=True)
    sign = models.CharField(max_length=10, blank=True)
    scale = models.CharField(max_length=10, blank=True)
    channels = models.CharField(max_length=10, blank=True)
    fit = models.CharField(max_length=10, blank=True, help_text="of finished pictures alone: whole, frame")
    provenance = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class ExplanationMap(models.Model):
    """A map, raw float32 (`array()`), and its pictures: computed by a network, once, or of a set that somebody brought."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="maps")
    network = models.ForeignKey(Network, models.PROTECT, null=True, blank=True, related_name="maps")
    map_set = models.ForeignKey(MapSet, models.PROTECT, null=True, blank=True, related_name="maps")
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="maps")
    layer = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=LONGEST)
    target = models.PositiveIntegerField(null=True, blank=True)
    parameters_hash = models.CharField(max_length=64)
    values = models.BinaryField(
        default=bytes, help_text="float32, row by row, before any min-max; empty where it lies in a file"
    )
    array_file = models.FileField(
        upload_to=random_name, max_length=100, blank=True, help_text="where a large map lies"
    )
    array_sha256 = models.CharField(
        max_length=64, blank=True, help_text="of the values in the file, as `values` would hold them"
    )
    height = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    blank = models.BooleanField(default=False, help_text="no cell above zero: nothing to see")
    overlay = models.FileField(upload_to=random_name, max_length=100, blank=True)
    masked = models.FileField(upload_to=random_name, max_length=100, blank=True)
    heat = models.FileField(upload_to=random_name, max_length=100, blank=True)
    manifest = models.JSONField(
        default=dict, help_text="how it was made: parameters, hashes, versions, device"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "network", "layer", "method", "target", "parameters_hash"],
                name="a_map_is_computed_once",
            ),
            models.UniqueConstraint(fields=["map_set", "image"], name="one_map_of_a_photo_per_set"),
            models.CheckConstraint(condition=MADE_HOW, name="computed_or_brought"),
            models.UniqueConstraint(fields=["image"], condition=Q(method=NOTHING), name="one_none_per_photo"),
            models.CheckConstraint(condition=Q(height__gt=0) & Q(width__gt=0), name="a_map_has_cells"),
        ]

    def __str__(self) -> str:
        return f"{self.method} of {self.network_id or 'files'} on {self.image_id}"

    def array(self) -> np.ndarray:
        """The raw map, (height, width) float32. BadInputError where its file is gone, or is not what was stored."""
        if not self.array_file:
            return np.frombuffer(self.values, dtype="<f4").reshape(self.height, self.width)
        try:
            with self.array_file.storage.open(str(self.array_file.name)) as file:
                cells = unpack(file.read(), self.height, self.width)
        except (OSError, ArrayFileError) as error:
            raise self._unreadable(str(error)) from error
        if sha256_of_array(cells) != self.array_sha256:
            raise self._unreadable("it is not the map that was stored")
        return cells

    @property
    def values_sha256(self) -> str:
        """SHA-256 of the raw map: float32, little-endian, row by row. Of a map in a file it is taken from the row."""
        return self.array_sha256 or hashlib.sha256(bytes(self.values)).hexdigest()

    def _unreadable(self, why: str) -> BadInputError:
        return BadInputError(
            f"map {self.pk}: its file {self.array_file.name} cannot be used ({why}); restore it from a backup"
        )


class Evaluation(models.Model):
    """What one map is worth on one photo under one protocol (evaluation/protocols.py). Computed once, never twice.

    Y is the target's score on the photo, O on what the map leaves of it. Which figures are there depends on the
    protocol; those of boxes on whether the photo has any that the network sees.
    """

    image = models.ForeignKey(Image, models.CASCADE, related_name="evaluations")
    network = models.ForeignKey(Network, models.CASCADE, related_name="evaluations")
    layer = models.CharField(max_length=200)
    method = models.CharField(max_length=LONGEST)
    target = models.PositiveIntegerField()
    protocol = models.CharField(max_length=40)
    parameters_hash = models.CharField(max_length=64, help_text="of the map's parameters and the protocol's")
    confidence = models.FloatField(help_text="Y, softmax")
    activation = models.FloatField(help_text="Y, logit")
    confidence_left = models.FloatField(null=True, help_text="O, softmax")
    activation_left = models.FloatField(null=True, help_text="O, logit")
    insertion = models.FloatField(null=True, help_text="area under the confidence while the photo appears")
    deletion = models.FloatField(null=True, help_text="area under the confidence while the photo goes")
    iou_10 = models.FloatField(
        null=True, help_text="best overlap of a box with the map's at 10 % of its maximum"
    )
    iou_30 = models.FloatField(null=True, help_text="at 30 %")
    iou_50 = models.FloatField(null=True, help_text="at 50 %")
    pointing = models.BooleanField(null=True, help_text="the map's maximum lies in a box")
    energy = models.FloatField(null=True, help_text="share of the map that lies in the boxes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "network", "layer", "method", "target", "protocol", "parameters_hash"],
                name="a_map_is_evaluated_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.protocol} of {self.method} of {self.network_id} on {self.image_id}"

    def drop(self, score: str = "confidence") -> float | None:
        """How much of a score, `confidence` or `activation`, is gone under the map's mask: per cent, 0 where it rose.

        None where there is no drop: the protocol shows no masked photo, or the score on the photo is not above 0.
        """
        whole, left = getattr(self, score), getattr(self, f"{score}_left")
        return None if left is None or whole <= 0 else float(drops(whole, left, scale=100))


class Worker(models.Model):
    """A process that makes maps and does jobs. It says now and then that it is there (jobs/workers.py)."""

    name = models.CharField(max_length=200, unique=True, help_text="host:process id")
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-heartbeat_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_there(self) -> bool:
        """Whether it has been heard of lately."""
        return self.heartbeat_at >= clock.gone_before()


class Job(models.Model):
    """Work that somebody asked for on a page and that a worker does: photos to bring in, a network to try or add …
    The row is the truth; the message carries its id. `arguments` name files that came with it, under `uploads/`."""

    class Kind(models.TextChoices):
        """The kinds of this app; other apps add theirs by `jobs.register` when Django starts."""

        PHOTOS = "photos", "bring photos in"
        MAPS = "maps", "bring maps in"
        PICTURES = "pictures", "bring pictures in"
        TRY = "try", "try a network"
        NETWORK = "network", "add a network"

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, help_text="what came of it, for its page")
    picture = models.FileField(upload_to=random_name, max_length=100, blank=True)
    error = models.TextField(blank=True)
    back = models.CharField(max_length=200, blank=True, help_text="the page to go on with")
    worker = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="jobs")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"job {self.pk}: {self.get_kind_display()}"
