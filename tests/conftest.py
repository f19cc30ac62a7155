"""What every test shares: files in a folder of the test's own, and the people of a study."""

import os
import shutil
import threading
import time

import pytest
from django.core.management.commands import flush
from django.core.servers.basehttp import WSGIRequestHandler
from playwright.sync_api import sync_playwright

from tests.browser import js_coverage
from tests.browser.js_coverage import pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown  # noqa: F401

os.environ.setdefault("SECRET_KEY", "tests-only-" + "0" * 50)
os.environ.setdefault("HTTPS", "false")
# Playwright's sync API runs an event loop in the test's thread; Django's ORM would refuse to work there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# The live server sends head and body apart; Nagle's algorithm would hold each body back for 40 ms.
WSGIRequestHandler.disable_nagle_algorithm = True

# A test with transactions of its own empties every table in the end, and Django then makes all permissions anew. They stay here.
KEPT = {"django_content_type", "auth_permission"}


def _flush_all_but_permissions(style, connection, **options):
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return connection.ops.sql_flush(style, [table for table in tables if table not in KEPT], **options)


flush.sql_flush = _flush_all_but_permissions
flush.emit_post_migrate_signal = lambda *_, **__: None

DESK = {"width": 1280, "height": 720}


def pytest_collection_modifyitems(config, items):
    """With ONLY_DATABASE=1 what asks no database is left out: another database would say the same of it."""
    if os.environ.get("ONLY_DATABASE"):
        asking = [
            item for item in items if item.get_closest_marker("django_db") or DATABASE & {*item.fixturenames}
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in {*asking}])
        items[:] = asking


DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CACHES = {
        **settings.CACHES,
        "thumbnails": {**settings.CACHES["thumbnails"], "LOCATION": tmp_path / "thumbnails"},
    }
    settings.WITHDRAWN_FILE = str(tmp_path / "withdrawn.jsonl")
    # Static files are found when they are asked for; reading all of them for each Client takes longer than most tests.
    settings.WHITENOISE_AUTOREFRESH = True
    # A password's hash is slow on purpose; no test is about that.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _same_orders_each_time(monkeypatch):
    """A study draws a nonce when it is opened; in tests it is always this one, so that the same seed gives the same orders."""
    monkeypatch.setattr("studies.lifecycle.opening.new_nonce", lambda: "5e" * 32)


@pytest.fixture(autouse=True)
def _small_pictures(request, monkeypatch):
    """Drawing and encoding pictures in full takes most of the time of tests that make a study, and none looks at their size.

    Browsers get the real ones, and so does whoever is marked `real_pictures`.
    """
    if not {"browser", "real_pictures"} & {mark.name for mark in request.node.iter_markers()}:
        monkeypatch.setattr("explain.cam.rendering.render.PICTURE", SMALL)


SMALL = 112


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """On SQLite the tests' database is a file, as in real life: several threads share an in-memory one badly."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "tests.sqlite3")


@pytest.fixture
def admin_user(django_user_model):
    return django_user_model.objects.create_superuser("admin", password="correct horse battery")


@pytest.fixture
def researcher(django_user_model):
    return django_user_model.objects.create_user(
        "researcher", password="correct horse battery", is_staff=True
    )


@pytest.fixture
def stranger(django_user_model):
    return django_user_model.objects.create_user("stranger", password="correct horse battery", is_staff=True)


@pytest.fixture
def tasks_run_in_place():
    """Celery's tasks run as soon as they are sent, in the process of the test."""
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


# The shell alone, where it is installed, takes two thirds of the processor time of a whole Chromium.
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for each worker: Playwright starts only once in a process."""
    with sync_playwright() as playwright:
        args = ["--no-sandbox", *js_coverage.CHROMIUM_ARGS]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """A function that opens a page of a fresh visitor; options are those of Playwright's new_context."""
    contexts = []

    def open_page(**options):
        context = chromium.new_context(**{"viewport": DESK, "reduced_motion": "reduce", **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    _let_requests_end()


def _let_requests_end(seconds: float = 5) -> None:
    """Wait for what closed pages had asked of the live server: PostgreSQL cannot empty tables that a request still reads."""
    until = time.monotonic() + seconds
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(max(0, until - time.monotonic()))
