"""The one place that keeps an opened study from changing what it asks, whoever tries: code, admin or shell."""

from django.db import models


class FrozenStudyError(Exception):
    """Something that an opened study asks was about to change."""


def refusal(study: object) -> FrozenStudyError:
    return FrozenStudyError(
        f"Study {study} has been opened, so what it asks can no longer change. "
        "Make a new study for another question, other arms or other photos."
    )


class AskedQuerySet(models.QuerySet):
    """Rows that are part of what a study asks: changed and deleted only while the study is being set up."""

    def update(self, **kwargs):
        self.refuse_if_frozen()
        return super().update(**kwargs)

    def delete(self):
        self.refuse_if_frozen()
        return super().delete()

    def bulk_create(self, objs, *args, **kwargs):
        objs = list(objs)
        for study in {row.frozen_study for row in objs}:
            if study.is_frozen:
                raise refusal(study)
        return super().bulk_create(objs, *args, **kwargs)

    def refuse_if_frozen(self) -> None:
        path = self.model.study_path  # type: ignore[attr-defined]
        setting_up = self.model._meta.apps.get_model("studies", "Study").SETTING_UP
        opened = self.exclude(**{f"{path}__state__in": setting_up}).values_list(f"{path}__slug", flat=True)
        if slug := opened.order_by().first():
            raise refusal(slug)


class Asked(models.Model):
    """Base of the rows that say what a study asks. `study_path` is the way to the study in a look-up."""

    study_path = "study"
    objects = AskedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        self._refuse_if_frozen()
        return super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        self._refuse_if_frozen()
        return super().delete(*args, **kwargs)

    def _refuse_if_frozen(self) -> None:
        if self.frozen_study.is_frozen:
            raise refusal(self.frozen_study)
        # As it is stored, too: its study may have been opened, or the row moved, since it was loaded.
        if not self._state.adding:
            type(self).objects.filter(pk=self.pk).refuse_if_frozen()

    @property
    def frozen_study(self):
        row = self
        for step in self.study_path.split("__"):
            row = getattr(row, step)
        return row


class RecordError(Exception):
    """A record was about to be changed or deleted."""


class KeptQuerySet(models.QuerySet):
    """Records: appended, never changed, and deleted only with their study."""

    def update(self, **kwargs):
        raise RecordError(f"{self.model._meta.verbose_name_plural} are records: they are never changed.")

    def delete(self):
        raise RecordError(f"{self.model._meta.verbose_name_plural} are records: they are never deleted.")

    def erase(self, field: str) -> int:
        """Forget what a person may ask to have forgotten; that it happened stays on record."""
        empty = self.model().__dict__[field]
        return super().update(**{field: empty})


class Kept(models.Model):
    """Base of records."""

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise RecordError(f"{self} is a record: it is never changed.")
        return super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise RecordError(f"{self} is a record: it is never deleted.")
