"""Somebody who walks matters through their steps, and a community where that happens."""

from typing import Any

from flask.testing import FlaskClient

from tests.factories import a_report

URL = "/api/v1/matters"
TOWNSHIP = "632802001000"


def report(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(URL, json=a_report(**fields))
    assert answer.status_code == 201, answer.json
    return answer.json


def step(client: FlaskClient, matter: dict[str, Any], name: str, **said: Any) -> Any:
    """Take a step by the state that the matter has now."""
    version = client.get(f"{URL}/{matter['id']}").json["version"]
    return client.post(f"{URL}/{matter['id']}/steps", json={"step": name, "version": version} | said)


def steps(client: FlaskClient, matter: dict[str, Any], *names: Any) -> dict[str, Any]:
    """Take several, each a name or a name with what is said; gives the matter then."""
    for each in names:
        name, said = (each, {}) if isinstance(each, str) else each
        answer = step(client, matter, name, **said)
        assert answer.status_code == 201, (name, answer.json)
    return client.get(f"{URL}/{matter['id']}").json


def history(client: FlaskClient, matter: dict[str, Any]) -> list[str]:
    return [each["step"] for each in client.get(f"{URL}/{matter['id']}/steps").json["items"]]
