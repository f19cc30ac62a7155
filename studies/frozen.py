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
        self._refuse_if_frozen()
        return super().update(**kwargs)

    def delete(self):
        self._refuse_if_frozen()
        return super().delete()

    def bulk_create(self, objs, *args, **kwargs):
        objs = list(objs)
        for study in {row.frozen_study for row in objs}:
            if study.is_frozen:
                raise refusal(study)
        return super().bulk_create(objs, *args, **kwargs)

    def _refuse_if_frozen(self) -> None:
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
        if self.frozen_study.is_frozen:
            raise refusal(self.frozen_study)
        return super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        if self.frozen_study.is_frozen:
            raise refusal(self.frozen_study)
        return super().delete(*args, **kwargs)

    @property
    def frozen_study(self):
        row = self
        for step in self.study_path.split("__"):
            row = getattr(row, step)
        return row
