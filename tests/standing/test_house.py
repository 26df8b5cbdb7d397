"""The promises that hold for the whole service."""

import json
import re
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from werkzeug.routing import IntegerConverter, UUIDConverter

from service.policy import POLICY, ROLES
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PLACEHOLDERS = {IntegerConverter: 1, UUIDConverter: UUID("0197f3d0-6c1e-7d0a-9b0e-1f6f0f2f7a11")}
CODES = ("1", "632802001001", "632802001001001")
LIBRARY_ROUTES = {"static", "api-docs.openapi_json"}


def views(app):
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        methods = rule.methods - {"HEAD", "OPTIONS"}
        for method in methods:
            yield rule, method, getattr(getattr(view, "view_class", None), method.lower(), view)


def test_every_route_declares_who_may_call_it(app):
    undeclared = [
        f"{method} {rule}"
        for rule, method, view in views(app)
        if rule.endpoint not in LIBRARY_ROUTES and not hasattr(view, "permission")
    ]
    assert undeclared == []


def test_every_permission_is_used_by_a_route(app):
    used = {getattr(view, "permission", None) for _, _, view in views(app)}
    assert set(POLICY) - used == set()


def test_the_policy_speaks_of_known_roles_only():
    assert {role for scopes in POLICY.values() for role in scopes} <= set(ROLES)


def path_of(app, rule):
    """A path that leads to the route."""
    given = {
        name: PLACEHOLDERS.get(type(kind)) or next(text for text in CODES if re.fullmatch(kind.regex, text))
        for name, kind in rule._converters.items()
    }
    return app.url_map.bind("localhost").build(rule.endpoint, given)


def test_the_pages_offer_a_role_what_the_policy_allows():
    table = Path("web/src/shared/may.ts").read_text()
    offered = dict(re.findall(r"'(\w[\w-]*:\w+)': \[(.+)\]", table))
    allowed = {name: ", ".join(f"'{role}'" for role in POLICY[name]) for name in offered}
    assert (offered, len(offered) > 9) == (allowed, True)


def test_a_stranger_is_refused_on_every_route_that_is_not_public(app, client):
    answers = {}
    for rule, method, view in views(app):
        if getattr(view, "permission", "public") != "public":
            answers[f"{method} {rule}"] = client.open(path_of(app, rule), method=method).status_code
    assert {route: status for route, status in answers.items() if status != 401} == {}


def test_the_committed_description_is_what_the_service_serves(client):
    committed = json.loads((ROOT / "api_specs" / "openapi.json").read_text(encoding="utf-8"))
    assert client.get("/api/v1/openapi.json").json == committed


def test_errors_are_described_as_problem_documents(client):
    responses = client.get("/api/v1/openapi.json").json["components"]["responses"]
    assert {kind for each in responses.values() for kind in each.get("content", {})} == {
        "application/problem+json"
    }


@pytest.mark.usefixtures("app")
def test_the_migrations_match_the_models():
    command.check(Config(str(ROOT / "setup.cfg")))


def test_the_migrations_have_one_head():
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1


def test_the_process_says_that_it_is_alive(client):
    assert client.get("/healthz").json["status"] == "ok"


def test_it_is_not_ready_without_a_worker(client):
    assert client.get("/readyz").json["checks"] == {"database": True, "migrations": True, "worker": False}


def test_figures_are_not_for_the_public(client):
    answers = client.get("/metrics"), client.get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"})
    assert [answer.status_code for answer in answers] == [200, 404]


def test_what_the_containers_write_lies_on_a_volume():
    """Their own file system is closed."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-service"]
    settings = Settings.from_env(service["environment"])
    mounted = [volume.split(":")[1] for volume in service["volumes"]]
    written = [Path("/app") / settings.media_url, Path("/app") / settings.audit_heads]
    assert [any(path.is_relative_to(mount) for mount in mounted) for path in written] == [True, True]
