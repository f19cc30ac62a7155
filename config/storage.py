"""Files in a folder of this machine."""

from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class WholeFiles(FileSystemStorage):
    """Files in a folder, each stored whole or not at all: one that a full disk cut off is deleted."""

    def _save(self, name: str, content: File) -> str:
        try:
            return super()._save(name, content)  # type: ignore[misc]
        except OSError:
            # The name was free a moment ago and is random, so what lies there now is ours.
            with suppress(OSError):
                Path(self.path(name)).unlink()
            raise
