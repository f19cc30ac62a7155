"""The site's own settings without its middleware and its pages: what the floor runs on."""

from config.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.load_floor"
