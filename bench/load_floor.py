"""The floor: a bare Django view that claims a trial and inserts an answer, on the same server and the same tables.

No session, no CSRF check, no token, no lease, no log, no page, and nothing that keeps an item from coming twice.
"""

import json
import os
from uuid import uuid4

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

CLAIM = """
UPDATE studies_trial SET state = 'answered' WHERE id = (
    SELECT id FROM studies_trial WHERE study_id = %s AND state = 'open' ORDER BY id * -1 DESC LIMIT 1 {locked}
) RETURNING id
"""


def answer(request: HttpRequest) -> JsonResponse:
    from studies.models import Response

    body = json.loads(request.body)
    locked = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM.format(locked=locked), [body["study"]])
            trial = cursor.fetchone()[0]
        Response.objects.create(
            answer_id=uuid4(), trial_id=trial, participant_id=body["participant"], choice=0, simulated=True
        )
    reply = JsonResponse({"trial": trial})
    reply["Content-Length"] = len(reply.content)  # else gunicorn would send it in chunks
    return reply


urlpatterns = [path("answer/", answer)]

if os.environ.get("DJANGO_SETTINGS_MODULE") == "bench.load_floor_settings":
    application = get_wsgi_application()
