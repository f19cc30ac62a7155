"""The one place that keeps an opened study from changing what it asks, and records from changing at all.

Instances, query sets and managers refuse it alike, whether code, the admin or a shell tries: `save`, `delete`, `update`,
`bulk_update`, `update_or_create`, `bulk_create` that updates, related managers and cascades. Three ways lead past it, each
with a name: `QuerySet.change_what_is_frozen` and `add_to_what_is_frozen` for a new version of a protocol, and `KeptQuerySet.erase` and `forget` for a
person who withdraws. What goes by SQL, or by Django's own `_base_manager` of records, is noticed by the seal (lifecycle/seal.py).
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models


class FrozenStudyError(Exception):
    """Something that an opened study asks was about to change."""


def refusal(study: object, tried: str = "") -> FrozenStudyError:
    """The error for a study, by its slug; `tried` names the row, and its columns if these were to change."""
    return FrozenStudyError(
        f"Study {study} has been opened, so what it asks can no longer change{f' ({tried})' if tried else ''}. "
        "Make a new study for another question, other arms or other photos."
    )


class RecordError(Exception):
    """A record was about to be changed or deleted."""


class _GuardedQuerySet(models.QuerySet):
    """Every way in which a query set changes or deletes rows asks first, `_refuse_change` or `_refuse_removal`."""

    def update(self, **kwargs):
        self._refuse_change(kwargs)
        return super().update(**kwargs)

    def delete(self):
        self._refuse_removal()
        return super().delete()

    def _raw_delete(self, using):
        self._refuse_removal()
        return super()._raw_delete(using)

    # As on Django's own: templates do not call them, and a manager has no `delete`.
    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
    _raw_delete.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs, batch_size=None, ignore_conflicts=False, update_conflicts=False, update_fields=None, unique_fields=None):  # fmt: skip
        objs = list(objs)
        if update_conflicts and (names := self._fixed(update_fields or ())):
            raise self.error_of_conflicts(names)
        self._refuse_adding(objs)
        return super().bulk_create(
            objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
        )

    def _fixed(self, names: Iterable[str]) -> list[str]:
        """Those of some columns that do not change once the row stands."""
        fields = (self.model._meta.get_field(name).name for name in names)
        return [name for name in fields if name not in self.model.MAY_CHANGE]  # type: ignore[attr-defined]

    def error_of_conflicts(self, names: list[str]) -> Exception:
        kind = self.model._meta.verbose_name_plural
        return self.model.Refused(  # type: ignore[attr-defined]
            f"bulk_create with update_conflicts could change {', '.join(names)} of {kind} that stand. "
            "Create the new ones alone, and save each of the others."
        )

    def _refuse_change(self, values: dict[str, Any]) -> None:
        raise NotImplementedError

    def _refuse_removal(self) -> None:
        raise NotImplementedError

    def _refuse_adding(self, rows: list[Any]) -> None:
        """Rows may be added unless a subclass says otherwise."""

    def _named(self, names: Collection[str] = ()) -> str:
        """The first of the rows, with columns: “arm 3: method”."""
        first = next(iter(self.values_list("pk", flat=True)[:1]), "")
        row = f"{self.model._meta.verbose_name} {first}".strip()
        return f"{row}: {', '.join(names)}" if names else row


class FrozenQuerySet(_GuardedQuerySet):
    """Rows whose fixed columns change, and which are deleted, only while their study is being set up."""

    def change_what_is_frozen(self, **values: Any) -> int:
        """The one way past the guard: for a new version of the protocol, and inside what is rolled back."""
        return super(_GuardedQuerySet, self).update(**values)

    change_what_is_frozen.alters_data = True  # type: ignore[attr-defined]

    def refuse_if_frozen(self, names: Collection[str] = ()) -> None:
        """Raise FrozenStudyError where one of the rows is of an opened study."""
        path = self.model.study_path  # type: ignore[attr-defined]
        before = f"{path}__" if path else ""
        setting_up = self.model._meta.apps.get_model("studies", "Study").SETTING_UP
        opened = self.exclude(**{f"{before}state__in": setting_up}).order_by()
        if slug := opened.values_list(f"{before}slug", flat=True).first():
            raise refusal(slug, opened._named(names))

    def _refuse_change(self, values):
        if names := self._fixed(values):
            self.refuse_if_frozen(names)

    def _refuse_removal(self):
        self.refuse_if_frozen()


class Frozen(models.Model):
    """Base of rows that their study's opening freezes, but for the columns that MAY_CHANGE.

    `study_path` is the way to the study in a look-up; "" for the study itself.
    """

    study_path = "study"
    MAY_CHANGE: Collection[str] = ()
    Refused = FrozenStudyError
    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True
        # Cascades, too: without this Django takes a manager of its own for them, which refuses nothing.
        base_manager_name = "objects"

    def save(self, *args, **kwargs):
        self._check_save(kwargs.get("update_fields"))
        return super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        self._check_delete()
        return super().delete(*args, **kwargs)

    def _check_save(self, update_fields: Iterable[str] | None) -> None:
        """Raise FrozenStudyError where a fixed column that would be written differs from what is stored."""
        if self.pk is None:
            return
        if update_fields is None:
            update_fields = [field.name for field in self._meta.concrete_fields if not field.primary_key]
        fixed = [
            str(getattr(self._meta.get_field(n), "attname", n)) for n in self._stored()._fixed(update_fields)
        ]
        stored = self._stored().values(*fixed).first() if fixed else None
        if stored and (changed := [name for name in fixed if getattr(self, name) != stored[name]]):
            self._stored().refuse_if_frozen(changed)

    def _check_delete(self) -> None:
        self._stored().refuse_if_frozen()

    def _stored(self) -> FrozenQuerySet:
        """This row as it is stored."""
        return type(self).objects.filter(pk=self.pk)


class AskedQuerySet(FrozenQuerySet):
    """Rows that are part of what a study asks: none is added either once it has been opened."""

    def add_to_what_is_frozen(self, rows: list[Any]) -> list[Any]:
        """The one way past the guard: for an arm that joins a study without an end, under a new version of its protocol."""
        return super(_GuardedQuerySet, self).bulk_create(rows)

    add_to_what_is_frozen.alters_data = True  # type: ignore[attr-defined]

    def _refuse_adding(self, rows):
        for study in {row.frozen_study for row in rows}:
            if study.is_frozen:
                raise refusal(study)


class FrozenWithStudy(Frozen):
    """Base of the rows that say what a study asks."""

    objects = AskedQuerySet.as_manager()  # type: ignore[misc]

    class Meta(Frozen.Meta):
        abstract = True

    def _check_save(self, update_fields):
        self._refuse_if_frozen()

    def _check_delete(self):
        self._refuse_if_frozen()

    def _refuse_if_frozen(self) -> None:
        if self.frozen_study.is_frozen:
            raise refusal(self.frozen_study)
        # As it is stored, too: its study may have been opened, or the row moved, since it was loaded.
        if self.pk is not None:
            self._stored().refuse_if_frozen()

    @property
    def frozen_study(self):
        row = self
        for step in self.study_path.split("__"):
            row = getattr(row, step)
        return row


class KeptQuerySet(_GuardedQuerySet):
    """Records: appended, never changed but for the columns that MAY_CHANGE, and deleted only with their study."""

    def erase(self, *names: str) -> int:
        """Empty columns of what a person may ask to have forgotten; that it happened stays on record."""
        for name in names:
            if name not in self.model.MAY_BE_ERASED:  # type: ignore[attr-defined]
                raise RecordError(f"{name} of {self.model._meta.verbose_name_plural} is never erased.")
        fields = self.model._meta.concrete_fields
        empty = {field.name: field.get_default() for field in fields if field.name in names}
        return super(_GuardedQuerySet, self).update(**empty)

    def forget(self) -> int:
        """Delete rows of a person who may ask to have them forgotten; how many."""
        if not self.model.MAY_BE_FORGOTTEN:  # type: ignore[attr-defined]
            raise RecordError(f"{self.model._meta.verbose_name_plural} are never deleted.".capitalize())
        return super(_GuardedQuerySet, self)._raw_delete(self.db)

    erase.alters_data = True  # type: ignore[attr-defined]
    forget.alters_data = True  # type: ignore[attr-defined]

    def _refuse_change(self, values):
        if names := self._fixed(values):
            raise self.model.record_error("changed", self._named(names))  # type: ignore[attr-defined]

    def _refuse_removal(self):
        raise self.model.record_error("deleted", self._named())  # type: ignore[attr-defined]


class AppendOnly(models.Model):
    """Base of records: rows that are added, changed only in the columns that MAY_CHANGE, and deleted only with their study."""

    MAY_CHANGE: Collection[str] = ()
    MAY_BE_ERASED: Collection[str] = ()
    MAY_BE_FORGOTTEN = False
    REMEDY = "Put down beside it what is to be known."
    Refused = RecordError
    objects = KeptQuerySet.as_manager()

    # No base_manager_name here: by its own manager Django empties the `user` of records when an account is deleted, and
    # deletes the records of a draft along with it.
    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        names = kwargs.get("update_fields")
        if self._stands() and (names is None or not set(names) <= set(self.MAY_CHANGE)):
            raise self.record_error("changed", f"{self._meta.verbose_name} {self.pk}")
        return super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise self.record_error("deleted", f"{self._meta.verbose_name} {self.pk}")

    def _stands(self) -> bool:
        """Whether a save would write over a stored row; so would a new instance that has its key."""
        if self._state.adding:
            return self.pk is not None and type(self)._base_manager.filter(pk=self.pk).exists()
        return True

    @classmethod
    def record_error(cls, done: str, row: str) -> RecordError:
        plural = str(cls._meta.verbose_name_plural).capitalize()
        return RecordError(f"{plural} are records: they are never {done} ({row}). {cls.REMEDY}")
