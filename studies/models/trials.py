"""The answers that a study needs and those that were given, and who did what.

`Trial.state` changes only in the room `trials`. A `Response` row is never edited in place, but for its `status`, which
says whether it counts, and deleted only when its person withdraws (trials/erasure.py).
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .immutability import AppendOnly, Frozen
from .items import Item
from .participants import Participant
from .study import Study


class Trial(Frozen):
    """One required answer about one item, its order of arms fixed in advance.

    A repeat is extra: it asks one participant about an item again, to see whether they would say the same. So is an
    attention check, which shows an item's photo with its CheckMaps.
    """

    # Trials come and go to people as a study runs; which item they are about and in which order is fixed at opening.
    MAY_CHANGE = ("state", "participant", "position", "lease_until")

    class State(models.TextChoices):
        OPEN = "open"
        CLAIMED = "claimed"
        ANSWERED = "answered"
        VOID = "void"

    class Kind(models.TextChoices):
        MAIN = "main", "one of the required answers"
        REPEAT = "repeat", "the same item again for the same person"
        CHECK = "check", "an attention check: one map is plainly on the object"

    study = models.ForeignKey(Study, models.CASCADE, related_name="trials")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MAIN)
    item = models.ForeignKey(Item, models.CASCADE, related_name="trials")
    order = models.CharField(
        max_length=40,
        help_text="arm indices from first position to last: 2,0,1; of a check: places of CheckMap",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    participant = models.ForeignKey(
        Participant, models.SET_NULL, null=True, blank=True, related_name="trials"
    )
    position = models.PositiveIntegerField(
        null=True, blank=True, help_text="1, 2, 3 … as the participant meets it"
    )
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "participant", "kind"],
                condition=Q(participant__isnull=False),
                name="nobody_sees_an_item_twice",
            ),
            models.UniqueConstraint(
                fields=["participant", "position"],
                condition=Q(participant__isnull=False),
                name="trial_position_once_per_participant",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "state", "lease_until"], name="trial_study_state_lease"),
            # Claims read the free trials of a study in the order of their ids. The sign is there for PostgreSQL's
            # planner: it thinks free ids to be spread evenly, so it would walk the primary key past all that are
            # answered, and this order is one that the primary key does not have.
            models.Index(F("study"), F("id") * -1, condition=Q(state="open"), name="trial_open_in_order"),
        ]

    def __str__(self) -> str:
        return f"trial {self.pk}"

    @property
    def arms(self) -> list[int]:
        """Arm indices by position; of an attention check: places of its CheckMaps."""
        return [int(index) for index in self.order.split(",")]


class Response(AppendOnly):
    """One answer as it was given. Stored with the position that was picked and the arm that stood there."""

    MAY_CHANGE = ("status",)
    MAY_BE_FORGOTTEN = True
    REMEDY = "Take the answer out of the scores instead: it is then kept as void."

    class Status(models.TextChoices):
        COUNTED = "counted"
        UNDONE = "undone", "taken back by the volunteer"
        SURPLUS = "surplus", "came after the trial was answered by someone else"
        VOID = "void", "taken out by staff"
        ASIDE = "aside", "to a repeat or an attention check: not part of the scores"

    STANDING = (Status.COUNTED, Status.ASIDE)
    """The one answer that settles its trial has one of these; the constraint below holds that."""

    answer_id = models.UUIDField(
        unique=True, help_text="made by the browser: the same answer twice is one answer"
    )
    trial = models.ForeignKey(Trial, models.PROTECT, related_name="responses")
    # Looked up by the index below, which begins with it.
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="responses", db_index=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.COUNTED)
    choice = models.SmallIntegerField(null=True, blank=True, help_text="arm index, or -1 for “same”")
    rating = models.SmallIntegerField(
        null=True, blank=True, help_text="−2…2, positive: the first arm is better"
    )
    parts = models.JSONField(
        null=True,
        blank=True,
        help_text="an answer of several parts, as its trial type keeps it: what it is about, and each part by its name",
    )
    shown_value = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="as it was on screen: position picked (0…, -1 same), the rating with positive for the right side, or all parts "
        "in one number; empty: not known (imported)",
    )
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="how sure they were, where the study asks it: on its scale"
    )
    simulated = models.BooleanField(default=False)
    version = models.PositiveSmallIntegerField(default=1, help_text="of the protocol it was given under")
    response_ms = models.PositiveIntegerField(null=True, blank=True)
    telemetry = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            # Progress counts a study's answers in this alone, without reading them.
            models.Index(fields=["participant", "status", "simulated"], name="response_by_participant"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["trial"],
                condition=Q(status__in=["counted", "aside"]),
                name="one_counted_answer_per_trial",
            ),
            models.CheckConstraint(
                condition=Q(choice__isnull=False, rating__isnull=True, parts__isnull=True)
                | Q(
                    choice__isnull=True,
                    rating__isnull=False,
                    rating__gte=-2,
                    rating__lte=2,
                    parts__isnull=True,
                )
                | Q(choice__isnull=True, rating__isnull=True, parts__isnull=False),
                name="an_answer_is_in_one_column",
            ),
        ]

    def __str__(self) -> str:
        return str(self.answer_id)


class Event(AppendOnly):
    """Who did what, when. Appended, never changed; but when a person withdraws, what they did is deleted, and of what staff did
    to them `data` and who they were is erased (trials/erasure.py)."""

    MAY_BE_ERASED = ("data", "participant")
    MAY_BE_FORGOTTEN = True
    REMEDY = "Write a note into the record instead."

    class Kind(models.TextChoices):
        """What happened. Researchers read these words in the record, and programs by the API: they never change."""

        # The study: made, and gone from state to state
        DRAFTED = "drafted"
        MAPS_ASKED_FOR = Study.State.PRECOMPUTING.value
        MAPS_GIVEN_UP = "maps given up"
        READY = Study.State.READY.value
        SET_UP_AGAIN = Study.State.DRAFT.value
        OPENED = "opened"
        PAUSED = Study.State.PAUSED.value
        RESUMED = Study.State.OPEN.value
        CLOSED = Study.State.CLOSED.value
        ARCHIVED = Study.State.ARCHIVED.value
        # The study: what its researchers did beside
        ARMS_COMPARED = "likeness measured"
        PROTOCOL_CHANGED = "protocol changed"
        GROWN = "grown", "more answers are asked for"
        ROUND = "round", "the trials of a round were chosen, by what had been answered"
        ARM_JOINED = "arm joined"
        ARM_LEFT = "arm left", "it is asked about no more; its answers stay"
        ARM_RELEASED = "arm released", "it is on the page for everybody from now on"
        ROLE_GIVEN = "role given"
        INVITED = "invited"
        INVITATION_REVOKED = "invitation revoked"
        IMPORTED = "imported"
        UNBLINDED = "unblinded"
        NOTE = "note"
        ANSWER_VOID = "void"
        PARTICIPANT_VOID = "participant void"
        PARTICIPANT_BACK = "participant back", "they had been taken out, and count again"
        TEST_PEOPLE_DELETED = "test people deleted"
        # People on their way
        JOINED = "joined"
        RETURNED = "returned"
        BACKGROUND_ACTIVE = "background: active"
        BACKGROUND_SCREENED = "background: screened"
        BACKGROUND_FINISHED = "background: finished"
        BACKGROUND_WITHDRAWN = "background: withdrawn"
        BACKGROUND_VOID = "background: void"
        INSTRUCTED = "instructed"
        PRACTICE = "practice"
        BREAK = "break"
        LAPSED = "lapsed", "a trial went to someone else before it was answered"
        REFUSED = "refused", "an operation that could not be done"
        FINISHED = "finished"
        WITHDRAWN = "withdrawn"
        LOOKED = "looked", "the maps of a trial that are shown for a time were shown"
        WROTE = "wrote", "by “Something is wrong”"

        @classmethod
        def of_state(cls, state: str) -> "Event.Kind":
            """The kind for a study that came to a state; OPENED where it is opened for the first time is another."""
            return cls(state)

        @classmethod
        def of_background(cls, state: str) -> "Event.Kind":
            """The kind for a person who answered the study's own questions, by the state that they have since."""
            return cls(f"background: {state}")

    study = models.ForeignKey(Study, models.CASCADE, related_name="events")
    participant = models.ForeignKey(
        Participant, models.SET_NULL, null=True, blank=True, related_name="events"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    kind = models.CharField(max_length=40)
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.kind}"
