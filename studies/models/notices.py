"""Who is told when a study needs somebody, and what is still to be sent. No answer, id or word of a volunteer is in here."""

from django.db import models
from django.utils import timezone

from .study import Study


class NoticeSettings(models.Model):
    """Whom a study tells, and of what. It can change at any time: nothing of it is asked of volunteers."""

    study = models.OneToOneField(Study, models.CASCADE, related_name="notice_settings", primary_key=True)
    webhook = models.CharField(max_length=500, blank=True, default="")
    emails = models.TextField(blank=True, default="", help_text="one address a line")
    on_full = models.BooleanField(default=True)
    on_stall = models.BooleanField(default=True)
    on_message = models.BooleanField(default=True)
    stall_minutes = models.PositiveIntegerField(
        default=120, help_text="open, not full, and no answer for so long"
    )
    changed_at = models.DateTimeField(default=timezone.now, help_text="nothing of before is told")

    def __str__(self) -> str:
        return f"notices of {self.study_id}"

    @property
    def addresses(self) -> list[str]:
        return self.emails.split()


class Notice(models.Model):
    """One thing that one receiver is to be told, once. The row is the truth: workers send what is due."""

    class Kind(models.TextChoices):
        FULL = "full", "all answers are there"
        STALLED = "stalled", "no answers come any more"
        MESSAGE = "message", "somebody wrote by “Something is wrong”"

    class Channel(models.TextChoices):
        WEBHOOK = "webhook"
        EMAIL = "email", "e-mail"

    study = models.ForeignKey(Study, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    about = models.CharField(max_length=100, help_text="what makes it another one than the last of its kind")
    at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, null=True, help_text="empty: sent, or given up")
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="", help_text="of the last attempt")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "channel", "about"], name="each_notice_once"),
        ]
        indexes = [models.Index(fields=["due_at"], name="notice_due")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}"
