"""Everything of the explain app in the admin. What was computed can be read; what people wrote can be corrected."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from explain.core.errors import BadInputError

from . import tasks
from .maps import requeue_stale, retry_failed, runs_with_counts
from .models import (
    Batch,
    Evaluation,
    ExplanationMap,
    Image,
    ImageSet,
    MapSet,
    Network,
    Precompute,
    Prediction,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the program makes and changes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ImageSet)
class ImageSetAdmin(admin.ModelAdmin):
    list_display = ["name", "photos", "created_at"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(photo_count=Count("images"))

    @admin.display(ordering="photo_count")
    def photos(self, image_set: Any) -> int:
        return image_set.photo_count


@admin.register(Image)
class ImageAdmin(admin.ModelAdmin):
    """Labels and credits can be corrected; the photo itself cannot. Photos come in by `import_images`."""

    list_display = ["original_name", "image_set", "class_name", "class_index", "author", "licence"]
    list_filter = ["image_set", "licence"]
    list_select_related = ["image_set"]
    search_fields = ["original_name", "class_name", "author"]
    fields = [
        "photo", "image_set", "original_name", "class_name", "class_index", "boxes", "author", "licence", "source",
        "width", "height", "source_sha256", "content_sha256",
    ]  # fmt: skip
    _fixed = ("photo", "image_set", "original_name", "width", "height", "source_sha256", "content_sha256")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> tuple[str, ...]:
        """Maps were made of the label: once there are any, it stays."""
        label = ("class_name", "class_index") if obj and obj.maps.exists() else ()
        return (*self._fixed, *label)

    @admin.display(description="photo")
    def photo(self, image: Image) -> str:
        return format_html(
            '<img src="{}" width="224" height="224" alt="">', reverse("photo-picture", args=[image.pk])
        )


@admin.register(Network)
class NetworkAdmin(admin.ModelAdmin):
    """A network is added by `add_network`, which checks it by loading it. Its name can change, and its layer without maps.

    What it is loaded from is never written here: a browser names nothing that a worker would open.
    """

    list_display = ["name", "load", "weights_in_words", "layer", "maps"]
    search_fields = ["name", "load"]
    readonly_fields = [
        "load",
        "weights",
        "class_names",
        "preprocessing",
        "said",
        "notes",
        "weights_sha256",
        "created_at",
    ]

    @admin.display(description="weights")
    def weights_in_words(self, network: Network) -> str:
        if network.is_random:
            return format_html('<strong class="errornote">{}</strong>', "random weights")
        return network.weights or "its own"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(map_count=Count("maps"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Network | None = None) -> tuple[str, ...]:
        fixed = tuple(self.readonly_fields)
        has_maps = obj is not None and obj.maps.exists()
        return ("layer", *fixed) if has_maps else fixed

    @admin.display(ordering="map_count")
    def maps(self, network: Any) -> int:
        return network.map_count


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    list_display = ["image", "network", "top_name", "top_probability", "label_probability"]
    list_filter = ["network", "image__image_set"]
    list_select_related = ["image", "network"]
    search_fields = ["image__original_name"]


@admin.register(Precompute)
class PrecomputeAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "image_set", "methods", "target", "batches", "done", "failed", "created_at"]
    list_filter = ["image_set", "networks"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return runs_with_counts()

    @admin.display(ordering="batch_count")
    def batches(self, run: Any) -> int:
        return run.batch_count

    @admin.display(ordering="done")
    def done(self, run: Any) -> int:
        return run.done

    @admin.display(ordering="failed")
    def failed(self, run: Any) -> int:
        return run.failed


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__",
        "precompute",
        "network",
        "state",
        "attempts",
        "worker",
        "heartbeat_at",
        "error",
    ]
    list_filter = ["state", "network"]
    list_select_related = ["precompute", "network"]
    exclude = ["images"]
    actions = ["requeue"]

    @admin.action(description="Requeue failed batches and those whose worker is gone", permissions=["view"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        again = retry_failed(queryset) + requeue_stale()
        try:
            tasks.send(again)
        except BadInputError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"Waiting for a worker: {len(again)}.")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """One row is what one map is worth on one photo under one protocol; tables are made of these."""

    list_display = [
        "image", "network", "method", "protocol", "confidence", "confidence_left", "activation", "activation_left",
        "iou_50", "pointing", "energy",
    ]  # fmt: skip
    list_filter = ["protocol", "method", "network", "image__image_set"]
    list_select_related = ["image", "network"]
    search_fields = ["image__original_name"]


@admin.register(MapSet)
class MapSetAdmin(ReadOnlyAdmin):
    list_display = ["name", "image_set", "network", "covers", "sign", "scale", "fit", "finished_at"]
    list_filter = ["image_set"]
    list_select_related = ["image_set", "network"]
    search_fields = ["name"]


@admin.register(ExplanationMap)
class ExplanationMapAdmin(ReadOnlyAdmin):
    list_display = ["image", "network", "map_set", "method", "target", "blank", "created_at"]
    list_filter = ["method", "network", "map_set", "blank", "image__image_set"]
    list_select_related = ["image", "network", "map_set"]
    search_fields = ["image__original_name"]
    fields = [
        "overlay_picture", "image", "network", "map_set", "layer", "method", "target", "height", "width", "blank",
        "parameters_hash", "manifest", "batch", "created_at",
    ]  # fmt: skip
    readonly_fields = ["overlay_picture"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("values")

    @admin.display(description="map")
    def overlay_picture(self, row: ExplanationMap) -> str:
        return format_html(
            '<img src="{}" width="224" height="224" alt="">', reverse("map-picture", args=["overlay", row.pk])
        )
