"""The studies app in Django's admin: everything can be seen, and what is safe to change can be changed.

An opened study is read-only in all that it asks (models/immutability.py refuses it anyway; here the fields are not offered).
People, trials, answers and events are records: nobody adds, edits or deletes them by hand. Hashes of tokens are
never shown.
"""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from .models import (
    ApiToken,
    ApiUse,
    Arm,
    CheckMap,
    Event,
    FurtherLink,
    Invitation,
    Item,
    ItemMap,
    ItemPanel,
    JoinCount,
    Notice,
    NoticeSettings,
    Participant,
    ProtocolVersion,
    Response,
    Study,
    Trial,
)
from .protocol import with_hidden_results
from .trial_types import Comparison, answer_columns


class OfVisibleStudies(admin.ModelAdmin):
    """Staff see rows of the studies they are named in, whatever else they are permitted; superusers see all."""

    study_path = "study"

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.study_path}__in": Study.objects.visible_to(request.user)})

    def lookup_allowed(self, lookup, value, request=None):
        """By what the list offers and nothing else: an address could ask who came by which link."""
        offered = {str(field).split("__")[0] for field in (*self.list_filter, self.date_hierarchy)}
        return lookup.split("__")[0] in offered and super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self._editable(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self._editable(request, obj)

    def _editable(self, request, obj):
        """Whether the row is of a study that this person may change, not only look at."""
        if obj is None or request.user.is_superuser:
            return True
        studies = Study.objects.editable_by(request.user)
        return type(obj).objects.filter(**{"pk": obj.pk, f"{self.study_path}__in": studies}).exists()


class LookOnly(admin.ModelAdmin):
    """To be looked at, never touched."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnly(LookOnly, OfVisibleStudies):
    pass


class AskedAdmin(OfVisibleStudies):
    """Part of what a study asks: editable while the study is a draft."""

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not _frozen(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not _frozen(obj)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Offer drafts only: nothing is added to a study that is open."""
        if db_field.name == "study":
            kwargs["queryset"] = Study.objects.editable_by(request.user).filter(state__in=Study.SETTING_UP)
        elif db_field.name in ("arm", "item"):
            drafts = Study.objects.editable_by(request.user).filter(state__in=Study.SETTING_UP)
            kwargs["queryset"] = db_field.related_model.objects.filter(study__in=drafts)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_actions(self, request):
        """No deleting by the dozen: the list holds frozen rows too."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


def _frozen(row) -> bool:
    return row is not None and row.frozen_study.is_frozen


class ArmsInline(admin.TabularInline):
    model = Arm
    extra = 0

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and not (obj and obj.is_frozen)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_frozen)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_frozen)


@admin.register(Study)
class StudyAdmin(OfVisibleStudies):
    study_path = "pk"
    list_display = ["slug", "title", "task", "state", "created_at", "opened_at"]
    list_filter = ["state", "task"]
    search_fields = ["slug", "title"]
    filter_horizontal = ["researchers", "viewers", "payers"]
    inlines = [ArmsInline]
    exclude = ["nonce"]  # a secret while people answer; after that the protocol names it
    # Made by opening, pausing and closing, which have their own page and commands; the language comes with the
    # texts in it, and how people meet arms, from the protocol.
    readonly_fields = [
        "state",
        "language",
        "comparison",
        "likeness",
        "alike_seen",
        "version",
        "protocol_sha256",
        "code_version",
        "created_at",
        "opened_at",
        "closed_at",
    ]

    def get_readonly_fields(self, request, obj=None):
        frozen = Study.FROZEN if obj and obj.is_frozen else ()
        fields = dict.fromkeys([*self.readonly_fields, *frozen])
        return [name for name in fields if name not in self.exclude]

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_frozen)

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Arm)
class ArmAdmin(AskedAdmin):
    list_display = ["study", "index", "name", "network", "map_set", "method"]
    list_filter = ["study"]
    list_select_related = ["study", "network", "map_set"]


@admin.register(Item)
class ItemAdmin(AskedAdmin):
    list_display = ["study", "index", "image", "class_name"]
    list_filter = ["study"]
    list_select_related = ["study", "image"]
    search_fields = ["image__original_name", "image__class_name"]
    raw_id_fields = ["image"]

    @admin.display(description="class", ordering="image__class_name")
    def class_name(self, item):
        return item.image.class_name


@admin.register(ItemMap)
class ItemMapAdmin(AskedAdmin):
    study_path = "item__study"
    list_display = ["study", "item", "arm", "map"]
    list_filter = ["item__study"]
    list_select_related = ["item__study", "arm", "map"]
    raw_id_fields = ["item", "map"]

    @admin.display(ordering="item__study")
    def study(self, item_map):
        return item_map.item.study


@admin.register(ItemPanel)
class ItemPanelAdmin(AskedAdmin):
    study_path = "item_map__item__study"
    list_display = ["item_map", "place", "map"]
    list_filter = ["item_map__item__study"]
    list_select_related = ["item_map", "map"]
    raw_id_fields = ["item_map", "map"]


@admin.register(CheckMap)
class CheckMapAdmin(ReadOnly):
    study_path = "item__study"
    list_display = ["study", "item", "place"]
    list_filter = ["item__study"]
    list_select_related = ["item__study"]

    @admin.display(ordering="item__study")
    def study(self, row):
        return row.item.study


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(ReadOnly):
    list_display = ["study", "number", "sha256"]
    exclude = ["sealed"]
    list_filter = ["study"]
    list_select_related = ["study"]


@admin.register(Invitation)
class InvitationAdmin(OfVisibleStudies):
    """Links are made and shown on the study's own pages; here they are limited and revoked."""

    list_display = ["__str__", "study", "simulated", "quota", "expires_at", "revoked_at", "created_at"]
    list_filter = ["study", "simulated"]
    list_select_related = ["study"]
    fields = ["study", "label", "simulated", "personal", "quota", "expires_at", "revoked_at", "created_at"]
    readonly_fields = ["study", "simulated", "personal", "created_at"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        if obj.revoked_at:
            obj.sealed_token = ""  # as revoke_invitation does
        super().save_model(request, obj, form, change)


@admin.register(Participant)
class ParticipantAdmin(ReadOnly):
    list_display = ["number", "study", "came_from", "state", "simulated", "consented_at", "finished_at"]
    list_filter = ["study", "state", "simulated"]
    list_select_related = ["study", "invitation"]
    # Which personal link it was would lead to a person, and a condition says which arm somebody meets.
    exclude = ["token_sha256", "invitation", "condition"]


@admin.register(FurtherLink)
class FurtherLinkAdmin(ReadOnly):
    """Links of other devices; by a limited one somebody may go on answering and no more."""

    study_path = "participant__study"
    list_display = ["id", "participant", "is_limited", "created_at"]
    list_filter = ["participant__study", "is_limited"]
    list_select_related = ["participant"]
    exclude = ["token_sha256"]


@admin.register(Trial)
class TrialAdmin(ReadOnly):
    list_display = ["id", "study", "item", "order", "state", "participant", "position", "lease_until"]
    list_filter = ["study", "state"]
    list_select_related = ["study", "item", "participant"]
    show_full_result_count = False

    def get_queryset(self, request):
        """Where people meet one arm alone, trials say which: not while the study hides its results."""
        telling = with_hidden_results().exclude(comparison=Comparison.WITHIN)
        return super().get_queryset(request).exclude(study__in=telling)


@admin.register(Response)
class ResponseAdmin(ReadOnly):
    """What was answered; while a study hides its results, its answers are not here either."""

    study_path = "trial__study"
    list_display = [
        "answer_id",
        "study",
        "item",
        "participant",
        "status",
        *answer_columns(),
        "response_ms",
        "simulated",
        "created_at",
    ]
    list_filter = ["trial__study", "status", "simulated"]
    list_select_related = ["trial__study", "trial__item", "participant"]
    date_hierarchy = "created_at"
    show_full_result_count = False

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(trial__study__in=with_hidden_results())

    @admin.display(ordering="trial__study")
    def study(self, response):
        return response.trial.study

    @admin.display(ordering="trial__item")
    def item(self, response):
        return response.trial.item


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["at", "study", "kind", "user", "participant"]
    list_filter = ["study", "kind"]
    list_select_related = ["study", "user", "participant"]


@admin.register(ApiToken)
class ApiTokenAdmin(LookOnly):
    """Their owners make and revoke them on a page of their own (api/token_views.py)."""

    list_display = ["name", "user", "scope", "created_at", "last_used_at", "revoked_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    exclude = ["token_sha256"]

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user=request.user)


@admin.register(ApiUse)
class ApiUseAdmin(ApiTokenAdmin):
    """How often someone's programs have asked in the present period (api/throttling.py)."""

    list_display = ["user", "requests", "period"]
    list_filter = []
    exclude = []


@admin.register(NoticeSettings)
class NoticeSettingsAdmin(ReadOnly):
    """Whom a study tells; it is set on the study's own page. The address of a webhook may hold a secret, and is not shown."""

    list_display = ["study", "on_full", "on_stall", "on_message", "stall_minutes"]
    exclude = ["webhook"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What was told, and what is still to be sent."""

    list_display = ["study", "kind", "channel", "at", "sent_at", "attempts", "error"]
    list_filter = ["study", "kind"]


@admin.register(JoinCount)
class JoinCountAdmin(LookOnly):
    """How many have joined from one address within the hour (participation/join_limit.py); no address is kept."""

    list_display = ["hour", "joins"]
    exclude = ["key"]

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.none()


@admin.register(LogEntry)
class LogEntryAdmin(LookOnly):
    """What was changed here by hand, and studies that were deleted before they were opened. For superusers."""

    list_display = ["action_time", "user", "content_type", "object_repr", "action_flag"]
    list_filter = ["action_flag", "content_type"]
    list_select_related = ["user", "content_type"]

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser
