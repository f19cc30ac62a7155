"""The site: settings, addresses, workers, health, logs, backup. It puts the two apps together."""

from .celery import app as celery_app

__all__ = ("celery_app",)
