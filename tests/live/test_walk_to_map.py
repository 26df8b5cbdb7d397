"""The main job on real processes: a phone sends a walk, a worker rebuilds, the map shows it."""

from tests.servers import send, until
from tests.service.phone import a_patrol


def test_a_walk_that_is_sent_colours_its_grid(server, token):
    assert send(server, token, a_patrol()) == ["stored"] * 4
    grids = until(
        lambda: [g for g in server.ask("/api/v1/coverage", token=token)[1]["items"] if g["share_seen"]]
    )
    assert grids[0]["state"] == "partly"


def test_a_walk_sent_again_is_known_and_a_changed_one_conflicts(server, token):
    items = a_patrol()
    send(server, token, items)
    again = send(server, token, items)
    items[2]["note"] = "changed"
    assert (again, send(server, token, items)[2]) == (["duplicate"] * 4, "conflict")


def test_the_process_answers_problems_as_documents(server):
    status, problem = server.ask("/api/v1/uploads", {"items": []})
    assert (status, problem["type"]) == (401, "/problems/sign-in-needed")
