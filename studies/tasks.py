"""Where Celery looks for tasks; each lies in the room that it works for."""

from .setup import prepare

__all__ = ["prepare"]
