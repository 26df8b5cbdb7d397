"""Whatever anybody sends to any route: no 5xx, and every answer is as the API description says.

Each route gets 12 requests of each caller, or as many as GRIDPATROL_FUZZ_EXAMPLES says; 200 are worth a wait:
`GRIDPATROL_FUZZ_EXAMPLES=200 scripts/test tests/live/test_fuzz.py`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks

from service.db import session, uuid7
from service.members.models import Member
from service.uploads.actions import Batch, receive
from service.uploads.models import QuarantinedItem
from tests.factories import COMMUNITY, COUNTY, a_member, a_session, a_team, some_duty
from tests.servers import inside
from tests.service.phone import a_check_in, a_patrol, an_hour_ago

ROLES = ("officer", "member")
EXAMPLES = int(os.environ.get("GRIDPATROL_FUZZ_EXAMPLES", "12"))
EFFORT = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 50,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def says_its_status(_ctx: Any, response: Any, _case: Any) -> None:
    """A problem document says the status that it comes with, and where the log tells more."""
    if response.status_code >= 400:
        problem = response.json()
        told = problem["status"], problem["trace_id"]
        assert told == (response.status_code, response.headers["x-trace-id"][0])


CHECKS = [
    says_its_status,
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
DESCRIPTION = json.loads((Path(__file__).parents[2] / "api_specs" / "openapi.json").read_text("utf-8"))
STREAMS = ("/api/v1/events",)  # would never end
OPERATIONS = [
    (path, method)
    for path, operations in DESCRIPTION["paths"].items()
    if path not in STREAMS
    for method in ("get", "post", "put", "patch", "delete")
    if method in operations
]


@pytest.fixture(scope="session")
def description(server: Any) -> Any:
    """The API as the running server describes it."""
    return schemathesis.openapi.from_url(f"{server.base}/api/v1/openapi.json")


@pytest.fixture(scope="module")
def things(app: Any, live_url: str) -> dict[str, str]:
    """One of each thing that a path can name, where both callers may see it."""
    with inside(app, live_url):
        member, at, items = a_member(area=COMMUNITY), an_hour_ago(), a_patrol()
        colleague = a_member(area=COMMUNITY)
        team = a_team(member, colleague)
        duty = some_duty(team, member, colleague)
        bad = a_check_in(items[0]["patrol_id"], at, lat=95)
        receive(member.id, Batch(uuid7(), "wgs84", None, [*items, bad]))
        quarantined = session.query(QuarantinedItem.id).filter_by(member_id=member.id).scalar()
        return {
            "member_id": str(member.id),
            "team_id": str(team.id),
            "patrol_id": items[0]["patrol_id"],
            "quarantined_id": str(quarantined),
            "layer": "coverage",
            **{f"{kind}_id": str(row.id) for kind, row in duty.items()},
        }


@pytest.fixture
def headers(app: Any, live_url: str, things: dict[str, str], role: str) -> dict[str, str]:
    """A fresh sign-in, since some routes end it; the member is the one whose things they are."""
    with inside(app, live_url):
        walker = session.get_one(Member, UUID(things["member_id"]))
        token = a_session(walker) if role == "member" else a_session(role=role, area=COUNTY)
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def line() -> Iterator[requests.Session]:
    """A connection that stays open."""
    with requests.Session() as line:
        yield line


def requests_to(operation: Any, things: dict[str, str]) -> Any:
    """As described, on things that are there; as described, on any; and not as described."""
    names = {each.name for each in operation.path_parameters}
    there = {name: things[name] for name in names & things.keys()}
    if "code" in names:
        there["code"] = COMMUNITY if operation.path.startswith("/api/v1/areas") else f"{COMMUNITY}001"
    modes = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    return st.one_of(
        *(operation.as_strategy(mode, path_parameters=there) for mode in modes), operation.as_strategy()
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_any_request_is_answered_as_described(description, things, headers, line, server, path, method):
    @EFFORT
    @given(requests_to(description[path][method], things))
    def send(case: Any) -> None:
        case.call_and_validate(server.base, line, headers, CHECKS, timeout=20)

    send()


# --- the items of an upload, which the description leaves open ---

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoiled_patrols(draw: Any) -> list[Any]:
    """The items of a patrol, up to four fields of which may be anything."""
    items = a_patrol()
    for _ in range(draw(st.integers(0, 4))):
        item = draw(st.sampled_from(items))
        item[draw(st.sampled_from(sorted(item)))] = draw(anything)
    return [*items, draw(anything)]


def test_whatever_the_items_are_each_gets_a_verdict(server, token):
    @EFFORT
    @given(spoiled_patrols(), st.sampled_from(["wgs84", "gcj02", "bd09"]))
    def send(items: list[Any], crs: str) -> None:
        batch = {"batch_id": str(uuid7()), "crs": crs, "items": items}
        status, answer = server.ask("/api/v1/uploads", batch, token)
        assert (status, len(answer["results"])) == (200, len(items)), answer

    send()
