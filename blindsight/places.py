"""Where things lie: what comes along and is no code, and what a site makes.

In a checkout both are in it. Installed from a wheel, what comes along lies in this package, and a site's data in a folder of
the user's own.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_IN_A_WHEEL = PACKAGE / "shipped"  # hatch_build.py puts it there
INSTALLED = _IN_A_WHEEL.is_dir()

SHIPPED = _IN_A_WHEEL if INSTALLED else PACKAGE.parent
"""Holds templates, static files, translations, samples, protocols and the scripts that recompute figures."""

CODE = PACKAGE.parent
"""Holds the packages config, studies and explain."""


def default_data_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder of a site where nobody has named one (`DATA_DIR`). It is not made here."""
    if not INSTALLED:
        return SHIPPED / "var"
    home = Path(environ.get("HOME") or Path.home())
    if platform == "darwin":
        return home / "Library/Application Support/blindsight"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "blindsight"


def program() -> str:
    """What people type before a command's name."""
    return "blindsight" if INSTALLED else "manage.py"


def how_to_install(extra: str = "") -> str:
    """The command that brings what an extra needs: "worker", "fast" …; "": what a web host needs."""
    if INSTALLED:
        return f"pip install 'blindsight[{extra}]'" if extra else "pip install blindsight"
    files = {"": "requirements-web.txt", "worker": "requirements.txt"}
    return f"pip install -r {files.get(extra, f'requirements-{extra}.txt')}"
