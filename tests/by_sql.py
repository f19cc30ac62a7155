"""What somebody does to rows with SQL: past `save`, query sets and whatever else keeps them."""

from django.db import connection, models

from studies.models import Study


def change(rows: models.QuerySet, **values) -> int:
    """UPDATE without asking anybody."""
    return models.QuerySet.update(rows, **values)


def remove(rows: models.QuerySet) -> None:
    """DELETE of these rows alone."""
    keys = list(rows.values_list("pk", flat=True))
    table = connection.ops.quote_name(rows.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"DELETE FROM {table} WHERE id = %s", [[key] for key in keys])


def remove_study(study: Study) -> None:
    """A study with all that hangs on it, opened or not."""
    of_items = [rows for item in study.items.all() for rows in (item.item_maps.all(), item.check_maps.all())]
    of_people = [person.responses.all() for person in study.participants.all()]
    below = [study.events, study.trials, study.items, study.arms, study.participants, study.invitations]
    for rows in [*of_items, *of_people, *(rows.all() for rows in below), study.versions.all()]:
        remove(rows)
    study.researchers.clear()
    study.viewers.clear()
    study.payers.clear()
    remove(Study.objects.filter(pk=study.pk))
