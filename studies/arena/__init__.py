"""A living comparison, a study without an end: arms that join and leave, and its page for everybody."""

from .joining import ArenaError, join, leave, release

__all__ = ["ArenaError", "join", "leave", "release"]
