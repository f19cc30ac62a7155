"""Studies: what is asked, of whom, and what they said.

`Trial.state` changes only in allocation.py. A `Response` row is never deleted and never edited in place,
but for its `status`, which says whether it counts.
"""

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from explain.models import ExplanationMap, Image, Network, Precompute, random_name

from .frozen import Asked, Kept, refusal


def new_token() -> str:
    """256 random bits for a link. Only its SHA-256 is stored."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class StudyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The studies that someone may look at: all for a superuser, else those that name them in any role."""
        if user.is_superuser:
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(pk__in=user.studies.values("pk")) | Q(pk__in=user.viewed_studies.values("pk")))

    def editable_by(self, user):
        """The studies that someone may change: all for a superuser, else those whose researcher they are."""
        if user.is_superuser:
            return self
        return self.filter(pk__in=user.studies.values("pk")) if user.is_authenticated else self.none()


class Study(models.Model):
    class Task(models.TextChoices):
        CHOICE = "choice", "pick the best map or “same”"
        RATING = "rating", "rate two networks, −2 to +2"

    class State(models.TextChoices):
        DRAFT = "draft", "draft"  # its protocol alone
        PRECOMPUTING = "precomputing", "maps in the making"  # a worker makes what the protocol lacks
        READY = "ready", "ready to open"  # arms, items and maps are there
        OPEN = "open", "open"
        PAUSED = "paused", "paused"
        CLOSED = "closed", "closed"
        ARCHIVED = "archived", "archived"

    class Picture(models.TextChoices):
        OVERLAY = "overlay", "map over the photo"
        MASKED = "masked", "the top 20 % of the photo"
        HEAT = "heat", "the map alone"

    SETTING_UP = (State.DRAFT, State.PRECOMPUTING, State.READY)

    # What no save can change once the study has been opened.
    FROZEN = (
        "slug",
        "title",
        "task",
        "picture",
        "responses_per_item",
        "trials_per_participant",
        "repeats_per_participant",
        "attention_checks",
        "break_every",
        "practice",
        "questions",
        "completion_url",
        "seed",
        "wording",
        "alike_seen",
        "protocol",
        "protocol_sha256",
        "version",
        "code_version",
        "opened_at",
    )

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    task = models.CharField(max_length=10, choices=Task.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    picture = models.CharField(max_length=10, choices=Picture.choices, default=Picture.OVERLAY)
    responses_per_item = models.PositiveSmallIntegerField(default=4)
    trials_per_participant = models.PositiveIntegerField(default=50)
    repeats_per_participant = models.PositiveIntegerField(
        default=0, help_text="photos that each person is shown again at the end, in another order"
    )
    attention_checks = models.PositiveSmallIntegerField(
        default=0, help_text="for each person: one map plainly on the object, the others plainly off it"
    )
    break_every = models.PositiveIntegerField(default=0, help_text="answers between breaks; 0: none")
    practice = models.BooleanField(
        default=False, help_text="two drawn examples with feedback before the first photo"
    )
    questions = models.JSONField(
        default=list, blank=True, help_text="asked once, before the first trial: [{key, text, options …}]"
    )
    completion_url = models.CharField(
        max_length=500,
        blank=True,
        help_text="where a recruitment site wants people back; {code} is filled in",
    )
    seed = models.PositiveBigIntegerField(default=0)
    wording = models.JSONField(default=dict, help_text="question, consent, instructions, thanks …")
    protocol = models.JSONField(default=dict, help_text="study.toml as it was read, or the set-up so far")
    precompute = models.ForeignKey(
        Precompute,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="studies",
        help_text="the run that makes its maps",
    )
    protocol_sha256 = models.CharField(
        max_length=64, blank=True, help_text="of all that is frozen at opening"
    )
    likeness = models.JSONField(
        default=dict, blank=True, help_text="how alike the arms look, as measured (likeness.py)"
    )
    alike_seen = models.JSONField(
        default=list, blank=True, help_text="pairs of arms that look the same, as somebody saw before opening"
    )
    version = models.PositiveSmallIntegerField(
        default=1, help_text="of the protocol; from 2 on it was changed after opening (versions.py)"
    )
    code_version = models.CharField(max_length=64, blank=True)
    researchers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="studies")
    viewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="viewed_studies", help_text="look, change nothing"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.slug

    def save(self, *args, **kwargs):
        """Refuse to change what an opened study asks, or to make it a draft again."""
        stored = Study.objects.filter(pk=self.pk).values("state", *self.FROZEN).first()
        if stored and stored.pop("state") not in self.SETTING_UP:
            changed = any(getattr(self, field) != value for field, value in stored.items())
            if changed or not self.is_frozen:
                raise refusal(self)
        return super().save(*args, **kwargs)

    @property
    def is_frozen(self) -> bool:
        """From opening on, what the study asks can no longer change (frozen.py)."""
        return self.state not in self.SETTING_UP


class ProtocolVersion(Kept):
    """The protocol as it was opened, or as it was changed to later: wording and the way back only. Never edited."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the study")
    sha256 = models.CharField(max_length=64, help_text="of all that was asked under it")
    protocol = models.JSONField(help_text="in full, with every default")
    why = models.TextField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="version_number_once_per_study")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class Arm(Asked):
    """One (network, method) that competes. `index` is its number in every array of answers."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="arms")
    index = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    network = models.ForeignKey(Network, models.PROTECT)
    method = models.CharField(max_length=60)

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="arm_index_once_per_study"),
            models.UniqueConstraint(fields=["study", "name"], name="arm_name_once_per_study"),
        ]

    def __str__(self) -> str:
        return self.name


class Item(Asked):
    """One photo with one explanation map for each arm."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="items")
    index = models.PositiveIntegerField()
    image = models.ForeignKey(Image, models.PROTECT)

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="item_index_once_per_study"),
            models.UniqueConstraint(fields=["study", "image"], name="photo_once_per_study"),
        ]

    def __str__(self) -> str:
        return f"item {self.index}"


class ItemMap(Asked):
    """The explanation map that stands for an arm on an item."""

    study_path = "item__study"

    item = models.ForeignKey(Item, models.CASCADE, related_name="item_maps")
    arm = models.ForeignKey(Arm, models.CASCADE)
    map = models.ForeignKey(ExplanationMap, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "arm"], name="one_map_per_item_and_arm")]

    def __str__(self) -> str:
        return f"{self.item_id} / {self.arm_id}"


class CheckMap(Asked):
    """A map of an attention check: place 0 lies plainly on the object of the item's photo, the others plainly off it.

    It comes from the photo's boxes and from no network (attention.py).
    """

    study_path = "item__study"

    item = models.ForeignKey(Item, models.CASCADE, related_name="check_maps")
    place = models.PositiveSmallIntegerField()
    file = models.FileField(upload_to=random_name, max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "place"], name="one_check_map_per_place")]

    def __str__(self) -> str:
        return f"{self.item_id} / check {self.place}"


class ApiToken(models.Model):
    """What a program shows instead of a password: it acts as the person who made it, within a scope.

    The token itself is shown once and stored only as its SHA-256.
    """

    class Scope(models.TextChoices):
        READ = "read", "read: look at what its owner may look at"
        WRITE = "write", "write: change what its owner may change, too"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="what it is for")
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="to the hour")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, user, *, name: str, scope: str) -> tuple["ApiToken", str]:
        """Make a token; return its row and itself, which is not kept anywhere."""
        token = new_token()
        return cls.objects.create(user=user, name=name, scope=scope, token_sha256=hash_token(token)), token


class Invitation(models.Model):
    """A link that lets people in. The token itself is shown once and stored only as its SHA-256."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="invitations")
    label = models.CharField(max_length=100, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    quota = models.PositiveIntegerField(null=True, blank=True, help_text="how many people; empty: no limit")
    expires_at = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(
        default=False, help_text="whoever comes by this link is a simulated volunteer"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.label or f"invitation {self.pk}"

    @classmethod
    def issue(cls, study: Study, **fields) -> tuple["Invitation", str]:
        """Make an invitation; return it with its token, which is not kept anywhere."""
        token = new_token()
        return cls.objects.create(study=study, token_sha256=hash_token(token), **fields), token


class Participant(models.Model):
    """A volunteer in one study, known by the hash of a link and by nothing else."""

    class State(models.TextChoices):
        ACTIVE = "active"
        FINISHED = "finished"
        WITHDRAWN = "withdrawn"
        SCREENED = "screened", "not eligible by their own answers"

    study = models.ForeignKey(Study, models.CASCADE, related_name="participants")
    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="participants")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the study")
    token_sha256 = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    simulated = models.BooleanField(default=False)
    consented_at = models.DateTimeField(default=timezone.now)
    consent_sha256 = models.CharField(max_length=64, blank=True, help_text="of the text that was agreed to")
    instructed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    completion_code = models.CharField(max_length=20, blank=True)
    external = models.JSONField(default=dict, blank=True, help_text="ids that a recruitment site passed on")
    external_id = models.CharField(
        max_length=150,
        blank=True,
        help_text="who a recruitment site says this is; one person takes part once",
    )
    background = models.JSONField(default=dict, blank=True, help_text="answers to the study's questions")

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="participant_number_once_per_study"),
            models.UniqueConstraint(
                fields=["study", "external_id"],
                condition=~Q(external_id=""),
                name="a_recruited_person_takes_part_once",
            ),
        ]

    def __str__(self) -> str:
        return f"participant {self.number}"


class Trial(models.Model):
    """One required answer about one item, its order of arms fixed in advance.

    A repeat is extra: it asks one participant about an item again, to see whether they would say the same. So is an
    attention check, which shows an item's photo with its CheckMaps.
    """

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


class Response(models.Model):
    """One answer as it was given. Stored with the position that was picked and the arm that stood there."""

    class Status(models.TextChoices):
        COUNTED = "counted"
        UNDONE = "undone", "taken back by the volunteer"
        SURPLUS = "surplus", "came after the trial was answered by someone else"
        VOID = "void", "taken out by staff"
        ASIDE = "aside", "to a repeat or an attention check: not part of the scores"

    answer_id = models.UUIDField(
        unique=True, help_text="made by the browser: the same answer twice is one answer"
    )
    trial = models.ForeignKey(Trial, models.PROTECT, related_name="responses")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="responses")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.COUNTED)
    choice = models.SmallIntegerField(null=True, blank=True, help_text="arm index, or -1 for “same”")
    rating = models.SmallIntegerField(
        null=True, blank=True, help_text="−2…2, positive: the first arm is better"
    )
    shown_value = models.SmallIntegerField(
        null=True,
        blank=True,
        help_text="as it was on screen: position picked (0…, -1 same), or the rating with positive for the right side; "
        "empty: not known (imported)",
    )
    simulated = models.BooleanField(default=False)
    version = models.PositiveSmallIntegerField(default=1, help_text="of the protocol it was given under")
    response_ms = models.PositiveIntegerField(null=True, blank=True)
    telemetry = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial"],
                condition=Q(status__in=["counted", "aside"]),
                name="one_counted_answer_per_trial",
            ),
            models.CheckConstraint(
                condition=Q(choice__isnull=False, rating__isnull=True)
                | Q(choice__isnull=True, rating__isnull=False, rating__gte=-2, rating__lte=2),
                name="an_answer_is_a_choice_or_a_rating",
            ),
        ]

    def __str__(self) -> str:
        return str(self.answer_id)


class Event(Kept):
    """Who did what, when. Appended, never changed."""

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
