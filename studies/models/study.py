"""A study, what may still change of it, and the versions of its protocol."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from explain.core.errors import BadInputError
from explain.core.streams import order_seed
from explain.models import MapPicture, Precompute
from studies.core import languages
from studies.trial_types import Comparison, TrialType, trial_type_of, trial_types

from .immutability import AppendOnly, Frozen, FrozenQuerySet, KeptQuerySet, refusal


def task_choices() -> list[tuple[str, str]]:
    """Each trial type by name and in words. A function, so that a new type needs no migration."""
    return [(kind.name, kind.in_words) for kind in trial_types()]


class StudyQuerySet(FrozenQuerySet):
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

    def payable_by(self, user):
        """The studies whose ids and codes someone may see, to pay people: all for a superuser, else where they were given that."""
        if user.is_superuser:
            return self
        return self.filter(pk__in=user.paid_studies.values("pk")) if user.is_authenticated else self.none()

    def _refuse_change(self, values):
        super()._refuse_change(values)
        # An opened study goes on to another state of an opened one. What an expression will give is not known here.
        if "state" in values and values["state"] not in Study.OPENED:
            self.refuse_if_frozen(["state"])


class Study(Frozen):
    """One study: what its protocol says, how far it is, and the seal of what it asks.

    Columns in MAY_CHANGE say how it goes; all the others are frozen when it is opened.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"  # its protocol alone
        PRECOMPUTING = "precomputing", "maps in the making"  # a worker makes what the protocol lacks
        READY = "ready", "ready to open"  # arms, items and maps are there
        OPEN = "open", "open"
        PAUSED = "paused", "paused"
        CLOSED = "closed", "closed"
        ARCHIVED = "archived", "archived"

    SETTING_UP = (State.DRAFT, State.PRECOMPUTING, State.READY)
    LACKS_SOMETHING = (State.DRAFT, State.PRECOMPUTING)  # arms, items or maps are still to be made
    OPENED = (State.OPEN, State.PAUSED, State.CLOSED, State.ARCHIVED)
    OVER = (State.CLOSED, State.ARCHIVED)  # nobody answers any more, and no step leads back

    study_path = ""
    MAY_CHANGE = ("state", "precompute", "likeness", "created_at", "closed_at")

    # Columns that say what the protocol says.
    SAME_IN_PROTOCOL = (
        "slug",
        "title",
        "language",
        "task",
        "picture",
        "responses_per_item",
        "comparison",
        "trials_per_participant",
        "repeats_per_participant",
        "attention_checks",
        "break_every",
        "practice",
        "questions",
        "completion_url",
        "seed",
        "wording",
    )
    # What no save can change once the study has been opened.
    FROZEN = (
        *SAME_IN_PROTOCOL,
        "nonce",
        "alike_seen",
        "simulated_only",
        "protocol",
        "protocol_sha256",
        "version",
        "code_version",
        "opened_at",
    )

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    language = models.CharField(
        max_length=16,
        default=languages.DEFAULT,
        help_text="of volunteers' pages: one of LANGUAGES (settings)",
    )
    task = models.CharField(max_length=30, choices=task_choices, help_text="the name of its trial type")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    picture = models.CharField(max_length=10, choices=MapPicture.choices, default=MapPicture.OVERLAY)
    responses_per_item = models.PositiveSmallIntegerField(default=4)
    comparison = models.CharField(
        max_length=10,
        default=Comparison.WITHIN.value,
        help_text="how people meet arms: within, blocks or between (trial_types/comparison.py)",
    )
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
    nonce = models.CharField(
        max_length=64,
        blank=True,
        default="",
        editable=False,
        help_text="mixed into the seed of orders: 64 hexadecimal digits, secret until the study is closed; empty in studies "
        "that were opened before there were nonces",
    )
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
        default=dict, blank=True, help_text="how alike the arms' maps look, as measured"
    )
    alike_seen = models.JSONField(
        default=list, blank=True, help_text="pairs of arms that look the same, as somebody saw before opening"
    )
    simulated_only = models.BooleanField(
        default=False, help_text="opened for simulated volunteers alone: nobody else is let in"
    )
    version = models.PositiveSmallIntegerField(
        default=1, help_text="of the protocol: 1 as opened, one more for each change after opening"
    )
    code_version = models.CharField(max_length=64, blank=True)
    researchers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="studies")
    viewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="viewed_studies", help_text="look, change nothing"
    )
    payers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="paid_studies",
        help_text="see recruitment sites' ids and completion codes, and by this no answers",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = StudyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.slug

    def _check_save(self, update_fields):
        """Refuse to change what an opened study asks, or to make it a draft again."""
        stored = Study.objects.filter(pk=self.pk).values("state", *self.FROZEN).first()
        if stored and stored.pop("state") not in self.SETTING_UP:
            changed = any(getattr(self, field) != value for field, value in stored.items())
            if changed or not self.is_frozen:
                raise refusal(self)

    @property
    def trial_type(self) -> TrialType:
        """What its trials ask: templates have no other way to it."""
        return trial_type_of(self)

    @property
    def stages(self) -> tuple[int, ...]:
        """How many answers each item needed when it was opened, after each time that the study grew, and now."""
        grown_from = self.protocol.get("design", {}).get("grown_from", ())
        return (*grown_from, self.responses_per_item)

    @property
    def cells(self) -> int | None:
        """To how many cells a side finer maps are averaged before people see them; None: each as it is."""
        return self.protocol.get("design", {}).get("cells")

    @property
    def order_seed(self) -> int:
        """The seed of every draw that says which map stands where, and when a check comes. As secret as the nonce."""
        return order_seed(self.seed, self.nonce)

    @property
    def published_nonce(self) -> str:
        """The nonce, once everybody may know it: nobody answers any more. Until then empty."""
        return self.nonce if self.state in self.OVER else ""

    @property
    def is_frozen(self) -> bool:
        """From opening on, what the study asks can no longer change (immutability.py)."""
        return self.state not in self.SETTING_UP


def find_study(slug: str) -> Study:
    """The study with this slug.

    Raises:
        BadInputError: there is none; it lists some that there are.
    """
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        slugs = ", ".join(Study.objects.values_list("slug", flat=True)[:10])
        raise BadInputError(
            f"{slug}: no such study. Studies: {slugs or 'none yet; make one with create_study'}"
        )
    return study


class VersionManager(models.Manager.from_queryset(KeptQuerySet)):  # type: ignore[misc]
    """Reads `sealed`, which is long, only when it is asked for."""

    def get_queryset(self):
        return super().get_queryset().defer("sealed")


class ProtocolVersion(AppendOnly):
    """The protocol as it was opened, or as it was changed or grew later (lifecycle/revisions.py, growth.py). Never edited."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the study")
    sha256 = models.CharField(max_length=64, help_text="of all that was asked under it")
    protocol = models.JSONField(help_text="in full, with every default")
    sealed = models.TextField(
        blank=True,
        default="",
        help_text="all that was asked, as the text that `sha256` is the hash of; empty where the study was opened "
        "before this text was kept",
    )
    why = models.TextField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = VersionManager()  # type: ignore[misc]

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="version_number_once_per_study")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
