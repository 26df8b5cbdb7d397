"""Who asks for a suggestion, and the ground it is about."""

from service.suggestions.actions import answer_waiting
from tests.factories import COMMUNITY, a_grid, a_square, a_team

WAY = "/api/v1/assignments/suggest"
SIZE = 0.003  # degrees
WEEK = {"from": "2027-01-04T00:00:00+08:00", "to": "2027-01-11T00:00:00+08:00"}  # begins on a Monday


def a_row_of_grids(count, community=COMMUNITY, north=0.0):
    return [a_grid(f"{community}{n + 1:03}", a_square(97.37 + n * SIZE, 37.37 + north)) for n in range(count)]


def a_ground(count=4, teams=2):
    """A row of grids, and teams at home in their middle."""
    return a_row_of_grids(count), [a_team(name=f"{n}队") for n in range(teams)]


def asked(client, area=COMMUNITY, **more):
    return client.post(WAY, json=WEEK | {"area": area} | more)


def answered(client, **more):
    place = asked(client, **more).headers["Location"]
    answer_waiting()
    return client.get(place).json


def applied(client, suggestion):
    return client.post(f"{WAY}/{suggestion['id']}/apply")
