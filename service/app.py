"""Builds the application; the only file that knows every feature."""

from datetime import timedelta
from pathlib import Path

from flask import Response, send_from_directory

from service import db, telemetry
from service.members import actions as members
from service.members import api as members_api
from service.coverage import models as _coverage
from service.patrols import models as _patrols
from service.teams import models as _teams
from service.uploads import models as _uploads
from service.areas import models as _areas
from service.settings import Settings
from service.web import PUBLIC, Api, Service, needs, observe

METADATA = db.Base.metadata
STATIC = Path(__file__).parent / "static"
FEATURES = (members_api,)
TITLE = "Gridpatrol"
SPEC = {
    "info": {
        "description": "Grid-based community patrols: people move through the net, matters are handled in the grid.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "security": [{"token": []}],
}


def create_app(settings: Settings | None = None) -> Service:
    """The application of one prefecture, ready to serve."""
    settings = settings or Settings.from_env()
    telemetry.configure(settings.log_level)
    app = Service(__name__, static_folder=STATIC, static_url_path="/static")
    app.settings = settings
    app.engine = db.connect(settings)
    app.authenticate = lambda token: members.recognise(token, timedelta(days=settings.session_days))
    app.config.update(
        MAX_CONTENT_LENGTH=settings.import_bytes,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=10,
        API_TITLE=TITLE,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    observe(app)
    api = Api(app, spec_kwargs=SPEC)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for feature in FEATURES:
        api.register_blueprint(feature.blueprint)
    return app
