"""A site of its own for a measurement: an empty database and folder that are gone afterwards."""

import os
import tempfile
from collections.abc import Callable


def in_own_site(measure: Callable[[], None]) -> None:
    """Call `measure()` in this process with Django set up on such a site."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        import django

        django.setup()
        measure()
