"""Routes outside the API: pages, documentation, health."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, abort, current_app, json, render_template, request, send_from_directory
from sqlalchemy import text

from service import telemetry
from service.db import is_answering, session
from service.errors import NotFound, Problem
from service.web import PUBLIC

blueprint = Blueprint("pages", __name__, template_folder="templates")
MIGRATIONS = Path(__file__).parents[1] / "migrations"
LOOPBACK = ("127.0.0.1", "::1")
PAGE_CSP = (  # without the inline styles that the older pages need
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
WORKER = text("""
SELECT max(last_heartbeat) > now() - interval '1 minute' AND (
    SELECT count(*) < 12 FROM procrastinate_jobs WHERE queue_name = 'alarms' AND status = 'todo'
) FROM procrastinate_workers""")  # by the clock there are six of these a minute: twelve wait for nobody


def to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Declare a route for anybody, whatever query its link has picked up where it was passed on."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


@blueprint.get("/")
@blueprint.get("/centre")
@to_all
def centre() -> Response:
    """The command centre's map."""
    return send_from_directory(current_app.static_folder or "", "index.html", max_age=0)


@blueprint.get("/phone")
@to_all
def phone() -> Response:
    """The page in a patrol's hand."""
    page = send_from_directory(current_app.static_folder or "", "phone.html", max_age=0)
    page.headers["Content-Security-Policy"] = PAGE_CSP
    return page


@blueprint.get("/leader")
@to_all
def leader() -> Response:
    """The page of who gives grids to teams."""
    page = send_from_directory(current_app.static_folder or "", "leader.html", max_age=0)
    page.headers["Content-Security-Policy"] = PAGE_CSP
    return page


@blueprint.get("/phone-sw.js")
@to_all
def phone_worker() -> Response:
    """What keeps the phone's page at hand without a network; its place lets it serve `/phone`."""
    return send_from_directory(current_app.static_folder or "", "phone-sw.js", max_age=0)


@blueprint.get("/docs")
@to_all
def docs() -> str:
    """The API's documentation, readable."""
    return render_template("docs.html")


@blueprint.get("/problems/<name>")
@to_all
def problem(name: str) -> str:
    """What a problem's type means."""
    known = {kind.name(): kind for kind in _problems(Problem)}
    if name not in known:
        raise NotFound
    return render_template("problem.html", problem=known[name])


def _problems(kind: type[Problem]) -> list[type[Problem]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _problems(below))]


@blueprint.get("/healthz")
@to_all
def health() -> Response:
    """Whether this process answers."""
    return _checks({"process": True})


@blueprint.get("/readyz")
@to_all
def ready() -> Response:
    """Whether the database answers, is migrated, and has a worker."""
    if not is_answering():
        return _checks({"database": False})
    version = session.scalar(text("SELECT version_num FROM alembic_version"))
    migrated = version == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    return _checks({"database": True, "migrations": migrated, "worker": bool(session.scalar(WORKER))})


def _checks(checks: dict[str, bool]) -> Response:
    fine = all(checks.values())
    body = json.dumps({"status": "ok" if fine else "unavailable", "checks": checks})
    return Response(body, 200 if fine else 503, content_type="application/json")


@blueprint.get("/metrics")
@to_all
def metrics() -> Response:
    """Figures for Prometheus, for callers on this machine only."""
    if request.remote_addr not in LOOPBACK or "X-Forwarded-For" in request.headers:
        abort(404)
    return Response(telemetry.figures(), content_type="text/plain; version=0.0.4")
