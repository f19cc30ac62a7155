"""A study says whether it is for simulated volunteers alone. Who withdrew before is erased as who withdraws now (trials/erasure.py): answers, what they did, times, ids."""

from pathlib import Path

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from studies.trials import keep_tombstones, read_tombstones, tombstone_key

WITHDRAWN = "withdrawn"
EMPTY = {
    "external": {},
    "external_id": "",
    "background": {},
    "completion_code": "",
    "consent_sha256": "",
    "consented_at": None,
    "instructed_at": None,
    "finished_at": None,
}


def erase(apps, schema_editor):
    """First they are noted beside the database: their time of consent is what an older backup has of them."""
    participants, responses, trials, events = (
        apps.get_model("studies", name).objects.using(schema_editor.connection.alias)
        for name in ("Participant", "Response", "Trial", "Event")
    )
    people = list(participants.filter(state=WITHDRAWN).select_related("study"))
    links = _noted(people) if people else {}
    for person in people:
        responses.filter(participant=person).delete()
        trials.filter(participant=person).update(participant=None, position=None)
        theirs = events.filter(participant=person)
        theirs.filter(user=None).exclude(kind=WITHDRAWN).delete()
        theirs.update(participant=None, data={})
        participants.filter(pk=person.pk).update(token_sha256=links[person.pk], **EMPTY)


def _noted(people):
    """By their keys: what stands for each one's link in the file of those who have withdrawn, where they are put down now."""
    path = Path(settings.WITHDRAWN_FILE)
    lines = {
        person.pk: {"study": person.study.slug, "person": tombstone_key(person), "link": person.token_sha256}
        for person in people
    }
    keep_tombstones(path, lines.values())
    noted = {line["person"]: line.get("link") for line in read_tombstones([path]).lines if "person" in line}
    return {pk: noted.get(line["person"]) or line["link"] for pk, line in lines.items()}


class Migration(migrations.Migration):
    dependencies = [("studies", "0021_further_links")]

    operations = [
        migrations.AlterField(
            model_name="participant",
            name="consented_at",
            field=models.DateTimeField(
                blank=True, default=django.utils.timezone.now, help_text="empty: they have withdrawn", null=True
            ),
        ),
        migrations.AddField(
            model_name="study",
            name="simulated_only",
            field=models.BooleanField(
                default=False, help_text="opened for simulated volunteers alone: nobody else is let in"
            ),
        ),
        migrations.RunPython(erase, migrations.RunPython.noop),
    ]
