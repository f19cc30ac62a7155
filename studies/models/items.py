"""What a study asks about: arms, items and the pictures that stand for them. Frozen once it is open."""

from django.db import models

from explain.cam.names import LONGEST
from explain.models import ExplanationMap, Image, MapSet, Network, random_name

from .immutability import FrozenWithStudy
from .study import Study


class Arm(FrozenWithStudy):
    """What competes: one source of maps, a network and a method or a set of maps. `index` is its number in every array of answers."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="arms")
    index = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    network = models.ForeignKey(Network, models.PROTECT, null=True, blank=True)
    map_set = models.ForeignKey(MapSet, models.PROTECT, null=True, blank=True)
    method = models.CharField(max_length=LONGEST)

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="arm_index_once_per_study"),
            models.UniqueConstraint(fields=["study", "name"], name="arm_name_once_per_study"),
        ]

    def __str__(self) -> str:
        return self.name


class Item(FrozenWithStudy):
    """One photo with one explanation map for each arm. Its pictures are the study's own (lifecycle/study_pictures.py)."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="items")
    index = models.PositiveIntegerField()
    image = models.ForeignKey(Image, models.PROTECT)
    picture = models.FileField(
        upload_to=random_name, max_length=100, blank=True, help_text="of the photo, as this study shows it"
    )
    picture_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="of `picture`; empty until it has the length of the study's others",
    )
    prediction = models.JSONField(
        null=True,
        blank=True,
        help_text="where trials show what a network says: network, says, label (classes as the network names them), probability, "
        "right; where maps of several classes stand side by side, targets in their order, and the places of says and label among them; "
        "as it was when the study got ready",
    )

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="item_index_once_per_study"),
            models.UniqueConstraint(fields=["study", "image"], name="photo_once_per_study"),
        ]

    def __str__(self) -> str:
        return f"item {self.index}"


class ItemMap(FrozenWithStudy):
    """The explanation map that stands for an arm on an item."""

    study_path = "item__study"

    item = models.ForeignKey(Item, models.CASCADE, related_name="item_maps")
    arm = models.ForeignKey(Arm, models.CASCADE)
    map = models.ForeignKey(ExplanationMap, models.PROTECT)
    picture = models.FileField(
        upload_to=random_name, max_length=100, blank=True, help_text="of the map, as this study shows it"
    )
    picture_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="of `picture`; empty until it has the length of the study's others",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "arm"], name="one_map_per_item_and_arm")]

    def __str__(self) -> str:
        return f"{self.item_id} / {self.arm_id}"


class ItemPanel(FrozenWithStudy):
    """One of the maps that stand side by side in an arm's picture of an item, each of another class; `place` counts from 0."""

    study_path = "item_map__item__study"

    item_map = models.ForeignKey(ItemMap, models.CASCADE, related_name="panels")
    place = models.PositiveSmallIntegerField()
    map = models.ForeignKey(ExplanationMap, models.PROTECT)

    class Meta:
        ordering = ["item_map", "place"]
        constraints = [
            models.UniqueConstraint(fields=["item_map", "place"], name="one_panel_per_place_of_a_picture")
        ]

    def __str__(self) -> str:
        return f"{self.item_map_id} / {self.place}"


class CheckMap(FrozenWithStudy):
    """A map of an attention check: place 0 lies plainly on the object of the item's photo, the others plainly off it.

    It comes from the photo's boxes and from no network (trials/attention_checks.py).
    """

    study_path = "item__study"

    item = models.ForeignKey(Item, models.CASCADE, related_name="check_maps")
    place = models.PositiveSmallIntegerField()
    file = models.FileField(upload_to=random_name, max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "place"], name="one_check_map_per_place")]

    def __str__(self) -> str:
        return f"{self.item_id} / check {self.place}"
