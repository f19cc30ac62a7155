"""What a program brings here: photos, networks and maps from files. Each is a job of a worker, which the program asks about."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from explain import jobs, tasks
from explain.cam.loading.description import SCORES
from explain.cam.preprocessing import INTERPOLATIONS, ORDERS
from explain.core.errors import BadInputError
from explain.map_sets import Channels, Covers, Fit, Scale, Sign
from explain.models import Job
from explain.web import maps_brought, named_network_brought, photos_brought, pictures_brought

Brought = Callable[[Any], tuple[Any, dict[str, Any] | None]]


class JobSerializer(serializers.ModelSerializer):
    no_worker = serializers.SerializerMethodField(help_text="it waits, and no worker seems to be there")
    silent = serializers.SerializerMethodField(
        help_text="its worker has not been heard of: it seems to be gone"
    )

    class Meta:
        model = Job
        fields = ["id", "kind", "state", "done", "total", "no_worker", "silent", "error", "result", "created_at", "finished_at"]  # fmt: skip
        extra_kwargs = {  # read by DRF
            "done": {"help_text": "of `total`, whatever the work counts: photos, maps, megabytes"},
            "error": {"help_text": "why it failed, in a sentence with a remedy"},
            "result": {"help_text": "what came of it, once its state is done"},
        }

    def get_no_worker(self, job: Job) -> bool:
        return jobs.to_json(job)["no_worker"]

    def get_silent(self, job: Job) -> bool:
        return jobs.to_json(job)["silent"]


class PhotosBody(serializers.Serializer):
    file = serializers.FileField(help_text="a ZIP with a folder for each class, or with a manifest.csv")
    set_name = serializers.CharField(
        required=False, help_text="by default the file's name; an existing set grows"
    )
    boxes = serializers.FileField(required=False, help_text="CSV: file,boxes or file,x1,y1,x2,y2")


class NetworkBody(serializers.Serializer):
    name = serializers.CharField(help_text="on this site; never shown to volunteers")
    load = serializers.CharField(
        required=False, help_text="torchvision:NAME, timm:NAME or package:NAME; it may stand in the toml"
    )
    layer = serializers.CharField(
        required=False, help_text="by default the deepest whose cells have a place on the photo"
    )
    weights = serializers.CharField(required=False, help_text="by name, as the library calls them")
    file = serializers.FileField(
        required=False, help_text="weights of your own: .safetensors, .pth, .pt or .ckpt"
    )
    toml = serializers.FileField(required=False, help_text="network.toml, with the same keys as what follows")
    classes = serializers.CharField(required=False, help_text="names in the order of its scores, one a line")
    size = serializers.CharField(required=False, help_text="what it reads, in pixels: 224, or 224 × 320")
    resize = serializers.CharField(
        required=False, help_text="the short edge before the crop; 0 squashes the photo"
    )
    interpolation = serializers.ChoiceField(INTERPOLATIONS, required=False)
    channels = serializers.CharField(required=False, help_text="1 (grey) or 3")
    mean = serializers.CharField(required=False, help_text="of each channel, for values 0 to 1")
    std = serializers.CharField(required=False, help_text="the same of the deviation")
    order = serializers.ChoiceField(ORDERS, required=False, help_text="of colours; left out: rgb")
    score = serializers.ChoiceField(SCORES, required=False, help_text="sigmoid: each class for itself")
    output = serializers.CharField(required=False, help_text="which of several outputs has the class scores")
    checkpoint = serializers.CharField(required=False, help_text="which part of the file of weights is taken")
    ignore = serializers.CharField(
        required=False, help_text="beginnings of names in it that the network runs without"
    )


class MapsBody(serializers.Serializer):
    file = serializers.FileField(
        help_text="a ZIP of arrays named as the photos are, or one file of many with ids"
    )
    images = serializers.CharField(help_text="the set of photos that they are maps of")
    name = serializers.CharField(help_text="a protocol names them so: { maps = NAME }")
    covers = serializers.ChoiceField([covers.value for covers in Covers])
    sign = serializers.ChoiceField([sign.value for sign in Sign])
    scale = serializers.ChoiceField([scale.value for scale in Scale])
    channels = serializers.ChoiceField([channels.value for channels in Channels], required=False)
    network = serializers.CharField(
        required=False, help_text="whose crop they cover, and whose classes they explain"
    )


class PicturesBody(serializers.Serializer):
    file = serializers.FileField(help_text="a ZIP of finished pictures named as the photos are")
    images = serializers.CharField(help_text="the set of photos that they are of")
    name = serializers.CharField(help_text="a protocol names them so: { pictures = NAME }")
    fit = serializers.ChoiceField([fit.value for fit in Fit])


class Bringing(viewsets.ViewSet):
    """POST stores what is sent, and asks a worker to take it in: 202 with the job. Staff only, as on the pages."""

    parser_classes = (MultiPartParser,)

    def bring(self, request: Request, kind: str, brought: Brought) -> Response:
        if not request.user.is_staff:
            raise PermissionDenied("Only staff bring photos, networks and maps here.")
        form, arguments = brought(request)
        if arguments is None:
            raise ValidationError({name: list(errors) for name, errors in form.errors.items()})
        job = jobs.ask(kind=kind, arguments=arguments, user=request.user)
        with suppress(BadInputError):  # the broker is away: the job waits, and says so
            tasks.send_job(job)
        return Response(JobSerializer(job).data, status=202)


class PhotoSetViewSet(Bringing):
    @extend_schema(
        summary="Bring photos in",
        description="Whole or not at all. What is passed over and why, and photos that people would not see as meant, stand in the "
        "job's `result`.",
        request={"multipart/form-data": PhotosBody},
        responses={202: JobSerializer},
    )
    def create(self, request: Request) -> Response:
        return self.bring(request, Job.Kind.PHOTOS, photos_brought)


class NetworkViewSet(Bringing):
    @extend_schema(
        summary="Add a network",
        request={"multipart/form-data": NetworkBody},
        responses={202: JobSerializer},
    )
    def create(self, request: Request) -> Response:
        return self.bring(request, Job.Kind.NETWORK, named_network_brought)


class MapSetViewSet(Bringing):
    @extend_schema(
        summary="Bring maps from files in",
        description="One array for each photo of a set, all of them or none. Whatever is wrong is named at once in the job's `error`.",
        request={"multipart/form-data": MapsBody},
        responses={202: JobSerializer},
    )
    def create(self, request: Request) -> Response:
        return self.bring(request, Job.Kind.MAPS, maps_brought)


class PictureSetViewSet(Bringing):
    @extend_schema(
        summary="Bring finished pictures in",
        description="One picture for each photo of a set, all of them or none. Whatever is wrong is named at once in the job's `error`; "
        "what tells the arm (a border, writing) stands in its `result.remarks`.",
        request={"multipart/form-data": PicturesBody},
        responses={202: JobSerializer},
    )
    def create(self, request: Request) -> Response:
        return self.bring(request, Job.Kind.PICTURES, pictures_brought)


@extend_schema_view(
    list=extend_schema(summary="Your jobs, newest first; an admin’s are everybody’s"),
    retrieve=extend_schema(summary="How far a job is"),
)
class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    serializer_class = JobSerializer
    queryset = Job.objects.none()  # for the schema; see get_queryset

    def get_queryset(self):
        user = self.request.user
        jobs_of = Job.objects.all() if user.is_superuser else Job.objects.filter(created_by_id=user.pk)
        return jobs_of.order_by("-pk")
