"""What a program may do with a study: the same services as the pages, for those who may change it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from explain.core.errors import BadInputError
from studies.access import add_note, may_edit
from studies.arena import join, leave
from studies.exports import csv_chunks, jsonl_chunks
from studies.lifecycle import NotComparedError, change_state, grow, named_download, revoke_invitation
from studies.models import Participant, Study
from studies.monitoring import invitations_with_people, with_item_count
from studies.participation import invite
from studies.protocol import check_protocol, parse_toml
from studies.setup import create_draft, look, start_to_prepare, try_again
from studies.trials import delete_test_people, take_back_in, void_participant, withdraw

from .errors import MESSAGE
from .serializers import (
    DeletedSerializer,
    EventSerializer,
    GrowthSerializer,
    InvitationSerializer,
    JoiningSerializer,
    LeavingSerializer,
    NewInvitationSerializer,
    NoteSerializer,
    OpeningSerializer,
    ParticipantSerializer,
    ProtocolSerializer,
    ReasonSerializer,
    StandingSerializer,
    StudySerializer,
    TakenBackInSerializer,
    VersionSerializer,
    VoidedSerializer,
)

DESCRIBING = ("list", "retrieve", "create", "prepare", "open", "pause", "close")
PK = OpenApiParameter("invitation", int, OpenApiParameter.PATH)
NUMBER = OpenApiParameter("number", int, OpenApiParameter.PATH)


class ByCursor(CursorPagination):
    """Pages that stay in place while rows come in, and cost the same however deep."""

    ordering = "id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class NotYetError(APIException):
    status_code = 409


@contextmanager
def bad_input_refused() -> Iterator[None]:
    try:
        yield
    except NotComparedError:
        raise
    except BadInputError as error:
        raise ValidationError({"error": error.lines}) from error


class StudyActions:
    """Routes below one study. The view set that uses it gives `get_object()` and the rest of DRF."""

    get_object: Any
    get_serializer: Any
    paginate_queryset: Any
    get_paginated_response: Any
    request: Any

    def editable_study(self) -> Study:
        study = self.get_object()
        if not may_edit(self.request.user, study):
            raise PermissionDenied("You may look at this study; changing it takes one of its researchers.")
        return study

    def _page(self, rows: Any, serializer: Any) -> Response:
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)

    def _go(self, to: str, **options: bool) -> Response:
        study = self.editable_study()
        with bad_input_refused():
            change_state(study=study, to=to, user=self.request.user, **options)
        return self._as_it_is(study)

    def _as_it_is(self, study: Study, status: int = 200) -> Response:
        now = with_item_count(Study.objects.filter(pk=study.pk)).prefetch_related("arms__network").get()
        return Response(self.get_serializer(now).data, status=status)

    @extend_schema(
        summary="Make a study from its protocol",
        description="What `study.toml` holds, as a text. You are its researcher. It is a draft: `prepare` it, then open it.",
        request=ProtocolSerializer,
        responses={201: StudySerializer},
    )
    def create(self, request: Request) -> Response:
        if not request.user.is_staff:
            raise PermissionDenied("Only staff set studies up.")
        body = ProtocolSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with bad_input_refused():
            source = parse_toml(body.validated_data["toml"].encode(), name="toml")
            check_protocol(source)
            study = create_draft(source=source, user=request.user)
        return self._as_it_is(study, status=201)

    @extend_schema(
        summary="Make a draft ready",
        description="Workers make what its protocol lacks. Ask for its `preparation` until its state is `ready`. Of a study that is on its "
        "way: try again what failed.",
        request=None,
        responses=StudySerializer,
    )
    @action(detail=True, methods=["post"])
    def prepare(self, request: Request, slug: str) -> Response:
        study = self.editable_study()
        with bad_input_refused():
            if study.state == Study.State.PRECOMPUTING:
                try_again(study)
            else:
                start_to_prepare(study=study, user=request.user)
        return self._as_it_is(study)

    @extend_schema(summary="How far a study is on its way to being ready", responses=StandingSerializer)
    @action(detail=True, pagination_class=None)
    def preparation(self, request: Request, slug: str) -> Response:
        return Response(StandingSerializer(look(self.editable_study())).data)

    @extend_schema(
        summary="Open a study that is ready, or resume one",
        description="409 while a worker still compares what its arms look like: ask again until it is done.",
        request=OpeningSerializer,
        responses={200: StudySerializer, 409: OpenApiResponse(MESSAGE, description="Not yet.")},
    )
    @action(detail=True, methods=["post"])
    def open(self, request: Request, slug: str) -> Response:
        body = OpeningSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            return self._go(Study.State.OPEN, **body.validated_data)
        except NotComparedError as error:
            raise NotYetError(str(error)) from error

    @extend_schema(summary="Pause", request=None, responses=StudySerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, slug: str) -> Response:
        return self._go(Study.State.PAUSED)

    @extend_schema(summary="Close for good", request=None, responses=StudySerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, slug: str) -> Response:
        return self._go(Study.State.CLOSED)

    @extend_schema(
        summary="Ask for more answers to each photo of a paused study",
        description="A new version of its protocol, with the trials that it lacks, in orders that keep the balance. Answers so far "
        "stay. No study shrinks, and none that plans looks grows.",
        request=GrowthSerializer,
        responses=VersionSerializer,
    )
    @action(detail=True, methods=["post"])
    def grow(self, request: Request, slug: str) -> Response:
        study = self.editable_study()
        body = GrowthSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with bad_input_refused():
            version = grow(study=study, user=request.user, **body.validated_data)
        return Response(VersionSerializer(version).data)

    @extend_schema(
        summary="Let an arm join a living comparison",
        description="It is asked about more until its interval is as wide as the others'. Answers so far stay. A study that is open is "
        "paused for a moment, and goes on.",
        request=JoiningSerializer,
        responses=VersionSerializer,
    )
    @action(detail=True, methods=["post"])
    def join(self, request: Request, slug: str) -> Response:
        study = self.editable_study()
        body = JoiningSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with bad_input_refused():
            version = join(study=study, user=request.user, **body.validated_data)
        return Response(VersionSerializer(version).data)

    @extend_schema(
        summary="Ask about an arm of a living comparison no more",
        description="It keeps its row, its rank and its answers.",
        request=LeavingSerializer,
        responses=VersionSerializer,
    )
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, slug: str) -> Response:
        study = self.editable_study()
        body = LeavingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with bad_input_refused():
            version = leave(study=study, user=request.user, **body.validated_data)
        return Response(VersionSerializer(version).data)

    @extend_schema(
        summary="All answers as a file",
        description="Where what the study asks is no longer what was sealed at its opening, the header Blindsight-Seal "
        "says so, and so does the file’s name.",
        parameters=[OpenApiParameter("as", enum=["csv", "jsonl"], description="By default csv.")],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    @action(detail=True, pagination_class=None)
    def export(self, request: Request, slug: str) -> HttpResponseBase:
        study = self.answered_study()  # type: ignore[attr-defined]
        kinds = {
            "csv": (csv_chunks, "text/csv; charset=utf-8"),
            "jsonl": (jsonl_chunks, "application/x-ndjson"),
        }
        kind = request.query_params.get("as", "csv")
        if kind not in kinds:
            raise ValidationError({"as": f"{kind} is not one of {', '.join(kinds)}"})
        chunks, content_type = kinds[kind]
        response = StreamingHttpResponse(chunks(study), content_type=content_type)
        return named_download(response, study, "answers", kind)

    @extend_schema(summary="Versions of the protocol, in full", responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=ByCursor, serializer_class=VersionSerializer)
    def versions(self, request: Request, slug: str) -> Response:
        return self._page(self.get_object().versions.select_related("user"), VersionSerializer)

    @extend_schema(methods=["get"], summary="Invitations", responses=InvitationSerializer(many=True))
    @extend_schema(
        methods=["post"],
        summary="Make an invitation",
        request=InvitationSerializer,
        responses={201: NewInvitationSerializer},
    )
    @action(
        detail=True, methods=["get", "post"], pagination_class=ByCursor, serializer_class=InvitationSerializer
    )
    def invitations(self, request: Request, slug: str) -> Response:
        if request.method == "GET":
            return self._page(invitations_with_people(self.get_object()), InvitationSerializer)
        study = self.editable_study()
        body = InvitationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        invitation, token = invite(study=study, user=request.user, **body.validated_data)
        link = request.build_absolute_uri(reverse("join", args=[token]))
        data = {**InvitationSerializer(invitation).data, "people": 0, "link": link}
        return Response(data, status=201)

    @extend_schema(
        summary="Let nobody else in by an invitation",
        parameters=[PK],
        request=None,
        responses=InvitationSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"invitations/(?P<invitation>[0-9]+)/close")
    def close_invitation(self, request: Request, slug: str, invitation: str) -> Response:
        rows = invitations_with_people(self.editable_study())
        row = rows.filter(pk=invitation).first()
        if row is None:
            raise NotFound("This study has no such invitation.")
        revoke_invitation(invitation=row, user=request.user)
        return Response(InvitationSerializer(rows.get(pk=row.pk)).data)

    @extend_schema(summary="Participants", responses=ParticipantSerializer(many=True))
    @action(detail=True, pagination_class=ByCursor, serializer_class=ParticipantSerializer)
    def participants(self, request: Request, slug: str) -> Response:
        return self._page(self.get_object().participants.select_related("invitation"), ParticipantSerializer)

    @extend_schema(
        summary="Take all answers of a participant out of the scores",
        description="They are kept as void, and the same photos are asked of others in the same orders. Nothing more is asked of "
        "the participant, and what still comes from them does not count.",
        parameters=[NUMBER],
        request=ReasonSerializer,
        responses=VoidedSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"participants/(?P<number>[0-9]+)/void")
    def void_participant(self, request: Request, slug: str, number: str) -> Response:
        person = self._person(number)
        body = ReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        count = void_participant(participant=person, reason=body.validated_data["reason"], user=request.user)
        return Response({"answers": count})

    @extend_schema(
        summary="Count the answers of a participant again who was taken out",
        description="Answers come back where nobody else has answered in their place since; `not_back` counts the others. The "
        "participant goes on where they were.",
        parameters=[NUMBER],
        request=ReasonSerializer,
        responses=TakenBackInSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"participants/(?P<number>[0-9]+)/back")
    def take_back_participant(self, request: Request, slug: str, number: str) -> Response:
        person = self._person(number)
        body = ReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with bad_input_refused():
            outcome = take_back_in(
                participant=person, reason=body.validated_data["reason"], user=request.user
            )
        return Response({"answers": outcome.back, "not_back": outcome.lost})

    @extend_schema(
        summary="Delete everybody simulated before anybody real has come",
        description="With their answers; what they answered is asked anew, in the same orders. Refused once somebody real has "
        "taken part. It cannot be undone.",
        request=None,
        responses=DeletedSerializer,
    )
    @action(detail=True, methods=["post"], url_path="participants/delete-simulated")
    def delete_test_people(self, request: Request, slug: str) -> Response:
        study = self.editable_study()
        with bad_input_refused():
            count = delete_test_people(study=study, user=request.user)
        return Response({"people": count})

    @extend_schema(
        summary="Erase a participant who asks for it",
        description="As their own page does it: they withdraw, and nothing that is left leads to them. The same photos are asked of "
        "others in the same orders. It cannot be undone.",
        parameters=[NUMBER],
        request=None,
        responses=ParticipantSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"participants/(?P<number>[0-9]+)/withdraw")
    def withdraw_participant(self, request: Request, slug: str, number: str) -> Response:
        gone = withdraw(participant=self._person(number), user=request.user)
        return Response(ParticipantSerializer(gone).data)

    def _person(self, number: str) -> Participant:
        person = self.editable_study().participants.filter(number=number).first()
        if person is None:
            raise NotFound("This study has no such participant.")
        return person

    @extend_schema(methods=["get"], summary="The record: who did what", responses=EventSerializer(many=True))
    @extend_schema(
        methods=["post"],
        summary="Write a note into the record",
        request=NoteSerializer,
        responses={201: EventSerializer},
    )
    @action(detail=True, methods=["get", "post"], pagination_class=ByCursor, serializer_class=EventSerializer)
    def record(self, request: Request, slug: str) -> Response:
        if request.method == "GET":
            return self._page(self.get_object().events.select_related("user", "participant"), EventSerializer)
        study = self.editable_study()
        body = NoteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        note = add_note(study=study, text=body.validated_data["text"], user=request.user)
        return Response(EventSerializer(note).data, status=201)
