"""Links of further devices to people who take part, and how many join from one address. Both tables begin empty."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0020_nonce")]

    operations = [
        migrations.CreateModel(
            name="JoinCount",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="of the invitation, the address and the hour",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hour", models.BigIntegerField(help_text="since 1970")),
                ("joins", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="FurtherLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_sha256", models.CharField(max_length=64, unique=True)),
                (
                    "is_limited",
                    models.BooleanField(
                        default=True, help_text="nothing proved that it is the same person"
                    ),
                ),
                (
                    "after",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="position of the last trial that was over when it was made: a limited link shows what comes after it",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="further_links",
                        to="studies.participant",
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
    ]
