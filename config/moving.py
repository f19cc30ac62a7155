"""All rows of the site from its database into another one: from SQLite to PostgreSQL, as a site grows."""

from collections.abc import Callable

from django.core.management import call_command
from django.db import transaction

from explain.core.errors import BadInputError

from . import rows


def move(url: str, report: Callable[[int, int], object] = lambda done, total: None) -> dict[str, int]:
    """Migrate the database at `url` and copy every row there; table -> rows, counted in both. Files stay where they are.

    Stop the site first: what is written while this runs is not copied. Nothing is taken out of the old database.
    Raises BadInputError where the new one is not empty, or does not end with the same counts (and is then left empty).
    """
    models = rows.site_models()
    with rows.opened(url) as other, rows.snapshot() as source:
        call_command("migrate", database=other, verbosity=0)
        rows.check_empty(other)
        counts = {model: rows.count(model, source) for model in models}
        done, total = 0, sum(counts.values())
        with transaction.atomic(using=other):
            rows.make_way(other)
            for model in models:
                written = rows.write(model, rows.read(model, source), other)
                if not written == rows.count(model, other) == counts[model]:
                    raise BadInputError(
                        f"{model._meta.label}: {written} rows arrived of {counts[model]}; nothing was kept"
                    )
                done += written
                report(done, total)
            rows.reset_sequences(other)
    return {model._meta.label_lower: count for model, count in counts.items() if count}
