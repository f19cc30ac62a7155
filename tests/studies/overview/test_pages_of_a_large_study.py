"""Pages of staff ask the database as often for a study of two hundred photos as for one of ten."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.pages import PAGES, fill

pytestmark = pytest.mark.django_db
MOST = 25


def queries(browser, **size) -> dict[str, int]:
    """Address -> how many queries its page takes for a study of this size; nothing is kept."""
    counts = {}
    with transaction.atomic():
        fill(**size)
        for address in PAGES:
            with CaptureQueriesContext(connection) as asked:
                assert browser.get(address).status_code == 200
            counts[address] = len(asked)
        transaction.set_rollback(True)
    return counts


def test_the_number_of_queries_does_not_grow_with_photos_answers_or_people(client, admin_user):
    client.force_login(admin_user)
    few = queries(client, items=10, each=2, people=5)
    assert queries(client, items=200, each=4, people=60) == few
    assert max(few.values()) <= MOST
