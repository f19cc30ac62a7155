"""Two people make a study of the same name at once: one of them is told so, and the other has it whole."""

import threading
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from studies.lifecycle import readiness
from studies.lifecycle.readiness import create_study
from studies.models import Arm, Event, Study
from studies.protocol import ProtocolError, check_protocol
from studies.setup import drafts
from studies.setup.drafts import create_draft
from tests.studies.lifecycle.test_versions_of_a_protocol import SOURCE
from tests.studies.lifecycle.test_versions_of_a_protocol import birds as birds

pytestmark = pytest.mark.django_db(transaction=True)
TAKEN = "slug: a study 'small' exists already; choose another slug."


@pytest.fixture
def at_once(monkeypatch):
    """A function that lets two threads make something, and begin to store it when both have seen that the name is free."""
    both, of_thread = threading.Barrier(2, timeout=60), threading.local()

    def atomic():
        if not hasattr(of_thread, "has_waited"):
            of_thread.has_waited = True
            both.wait()
        return transaction.atomic()

    for module in (readiness, drafts):
        monkeypatch.setattr(module, "transaction", SimpleNamespace(atomic=atomic), raising=False)

    def run(make) -> list[str]:
        said: list[str] = []

        def one():
            try:
                make()
                said.append("made")
            except Exception as error:
                said.append(str(error) if isinstance(error, ProtocolError) else repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(said)

    return run


def test_two_that_are_ready(birds, at_once):
    protocol = check_protocol(SOURCE)
    assert at_once(lambda: create_study(protocol=protocol)) == ["made", TAKEN]
    assert Study.objects.get().state == "ready"
    assert Arm.objects.count() == 2


def test_two_drafts(at_once):
    assert at_once(lambda: create_draft(source=dict(SOURCE))) == ["made", TAKEN]
    assert Study.objects.get().state == "draft"
    assert Event.objects.count() == 1
