"""A study has pictures of its own, all of one length. Those that were opened before keep theirs, under the same names.

Of a study that was not opened the hashes go: its pictures are made anew when it gets ready, or at its opening.
"""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import explain.models

SETTING_UP = ("draft", "precomputing", "ready")


def keep(apps, schema_editor):
    alias = schema_editor.connection.alias

    def rows(app, model):
        return apps.get_model(app, model).objects.using(alias)

    items, item_maps = rows("studies", "Item"), rows("studies", "ItemMap")
    photos = rows("explain", "Image").filter(pk=OuterRef("image")).values("picture")[:1]
    items.exclude(study__state__in=SETTING_UP).update(picture=Subquery(photos))
    items.filter(study__state__in=SETTING_UP).update(picture_sha256="")
    for kind in ("overlay", "masked", "heat"):
        maps = rows("explain", "ExplanationMap").filter(pk=OuterRef("map")).values(kind)[:1]
        opened = items.filter(study__picture=kind).exclude(study__state__in=SETTING_UP)
        item_maps.filter(item__in=opened.values("pk")).update(picture=Subquery(maps))
    in_setup = items.filter(study__state__in=SETTING_UP)
    item_maps.filter(item__in=in_setup.values("pk")).update(picture_sha256="")


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0033_confidence"),
        ("explain", "0010_no_explanation"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="picture",
            field=models.FileField(
                blank=True,
                help_text="of the photo, as this study shows it",
                max_length=100,
                upload_to=explain.models.random_name,
            ),
        ),
        migrations.AddField(
            model_name="itemmap",
            name="picture",
            field=models.FileField(
                blank=True,
                help_text="of the map, as this study shows it",
                max_length=100,
                upload_to=explain.models.random_name,
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="picture_sha256",
            field=models.CharField(
                blank=True,
                help_text="of `picture`; empty until it has the length of the study's others",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="itemmap",
            name="picture_sha256",
            field=models.CharField(
                blank=True,
                help_text="of `picture`; empty until it has the length of the study's others",
                max_length=64,
            ),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
