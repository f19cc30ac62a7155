"""A chart or a table that is taken says that the study's seal is broken."""

import pytest
from django.urls import reverse

from tests.studies.lifecycle.test_seal import opened as opened
from tests.studies.lifecycle.test_seal import sql

pytestmark = pytest.mark.django_db


def test_in_its_name_its_header_and_where_it_has_words(opened, admin_client):
    address = reverse("study-report-take", args=["sealed", "table-arms", "tex"])
    whole = admin_client.get(address)
    assert "SEAL" not in whole["Content-Disposition"]
    assert "broken" not in whole.text
    sql("UPDATE studies_study SET seed = 999")
    for ending in ("csv", "tex", "md"):
        broken = admin_client.get(reverse("study-report-take", args=["sealed", "table-arms", ending]))
        assert f"-SEAL-BROKEN.{ending}" in broken["Content-Disposition"]
        assert ("The seal of sealed is broken" in broken.text) == (ending != "csv")
