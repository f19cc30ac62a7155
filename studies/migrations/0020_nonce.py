"""A secret that is mixed into the seed of orders. Studies that were opened before have none, and keep their orders.

It builds on 0018; 0019 is made elsewhere and does not touch this column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0018_taken_out")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="nonce",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="mixed into the seed of orders: 64 hexadecimal digits, secret until the study is closed; empty in studies "
                "that were opened before there were nonces",
                max_length=64,
            ),
        ),
    ]
