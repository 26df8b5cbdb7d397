"""Builds the application; the only file that knows every feature."""

from pathlib import Path

from werkzeug.middleware.proxy_fix import ProxyFix

from service import db, pages, telemetry
from service.alarms import api as alarms_api
from service.areas import api as areas_api
from service.audit import api as audit_api
from service.changes import api as changes_api
from service.checkpoints import actions as checkpoints
from service.checkpoints import api as checkpoints_api
from service.clients import actions as clients
from service.clients import api as clients_api
from service.coverage import actions as coverage
from service.coverage import api as coverage_api
from service.demo import api as demo_api
from service.duty import actions as duty
from service.duty import api as duty_api
from service.duty import carrying
from service.fulfilment import api as fulfilment_api
from service.live import actions as live
from service.live import api as live_api
from service.matters import api as matters_api
from service.matters import queries as matters
from service.media import api as media_api
from service.media import queries as media
from service.members import actions as members
from service.members import api as members_api
from service.notices import api as notices_api
from service.patrols import api as patrols_api
from service.patrols import queries as patrols
from service.privacy import api as privacy_api
from service.settings import Settings
from service.suggestions import api as suggestions_api
from service.teams import api as teams_api
from service.tiles import actions as tiles
from service.tiles import api as tiles_api
from service.uploads import api as uploads_api
from service.web import COOKIE, Api, Service, observe

METADATA = db.Base.metadata
REQUEST = "5s"  # a statement of a request that takes longer is given up (503)
STATIC = Path(__file__).parent / "static"
FEATURES = (
    members_api,
    areas_api,
    checkpoints_api,
    teams_api,
    duty_api,
    notices_api,
    uploads_api,
    clients_api,
    media_api,
    patrols_api,
    coverage_api,
    fulfilment_api,
    suggestions_api,
    matters_api,
    alarms_api,
    tiles_api,
    live_api,
    changes_api,
    audit_api,
    privacy_api,
    demo_api,
)
SPEC = {
    "info": {
        "description": "Patrols by grid: people move through the net, matters are handled in the grid.\n\n"
        "A POST may carry an `Idempotency-Key` of the caller's choice: the same request with the same key and"
        " the same sign-in is done once, and answered alike for a day (`Idempotent-Replayed: true`). One that"
        " failed may be tried again with it; another request with it is refused (422).",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "security": [{"token": []}, {"cookie": []}],
}

LISTENERS = (  # what a feature announces, and who above it hears that
    ("grids revised", coverage.mark_revised),
    ("grids revised", tiles.follow),
    ("grids revised", checkpoints.follow),
    ("grids revised", live.tell_revised),
    ("grids revised", carrying.carry),
    ("patrols timed", clients.settle),
    ("checkpoints changed", coverage.follow),
    ("checkpoints changed", live.tell_checkpoints),
    ("duty changed", live.tell_duty),
    ("spot check asked", live.tell_spot_check),
    ("shifts begin", live.tell_begin),
    ("holes open", live.tell_holes),
    ("notice sent", live.tell_notice),
    ("alarm changed", live.tell_alarm),
    ("drill due", live.tell_drill_due),
    ("matters stepped", live.tell_matters),
    ("bulletin made", live.tell_bulletin),
    ("photo arrives", members.hold),
    ("team left", duty.leave),
)


def create_app(settings: Settings | None = None) -> Service:
    """The application of one prefecture, ready to serve."""
    settings = settings or Settings.from_env()
    telemetry.configure(settings.log_level)
    app = Service(__name__, static_folder=STATIC, static_url_path="/static")
    app.url_map.merge_slashes = (
        False  # a doubled slash would be a redirect, at which other phone apps get stuck
    )
    app.settings = settings
    app.engine = db.connect(settings, longest=REQUEST)
    app.lanes = {alarms_api.blueprint.name: db.engine(settings, REQUEST, settings.alarm_pool_size)}
    app.authenticate = lambda token, kind: members.recognise(token, kind, app.settings)
    app.glimpse = lambda token, kind, beside: members.glimpse(token, kind, beside, app.settings)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, settings.proxies)  # type: ignore[method-assign]
    app.config.update(
        MAX_CONTENT_LENGTH=settings.import_bytes,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=10,
        API_TITLE="Gridpatrol",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    for event, hears in LISTENERS:
        db.listen(event, hears)
    media.shown_by(patrols.shows_photo)
    media.shown_by(matters.shows_photo)
    observe(app)
    app.register_blueprint(pages.blueprint)
    api = Api(app, spec_kwargs=SPEC)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme("cookie", {"type": "apiKey", "in": "cookie", "name": COOKIE})
    for feature in FEATURES:
        api.register_blueprint(feature.blueprint)
    return app
