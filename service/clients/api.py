"""Routes: what other phone apps send, each in its own words.

These apps cannot mend a message, and some never get past one that is refused. So whoever shows a good token
is answered with success, whatever was sent, never with a redirect, and with or without a slash at the end.
"""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, request
from flask.views import MethodView

from service import gate
from service.clients import actions, formats, sealed
from service.errors import Problem, SignInNeeded
from service.web import PUBLIC, Blueprint, whole_body

blueprint = Blueprint("clients", __name__, url_prefix="/clients", description="Other phone apps")
LARGEST = 16 * 1024 * 1024  # bytes of a body: a day of GPSLogger's CSV, a position a second
JSON = ("application/json", "text/json")


def by_device(view: Callable[..., Any]) -> Callable[..., Any]:
    """Declare a route that checks a device's token itself, and whose query is whatever the app sends."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    described = deepcopy(getattr(view, "_apidoc", {}))
    view._apidoc = described | {"manual_doc": {"security": []}}  # type: ignore[attr-defined]
    return view


@blueprint.route("/owntracks", strict_slashes=False)
class OwnTracks(MethodView):
    @by_device
    @blueprint.response(200, description="Always an empty list")
    def post(self):
        """Take a message of OwnTracks in HTTP mode

        Signs in by Basic authentication with the username and the device's token. Positions are kept on the
        patrol that covers their time; other messages are taken and left aside. Encrypted ones are opened with
        the first 32 characters of the token, which is the passphrase that the app's settings come with.
        """
        basic = request.authorization
        if basic is None or basic.type != "basic":
            raise SignInNeeded
        token = basic.password or ""
        sender = actions.uploader("owntracks", token, basic.username or "")
        actions.receive(sender, formats.owntracks(sealed.opened(sent_json(), token)), datetime.now(UTC))
        return Response("[]", content_type="application/json")


@blueprint.route("/traccar/<string:token>", strict_slashes=False)
class Traccar(MethodView):
    @by_device
    @blueprint.response(200, description="Taken; the body is empty")
    def get(self, token):
        """Take a position of Traccar Client or OsmAnd from the query"""
        return take_traccar(token)

    @by_device
    @blueprint.response(200, description="Taken; the body is empty")
    def post(self, token):
        """Take a position of Traccar Client from the query, a form or JSON

        Speeds are in knots, in JSON in m/s. A message without a position is a sign of life.
        """
        return take_traccar(token)


def take_traccar(token):
    """Keep what Traccar Client sent, in whichever of its ways."""
    sender, now = actions.uploader("traccar", token), datetime.now(UTC)
    if request.mimetype in JSON:
        read = formats.traccar(sent_json(), now)
    else:
        read = formats.traccar_fields(sent_fields(), now)
    actions.receive(sender, read, now)
    return Response("", content_type="text/plain")


@blueprint.route("/overland/<string:token>", strict_slashes=False)
class Overland(MethodView):
    @by_device
    @blueprint.response(200, description='Always `{"result": "ok"}`, at which the app deletes the batch')
    def post(self, token):
        """Take a batch of Overland"""
        sender, now = actions.uploader("overland", token), datetime.now(UTC)
        actions.receive(sender, formats.overland(sent_json(), now), now)
        return Response('{"result": "ok"}', content_type="application/json")


@blueprint.route("/gpslogger/<string:token>", strict_slashes=False)
class GpsLogger(MethodView):
    @by_device
    @blueprint.response(200, description="Taken; the body is empty")
    def get(self, token):
        """Take a position of GPSLogger from the query"""
        return take_gpslogger(token)

    @by_device
    @blueprint.response(200, description="Taken; the body is empty")
    def post(self, token):
        """Take a position of GPSLogger from the query, a form or JSON, or its CSV as a whole

        The same file may be sent again and again: each position is kept once.
        """
        return take_gpslogger(token)

    @by_device
    @blueprint.response(200, description="Taken; the body is empty")
    def put(self, token):
        """Take a position of GPSLogger, or its CSV as a whole"""
        return take_gpslogger(token)


def take_gpslogger(token):
    """Keep what GPSLogger sent, in whichever of its ways."""
    sender, now = actions.uploader("gpslogger", token), datetime.now(UTC)
    text = sent_text()
    if formats.is_file(text):
        read = formats.gpslogger_file(text)
    elif text.lstrip().startswith("{"):
        message = sent_json()
        read = formats.gpslogger(message if isinstance(message, dict) else {}, now)
    else:
        read = formats.gpslogger(sent_fields(), now)
    actions.receive(sender, read, now)
    return Response("", content_type="text/plain")


def sent_bytes() -> bytes:
    """The inflated body; nothing if it cannot be inflated. One that is too large or broke off is refused."""
    request.max_content_length = LARGEST
    if request.mimetype == "multipart/form-data":
        return next((file.read() for file in request.files.values()), b"")
    encoding, body = request.headers.get("Content-Encoding", "").strip().lower(), whole_body()
    try:
        return gate.inflate(body, encoding, LARGEST)
    except Problem:
        return b""


def sent_text() -> str:
    """The body as text; what is no UTF-8 is shown as such."""
    return sent_bytes().decode("utf-8", "replace")


def sent_json() -> Any:
    """The value of a JSON body, or None if there is none to be read."""
    try:
        return gate.read_json(sent_bytes())
    except Problem:
        return None


def sent_fields() -> dict[str, Any]:
    """The fields of the query, or of a form where there is no query; of doubled ones the first."""
    if request.args:
        return request.args.to_dict()
    return _form(sent_text())


def _form(text: str) -> dict[str, Any]:
    """A form by its looks: GPSLogger does not say of what type its body is."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return {}
    return dict(reversed(pairs))
