"""What README and CHANGELOG name exists: paths, commands, routes, settings, benches, features."""

import re
from pathlib import Path

import click
from werkzeug.exceptions import HTTPException

from bench.__main__ import BENCHES
from service.cli import main
from service.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")}
QUOTED = [text for document in DOCUMENTS.values() for text in re.findall(r"`([^`\n]+)`", document)]
LINES = [line for document in DOCUMENTS.values() for line in document.splitlines()]
SHOWN = [line for line in LINES if line.startswith((".venv/", "scripts/"))] + QUOTED
LATER = ("var/", "service/static/", "docker/tls/")  # made when it runs, or by whoever runs it
SERVER = (ROOT / "docker" / "gunicorn.conf.py").read_text(encoding="utf-8")
PATH = re.compile(r"[a-z_]+/[\w./]*|[\w/]+\.(?:py|cfg|toml|yml|json)")


def test_every_path_that_is_named_exists():
    beside = {folder.name + "/" for folder in (ROOT / "tests").iterdir()}  # said within `tests/`
    named = {word for text in QUOTED for word in text.split() if PATH.fullmatch(word)} - beside
    names = [name for name in named if not name.startswith(LATER)]
    assert len(names) > 10
    assert [
        each for each in names if not any((ROOT / folder / each).exists() for folder in (".", "service"))
    ] == []


def test_every_picture_is_shown_and_none_is_missing():
    shown = {each for text in DOCUMENTS.values() for each in re.findall(r"docs/\w+\.png", text)}
    assert shown == {f"docs/{each.name}" for each in (ROOT / "docs").glob("*.png")}


def test_every_command_that_is_named_is_one():
    named = [re.search(r"gridpatrol ((?:[a-z]+ ?)+)", text) for text in SHOWN]
    lines = [found[1].split() for found in named if found]
    assert lines and [words for words in lines if not is_command(words)] == []


def is_command(words: list[str]) -> bool:
    """Whether they lead through groups to a command."""
    command: click.Command | None = main
    for word in words:
        command = command.commands.get(word) if isinstance(command, click.Group) else None
    return command is not None and not isinstance(command, click.Group)


def test_every_route_that_is_named_answers(app):
    named = {text.removeprefix("GET ") for text in QUOTED if re.fullmatch(r"(GET )?/[a-z0-9/]*", text)}
    routes = app.url_map.bind("localhost")
    assert named and [each for each in named - {"/api/v1"} if not is_route(routes, each)] == []


def is_route(routes, path):
    for prefix in ("", "/api/v1"):
        try:
            return bool(routes.match(prefix + path))
        except HTTPException:
            continue
    return False


def test_every_setting_that_is_named_is_read():
    settings = {f"GRIDPATROL_{name.upper()}" for name in Settings.__dataclass_fields__}
    settings |= set(re.findall(r"GRIDPATROL_[A-Z_]+", SERVER))
    named = {each for text in DOCUMENTS.values() for each in re.findall(r"GRIDPATROL_[A-Z_]+", text)}
    assert named and named - settings == set()


def test_every_bench_that_is_named_is_one():
    named = {word for text in QUOTED if text.startswith("scripts/bench ") for word in text.split()[1:]}
    assert named and named - set(BENCHES) == set()


def test_every_feature_is_named_in_the_house():
    (row,) = (line for line in LINES if line.startswith("| `service/` |"))
    features = {each.parent.name for each in (ROOT / "service").glob("*/__init__.py")}
    assert features - set(re.findall(r"\w+", row)) == set()
