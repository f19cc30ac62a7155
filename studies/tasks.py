"""Where Celery looks for tasks; each lies in the room that it works for."""

from .notices import look_out
from .setup import prepare

__all__ = ["look_out", "prepare"]
