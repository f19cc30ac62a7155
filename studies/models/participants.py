"""Who takes part in a study and by which link they came; and the tokens of programs. Secrets are stored as hashes."""

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from studies.core import sealing

from .study import Study


def new_token() -> str:
    """256 random bits for a link. It is found by its SHA-256."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


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
        """Make a token; return its row, and the token itself, which is not kept anywhere."""
        token = new_token()
        return cls.objects.create(user=user, name=name, scope=scope, token_sha256=hash_token(token)), token


class ApiUse(models.Model):
    """How often someone's programs have asked in the present period; see api/throttling.py."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    period = models.BigIntegerField(help_text="which minute, hour or day since 1970")
    requests = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.requests} in {self.period}"


class Invitation(models.Model):
    """A link that lets people in. It is found by its token's SHA-256; the token is kept sealed, so that it can be shown again.

    Nothing but `token` opens it, and a revoked invitation has none any more.
    """

    PURPOSE = b"studies.models.Invitation"

    study = models.ForeignKey(Study, models.CASCADE, related_name="invitations")
    label = models.CharField(max_length=100, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    sealed_token = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="the token, sealed under SECRET_KEY; empty: never kept, or revoked",
    )
    personal = models.BooleanField(
        default=False, help_text="one of many links that were made at once, each for one person"
    )
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
        """Make an invitation; return it with its token."""
        invitation, token = cls.prepared(study, **fields)
        invitation.save()
        return invitation, token

    @classmethod
    def prepared(cls, study: Study, **fields) -> tuple["Invitation", str]:
        """The same, not stored yet."""
        token = new_token()
        invitation = cls(study=study, token_sha256=hash_token(token), **fields)
        if invitation.revoked_at is None:
            invitation.sealed_token = sealing.seal(
                token, purpose=cls.PURPOSE, bound_to=invitation.token_sha256
            )
        return invitation, token

    @property
    def token(self) -> str | None:
        """The token that stands in the link; None where it was never kept, or no key is here that opens it."""
        if not self.sealed_token:
            return None
        return sealing.opened(self.sealed_token, purpose=self.PURPOSE, bound_to=self.token_sha256)


class Participant(models.Model):
    """A volunteer in one study, known by the hash of a link, and by a recruitment site's id where one passed it on."""

    class State(models.TextChoices):
        ACTIVE = "active"
        FINISHED = "finished"
        WITHDRAWN = "withdrawn"
        SCREENED = "screened", "not eligible by their own answers"
        VOID = "void", "their answers were taken out"

    # Whose answers count: someone who is through may still have one on its way.
    TAKE_PART = (State.ACTIVE, State.FINISHED)

    # By which link they came this time, where it is not their first; no column.
    came_by: "FurtherLink | None" = None

    study = models.ForeignKey(Study, models.CASCADE, related_name="participants")
    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="participants")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the study")
    token_sha256 = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    simulated = models.BooleanField(default=False)
    consented_at = models.DateTimeField(
        default=timezone.now, null=True, blank=True, help_text="empty: they have withdrawn"
    )
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
    condition = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="where people do not meet all arms mixed: which arms they meet, as Comparison.conditions() counts them; "
        "empty: they have met none yet",
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

    @property
    def group(self) -> str:
        """The label of the invitation that they came by; of somebody who has withdrawn nothing is told any more."""
        return "" if self.state == self.State.WITHDRAWN else self.invitation.label

    @property
    def came_from(self) -> str:
        """The invitation that they came by, as staff read it; of one of many personal links only the label that all of them have:
        whoever has the list of links would know whose answers those are."""
        if self.state == self.State.WITHDRAWN:
            return ""
        return (self.group or "a personal link") if self.invitation.personal else str(self.invitation)


class FurtherLink(models.Model):
    """The link of another device to somebody who takes part; their first one keeps working.

    It is limited where nothing but a recruitment site's id said who they are: whoever holds it may go on answering, and sees
    nothing of what was given before. It goes when they withdraw.
    """

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="further_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    is_limited = models.BooleanField(default=True, help_text="nothing proved that it is the same person")
    after = models.PositiveIntegerField(
        default=0,
        help_text="position of the last trial that was over when it was made: a limited link shows what comes after it",
    )
    external = models.JSONField(
        default=dict, blank=True, help_text="ids that a recruitment site passed on when it was made"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"further link {self.pk}"


class JoinCount(models.Model):
    """How many have joined by an invitation from one address within an hour of the clock; see participation/join_limit.py.

    Of the address there is a keyed hash that is another one each hour. Rows of earlier hours are deleted.
    """

    key = models.CharField(
        max_length=64, primary_key=True, help_text="of the invitation, the address and the hour"
    )
    hour = models.BigIntegerField(help_text="since 1970")
    joins = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.joins} in hour {self.hour}"
