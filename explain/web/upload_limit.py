"""Uploads that are too large are refused before they fill the disk."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class LimitedUploadHandler(FileUploadHandler):
    """Keeps no file of a request that is larger than UPLOAD_MAX_MIB; `too_large(request)` gives the message."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *rest: Any) -> None:  # type: ignore[override]
        self.too_large = content_length > settings.UPLOAD_MAX_MIB * 2**20

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.too_large:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data  # the next handler keeps it

    def file_complete(self, file_size: int) -> None:
        return None


def too_large(request: Any) -> str:
    """What to tell someone whose upload was too large; empty if it was not."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size <= settings.UPLOAD_MAX_MIB * 2**20:
        return ""
    return (
        f"This is {size / 2**20:,.0f} MiB; one upload may have {settings.UPLOAD_MAX_MIB:,}. "
        "Split the ZIP, resize the photos, or bring them in on the server (manage.py import_images)."
    )
