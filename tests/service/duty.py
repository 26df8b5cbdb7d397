"""Somebody who gives grids away: what they would send, and the shifts that come of it."""

from datetime import datetime, timedelta

from service.duty.pattern import LOCAL
from tests.factories import COMMUNITY, a_grid, a_square

URL = "/api/v1/assignments"
SHIFTS = "/api/v1/shifts"
HOLES = "/api/v1/duty/uncovered"


def midnight(days=0):
    """A local midnight, so many days from today."""
    day = datetime.now(LOCAL).date() + timedelta(days=days)
    return datetime.combine(day, datetime.min.time(), LOCAL)


def an_assignment(team, *grids, days=(1, 8), **more):
    return {
        "team_id": str(team.id), "grids": [grid.code for grid in grids],
        "from": midnight(days[0]).isoformat(), "to": midnight(days[1]).isoformat(),
        "rrule": "FREQ=DAILY", "starts_at": "20:00", "minutes": 120, **more,
    }  # fmt: skip


def grids(count, community=COMMUNITY):
    return [a_grid(f"{community}{n:03}", a_square(97.3 + n / 100)) for n in range(1, count + 1)]


def made(client, *args, **kwargs):
    """The assignment as the answer shows it."""
    answer = client.post(URL, json=an_assignment(*args, **kwargs))
    assert answer.status_code == 201, answer.json
    return answer.json


def shifts_on(client, day, **query):
    return client.get(SHIFTS, query_string={"on": str(day.date()), **query}).json["items"]


def a_shift(client, team, *grids, hours_ago=2, minutes=119, **more):
    """The id of a shift that began some hours ago."""
    at = datetime.now(LOCAL) - timedelta(hours=hours_ago)
    times = {"from": (at - timedelta(minutes=1)).isoformat(), "to": (at + timedelta(minutes=1)).isoformat()}
    body = an_assignment(team, *grids) | times | {"starts_at": f"{at:%H:%M}", "minutes": minutes} | more
    answer = client.post(URL, json=body)
    assert answer.status_code == 201, answer.json
    query = {"on": str(at.date()), "team": team.id}
    return client.get(SHIFTS, query_string=query).json["items"][-1]["id"]


def under_way(client, team, *grids, **more):
    """The id of a shift that began an hour ago and lasts another."""
    return a_shift(client, team, *grids, hours_ago=1, minutes=120, **more)


def tell(client, path, **body):
    """Something that is said about a shift: `tell(client, f"{shift}/late", minutes=20)`."""
    return client.post(f"{SHIFTS}/{path}", json=body)


def uncovered(client, start, end, **query):
    window = {"from": start.isoformat(), "to": end.isoformat()}
    return client.get(HOLES, query_string=window | query)


def hours(client, start, end, **query):
    """How long each grid is nobody's: hours by code."""
    return {each["code"]: each["hours"] for each in uncovered(client, start, end, **query).json["items"]}
