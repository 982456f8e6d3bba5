"""The published schema and what the interface does, held against each other by requests that are made from it."""

from __future__ import annotations

import json
import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from governance.people.models import Scope
from governance.people.services.tokens import issue_token
from tests.factories import RunFactory, SubmissionFactory, member

EXAMPLES = 200 if os.environ.get("LONG") == "1" else 25
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
answered = get_wsgi_application()


def read_to_the_end(environ, start_response):
    """As a server does it: the answer is closed, and with it the files of the request."""
    response = answered(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        response.close()


# What a schema cannot say: that a name is taken, a step not due, a number beyond 64 bits. Such a request is well formed
# and is refused all the same, with a problem whose code the schema names.
OF_RULES = [positive_data_acceptance]
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True))))
schema.app = read_to_the_end
schema.config.generation.allow_extra_parameters = False  # what nobody asked for is passed over, as the Hub does
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection():
    """As in Django's own test client: requests share the connection, and with it the transaction, of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(db):
    """A token of somebody who may do everything, in an installation that is not empty."""
    RunFactory()
    SubmissionFactory()
    roles = ["submitter", "approver", "risk_officer", "admin", "reviewer:ethics", "reviewer:domain"]
    scopes = [scope.value for scope in Scope]
    user, at = member(None, *roles), timezone.now()
    _token, secret = issue_token(user=user, name="schema", scopes=scopes, days=1, by=None, at=at)
    return {"Authorization": f"Bearer {secret}"}


@schema.parametrize()
@few
def test_without_a_token_every_operation_answers_as_the_schema_says(case):
    case.call_and_validate(excluded_checks=OF_RULES)


@schema.parametrize()
@few
def test_with_a_token_every_operation_answers_as_the_schema_says(case, bearer):
    case.call_and_validate(headers=bearer, excluded_checks=OF_RULES)
