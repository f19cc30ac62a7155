"""What the API gives, field by field. The names are those of the export's columns and of `scores --json`."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from explain.map_sources import source_of
from studies.lifecycle import published_protocol
from studies.models import Arm, Event, Invitation, Participant, ProtocolVersion, Response, Study, Trial
from studies.participation import is_over, lets_nobody_in
from studies.trial_types import TrialType, answer_columns, trial_type_of, trial_types
from studies.trials import check_passed as passed_check
from studies.trials import names_of_maps


class ArmSerializer(serializers.ModelSerializer):
    network = serializers.CharField(source="network.name", read_only=True)

    class Meta:
        model = Arm
        fields = ["index", "name", "network", "method"]

    def to_representation(self, instance: Arm) -> dict[str, Any]:
        facts = source_of(instance).facts(instance)
        return {**super().to_representation(instance), "network": facts.network, "method": facts.method}


class ProgressSerializer(serializers.Serializer):
    needed = serializers.IntegerField(help_text="trials that must be answered")
    answered = serializers.IntegerField()
    claimed = serializers.IntegerField(help_text="trials in people's hands now")
    open = serializers.IntegerField()
    real = serializers.IntegerField(help_text="counted answers of people")
    simulated = serializers.IntegerField(help_text="counted answers of simulated volunteers")


class StudySerializer(serializers.ModelSerializer):
    arms = ArmSerializer(many=True, read_only=True)
    items = serializers.IntegerField(source="item_count", read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = [
            "slug",
            "title",
            "task",
            "state",
            "language",
            "picture",
            "arms",
            "items",
            "responses_per_item",
            "trials_per_participant",
            "seed",
            "progress",
            "protocol_sha256",
            "code_version",
            "opened_at",
            "closed_at",
        ]

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, study: Study) -> dict:
        return ProgressSerializer(self.context["progress"][study.pk]).data


class AnswerSerializer(serializers.ModelSerializer):
    answer = serializers.UUIDField(source="answer_id")
    item = serializers.IntegerField(source="trial.item.index")
    photo = serializers.CharField(source="trial.item.image.original_name")
    participant = serializers.IntegerField(source="participant.number")
    group = serializers.CharField(source="participant.invitation.label")
    order = serializers.SerializerMethodField(
        help_text="arms as they stood on screen, in an attention check object and elsewhere; empty: not known"
    )
    choice = serializers.SerializerMethodField(help_text="an arm's name or same; null in a rating study")
    trial = serializers.ChoiceField(Trial.Kind.values, source="trial.kind")
    trial_id = serializers.IntegerField(help_text="number of the trial")
    check_passed = serializers.SerializerMethodField(help_text="null: no attention check")
    participant_state = serializers.CharField(source="participant.state")
    protocol_version = serializers.IntegerField(source="version")
    imported_from = serializers.SerializerMethodField()
    answered_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Response
        fields = [
            "answer",
            "item",
            "photo",
            "participant",
            "group",
            "order",
            *answer_columns(),
            "shown_value",
            "response_ms",
            "simulated",
            "status",
            "trial",
            "trial_id",
            "check_passed",
            "protocol_version",
            "participant_state",
            "imported_from",
            "answered_at",
        ]

    def get_fields(self):
        """`class` is no name for an attribute, but it is the export's."""
        fields = super().get_fields()
        return {
            **{name: fields.pop(name) for name in ("answer", "item", "photo")},
            "class": serializers.CharField(source="trial.item.image.class_name"),
            **fields,
        }

    def get_order(self, response: Response) -> list[str]:
        names = names_of_maps(response.trial.kind, self.context["arms"])
        return [names[index] for index in response.trial.arms] if response.trial.order else []

    def get_choice(self, response: Response) -> str | None:
        if response.choice is None:
            return None
        names = names_of_maps(response.trial.kind, self.context["arms"])
        return trial_type_of(self.context["study"]).answers.in_words(response.choice, names)

    def get_check_passed(self, response: Response) -> bool | None:
        is_check = response.trial.kind == Trial.Kind.CHECK
        return passed_check(response, self.context["study"]) if is_check else None

    def get_imported_from(self, response: Response) -> str:
        return response.participant.external.get("imported", "")


class _Scores(serializers.Serializer):
    study = serializers.CharField()
    task = serializers.CharField()
    who = serializers.ChoiceField(["real", "simulated", "all"])
    simulated = serializers.BooleanField(help_text="whether any of these answers were simulated")
    items = serializers.IntegerField(help_text="items with at least one answer")
    missing_items = serializers.ListField(child=serializers.IntegerField())
    responses = serializers.IntegerField()
    participants = serializers.IntegerField()
    imported = serializers.IntegerField()
    positions = serializers.DictField(child=serializers.IntegerField())
    headline = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    protocol_sha256 = serializers.CharField()
    protocol_version = serializers.IntegerField(
        required=False, help_text="where only answers under this version are counted"
    )
    versions = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        help_text="counted answers by version of the protocol, where there is more than one",
    )
    computed_with = serializers.DictField(help_text="seed, level and numbers of draws: enough to recompute")
    new_people_needed = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="`answers` that nobody who takes part now can give, and how many new `people` they need at least",
    )
    exclusions = serializers.DictField(
        allow_null=True,
        help_text="`flow`: whom the protocol's rules leave out; `kept`: all results without them; null without rules",
    )
    breakdown = serializers.DictField(
        allow_null=True,
        help_text="the main effect: of all, of each of `people` and without them, and of each of `classes`; null without answers",
    )
    comparison = serializers.DictField(
        required=False,
        help_text="where people do not meet all arms mixed: the `design`, and how many `people` have answered about each arm",
    )
    confidence = serializers.DictField(
        required=False,
        help_text="where people say how sure they are: means by arm; where answers are right or wrong, calibration",
    )
    showing = serializers.DictField(
        required=False,
        help_text="where maps are shown for a time: how long they were, as browsers measured it",
    )
    looks = serializers.DictField(
        allow_null=True, help_text="planned looks; null where the protocol plans none"
    )


def _scores_of(kind: TrialType) -> type[_Scores]:
    """What `scores` gives for a study of one trial type."""
    fields = kind.results.json_fields()
    if kind.results.gives_shares:
        fields["humans"] = serializers.ListField(
            child=serializers.DictField(),
            help_text="for each figure of the maps: does it go with people's choices",
        )
    return type(f"{kind.name.title().replace('-', '')}ScoresSerializer", (_Scores,), fields)


SCORES = PolymorphicProxySerializer(
    component_name="Scores",
    serializers={kind.name: _scores_of(kind) for kind in trial_types()},
    resource_type_field_name="task",
)


class InvitationSerializer(serializers.ModelSerializer):
    people = serializers.IntegerField(read_only=True, help_text="how many came by it")

    class Meta:
        model = Invitation
        fields = ["id", "label", "quota", "expires_at", "simulated", "revoked_at", "created_at", "people"]
        read_only_fields = ["simulated", "revoked_at"]

    def validate_quota(self, value: int | None) -> int | None:
        if lets_nobody_in(value):
            raise serializers.ValidationError("Let at least one person in, or leave it out for no limit.")
        return value

    def validate_expires_at(self, value):
        if is_over(value):
            raise serializers.ValidationError("This moment has passed. Choose a later one, or none.")
        return value


class NewInvitationSerializer(InvitationSerializer):
    link = serializers.CharField(
        read_only=True, help_text="given this once; the study's page shows it again to its researchers"
    )

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]


class ParticipantSerializer(serializers.ModelSerializer):
    group = serializers.CharField(read_only=True, help_text="of their invitation; empty also: they withdrew")

    class Meta:
        model = Participant
        fields = ["number", "group", "state", "simulated", "consented_at", "finished_at"]


class EventSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", default=None, allow_null=True, read_only=True)
    participant = serializers.IntegerField(
        source="participant.number", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = Event
        fields = ["at", "kind", "user", "participant", "data"]


class VersionSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = ProtocolVersion
        fields = ["number", "sha256", "at", "user", "why", "protocol"]

    def to_representation(self, instance: ProtocolVersion) -> dict[str, Any]:
        protocol = published_protocol(instance.study, instance.protocol)
        return {**super().to_representation(instance), "protocol": protocol}


class OpeningSerializer(serializers.Serializer):
    alike_seen = serializers.BooleanField(
        default=False, help_text="you have seen which arms look the same, and open it all the same"
    )


class GrowthSerializer(serializers.Serializer):
    responses_per_item = serializers.IntegerField(
        max_value=1000, help_text="answers for each photo, from now on"
    )
    why = serializers.CharField(max_length=500, help_text="for those who read the record later")
    people = serializers.IntegerField(
        default=None,
        allow_null=True,
        max_value=100_000,
        help_text="people planned from now on; null: as many as before",
    )


class JoiningSerializer(serializers.Serializer):
    arm = serializers.DictField(
        help_text="as a protocol has it: network and method, or maps; and a name, or else it gets one"
    )
    why = serializers.CharField(max_length=500, help_text="for those who read the record later")
    embargo = serializers.BooleanField(default=False, help_text="leave it out of the page for everybody")
    alike_seen = serializers.BooleanField(
        default=False, help_text="you have seen that it looks the same as another arm"
    )


class LeavingSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="the arm's")
    why = serializers.CharField(max_length=500, help_text="for those who read the record later")


class ProtocolSerializer(serializers.Serializer):
    toml = serializers.CharField(help_text="the text of a study.toml", trim_whitespace=False)


class StandingSerializer(serializers.Serializer):
    state = serializers.ChoiceField(Study.State.choices)
    photos_done = serializers.IntegerField(help_text="of the run that it waits for; once for each network")
    photos = serializers.IntegerField()
    no_worker = serializers.BooleanField(help_text="batches wait, and no worker takes them up")
    failures = serializers.ListField(child=serializers.CharField(), help_text="why batches failed")
    why = serializers.CharField(help_text="of a draft: why it was given up last time", allow_blank=True)


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=2000)


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class VoidedSerializer(serializers.Serializer):
    answers = serializers.IntegerField(help_text="answers taken out of the scores; others are asked instead")


class TakenBackInSerializer(serializers.Serializer):
    answers = serializers.IntegerField(help_text="answers that stand again")
    not_back = serializers.IntegerField(
        help_text="answers that stay out: others have answered in their place"
    )


class DeletedSerializer(serializers.Serializer):
    people = serializers.IntegerField(help_text="how many were deleted")
