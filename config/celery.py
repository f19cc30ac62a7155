"""The Celery application. The broker only carries ids; the rows in the database are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("blindsight")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
