"""The Celery application. The broker only carries ids; the rows in the database are the truth."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "config.broker:Transport")

app = Celery("blindsight")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
