"""The API: studies, their scores and their answers, to be read by a researcher's own programs.

By token (`Authorization: Token …`, made on the page /api/tokens/) or with the session of someone logged in. Everyone
reads the studies in which they have a role; researchers write with a token whose scope is write (actions.py).
"""

from django.contrib.auth.decorators import login_required
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from studies import models
from studies.lifecycle import seal_json
from studies.models import Study
from studies.monitoring import progress_of, with_item_count
from studies.protocol import HIDDEN, results_hidden
from studies.results import WHO, UnknownPartError, all_answers, part_of, scores_json

from .actions import DESCRIBING, ByCursor, StudyActions
from .serializers import SCORES, AnswerSerializer, StudySerializer

WHO_PARAMETER = OpenApiParameter(
    "who",
    enum=WHO,
    description="Whose answers. By default real people's, or simulated ones if only those exist.",
)
VERSION_PARAMETER = OpenApiParameter(
    "version", int, description="Only answers under this version of the protocol. By default all."
)
STATUS_PARAMETER = OpenApiParameter(
    "status", enum=models.Response.Status.values, description="Only answers with this status. By default all."
)


@extend_schema_view(
    list=extend_schema(summary="Your studies"),
    retrieve=extend_schema(summary="One study"),
)
class StudyViewSet(StudyActions, viewsets.ReadOnlyModelViewSet):
    serializer_class = StudySerializer
    lookup_field = "slug"
    queryset = Study.objects.none()  # for the schema; see get_queryset

    def get_queryset(self):
        visible = Study.objects.visible_to(self.request.user)
        return with_item_count(visible).prefetch_related("arms__network")

    def get_serializer(self, *args, **kwargs):
        if args and self.serializer_class is StudySerializer and self.action in DESCRIBING:
            studies = args[0] if kwargs.get("many") else [args[0]]
            kwargs["context"] = {**self.get_serializer_context(), "progress": progress_of(studies)}
        return super().get_serializer(*args, **kwargs)

    def answered_study(self) -> Study:
        """The study, if its answers may be seen now."""
        study = self.get_object()
        if results_hidden(study):
            raise PermissionDenied(HIDDEN)
        return study

    @extend_schema(
        summary="Scores with 95 % intervals",
        description="The same numbers as the results page and `manage.py scores SLUG --json`. They begin with `seal` where "
        "what the study asks is no longer what was sealed at its opening.",
        parameters=[WHO_PARAMETER, VERSION_PARAMETER],
        responses=SCORES,
    )
    @action(detail=True, pagination_class=None)
    def scores(self, request: Request, slug: str) -> Response:
        study, query = self.answered_study(), request.query_params
        try:
            part = part_of(study, query.get("who"), version=query.get("version"))
        except UnknownPartError as error:
            raise ValidationError({error.what: str(error)}) from error
        return Response(scores_json(study, part))

    @extend_schema(
        summary="Answers, oldest first",
        description="Every answer, those taken back, late or voided too. Scores use those with status `counted` of "
        "participants who did not withdraw. Each page begins with `seal` where what the study asks is no longer what was "
        "sealed at its opening.",
        parameters=[WHO_PARAMETER, STATUS_PARAMETER],
        responses=AnswerSerializer(many=True),
    )
    @action(detail=True, pagination_class=ByCursor, serializer_class=AnswerSerializer)
    def answers(self, request: Request, slug: str) -> Response:
        study = self.answered_study()
        try:
            rows = all_answers(study, request.query_params.get("who") or "all")
        except UnknownPartError as error:
            raise ValidationError({error.what: str(error)}) from error
        if status := request.query_params.get("status"):
            if status not in models.Response.Status.values:
                raise ValidationError(
                    {"status": f"{status} is not one of {', '.join(models.Response.Status.values)}"}
                )
            rows = rows.filter(status=status)
        page = self.paginate_queryset(rows)
        arms = [arm.name for arm in study.arms.all()]
        context = {**self.get_serializer_context(), "study": study, "arms": arms}
        response = self.get_paginated_response(AnswerSerializer(page, many=True, context=context).data)
        response.data = seal_json(study) | response.data
        return response


schema = SpectacularAPIView.as_view(permission_classes=[IsAuthenticated])
# The page's script comes from a request of its own, so the CSP needs no exception.
docs = login_required(
    SpectacularSwaggerSplitView.as_view(
        permission_classes=[IsAuthenticated], template_name="studies/api/api_docs.html", url_name="api-schema"
    )
)
