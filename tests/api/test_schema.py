"""The interface is what its schema says, and the schema changes only on purpose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS

from governance.people.models import Scope

SNAPSHOT = Path(__file__).parent / "schema.yaml"
REFRESH = "python manage.py spectacular --file tests/api/schema.yaml"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("schema") / "schema.yaml"
    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--file", str(file))
    return file.read_text()


@pytest.fixture(scope="module")
def schema(written):
    return yaml.safe_load(written)


def operations(schema):
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield path, method, operation


def test_the_schema_is_made_without_a_warning(written):
    assert not GENERATOR_STATS, "run: python manage.py spectacular --validate --fail-on-warn"


def test_the_schema_is_the_one_that_was_agreed(written):
    assert SNAPSHOT.exists(), f"there is no snapshot; run: {REFRESH}"
    assert written == SNAPSHOT.read_text(), f"the interface has changed; if that is meant, run: {REFRESH}"


def test_every_operation_names_its_scope_and_its_problems(schema):
    for path, method, operation in operations(schema):
        assert operation.get("x-scope") in Scope.values, (path, method)
        assert "application/problem+json" in operation["responses"]["default"]["content"], (path, method)


def test_every_list_is_read_by_cursor_and_says_its_order(schema):
    for path, method, operation in operations(schema):
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        if method == "get" and "cursor" in names:
            content = operation["responses"]["200"]["content"]["application/json"]["schema"]
            page = schema["components"]["schemas"][content["$ref"].rpartition("/")[2]]
            assert {"items", "next", "previous", "order"} <= set(page["properties"]), path


def test_every_route_of_the_interface_is_in_the_schema(schema):
    def routes(patterns, prefix=""):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern) and prefix.startswith("api/v1/"):
                yield pattern.name

    named = {name for name in routes(get_resolver("config.urls").url_patterns) if name != "schema"}

    assert len(named) == len(schema["paths"])


def test_anybody_may_read_the_schema_as_yaml_or_json():
    as_yaml = Client().get("/api/v1/schema/")
    as_json = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})

    assert as_yaml["Content-Type"] == "application/vnd.oai.openapi"
    assert yaml.safe_load(as_yaml.content)["paths"] == json.loads(as_json.content)["paths"]
    assert Client().get("/api/v1/schema/?format=json").content == as_json.content
