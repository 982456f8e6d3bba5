"""The least that an answer of the gate costs: a plain view that checks the token and reads one approval.

The same server, pool of connections and middleware as the gate's; no framework for REST, no model, no policy.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from config.urls import urlpatterns as of_the_product

CREDENTIAL = """
    SELECT sha256, scopes FROM people_token
    WHERE prefix = %s AND revoked_at IS NULL AND expires_at > now()
"""
APPROVAL = """
    SELECT approval.id, approval.verdict, approval.requirements, approval.granted_at, approval.expires_at
    FROM gates_approval approval
    JOIN catalog_version version ON version.id = approval.version_id
    JOIN catalog_usecase use_case ON use_case.id = approval.use_case_id
    WHERE version.revision = %s AND use_case.slug = %s AND approval.stage = %s AND approval.ended_at IS NULL
"""


def floor(request: HttpRequest, sha: str, size: int) -> HttpResponse:
    """JSON of ``size`` bytes about the approval of one commit."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    with connection.cursor() as cursor:
        cursor.execute(CREDENTIAL, [secret[4:12]])
        token = cursor.fetchone()
        if token is None or not hmac.compare_digest(token[0], hashlib.sha256(secret.encode()).hexdigest()):
            return JsonResponse({"code": "not_authenticated"}, status=401)
        cursor.execute(APPROVAL, [sha, request.GET["use_case"], request.GET["stage"]])
        number, verdict, requirements, granted_at, expires_at = cursor.fetchone()
    answer = {
        "verdict": verdict,
        "grant": {"id": number, "granted_at": granted_at, "expires_at": expires_at},
        "requirements": json.loads(requirements),
        "filled_up": "",
    }
    short = size - len(JsonResponse(answer).content)
    answer["filled_up"] = "x" * max(0, short)
    return JsonResponse(answer)


urlpatterns = [path("floor/<str:sha>/<int:size>/", floor), *of_the_product]
