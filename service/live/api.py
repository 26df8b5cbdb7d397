"""Routes: events as they happen."""

from typing import cast

from flask import Response, current_app, request
from flask.views import MethodView
from gevent.socket import socket as Socket
from werkzeug.exceptions import NotAcceptable

from service.errors import SignInNeeded
from service.live.feed import RESET, Feed
from service.live.queries import sights
from service.outbox.queries import Position, after, is_known
from service.web import Blueprint, caller, here, needs

blueprint = Blueprint(
    "live", __name__, url_prefix="/api/v1/events", description="What happens, as it happens"
)
STREAM = "text/event-stream"
SLOWEST = 30  # s that one write may take; then the client is dropped, and may come again
MISSED = 10_000  # events that are sent after a cut; whoever missed more starts afresh


@blueprint.route("")
class Events(MethodView):
    @needs("events:read")
    @blueprint.response(200, content_type=STREAM)
    @blueprint.alt_response(406, description="The request does not accept text/event-stream")
    def get(self):
        """Hear what happens, as it happens

        Server-sent events with ids and codes only; ask for the thing itself. Send the last id that you have
        as `Last-Event-ID` to hear what came meanwhile. `reset` means that this is not possible: load afresh
        what you show.
        """
        if not request.accept_mimetypes or STREAM not in request.accept_mimetypes:
            raise NotAcceptable
        sight = sights([caller().session_id]).get(caller().session_id)
        if sight is None:
            raise SignInNeeded
        feed = _feed()
        client = feed.join(caller().session_id, sight, _socket())
        try:
            answer = Response(client.blocks(_greeting(feed, client)), content_type=STREAM)
        except BaseException:
            feed.leave(client)
            raise
        answer.call_on_close(lambda: feed.leave(client))
        answer.headers["X-Accel-Buffering"] = "no"
        if "gunicorn.socket" in request.environ:
            request.environ["gunicorn.socket"].settimeout(SLOWEST)
        return answer


def _socket():
    """The socket to which the feed may write by itself: gevent's, of an answer that is sent in chunks."""
    socket = request.environ.get("gunicorn.socket")
    is_chunked = request.method == "GET" and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    return socket if isinstance(socket, Socket) and is_chunked else None


def _feed() -> Feed:
    settings = here().settings
    made = current_app.extensions.setdefault("feed", Feed(settings.database_url, settings.schema))
    return cast(Feed, made)


def _greeting(feed, client):
    """What came between the client's last event and now; a new client learns where it stands."""
    start = b"retry: 1000\nid: %s\n" % feed.name(client.position)
    if "Last-Event-ID" not in request.headers:
        return start + b"event: ready\ndata: {}\n\n"
    last = _position(request.headers["Last-Event-ID"], feed.epoch)
    if last is None or not is_known(last):
        return start + RESET
    missed = after(last, MISSED + 1)
    if len(missed) > MISSED:
        return start + RESET
    begun, client.position = client.position, max(last, client.position)
    blocks = [
        feed.block(each) for each in missed if (each.xid, each.seq) <= begun and client.sight.sees(each)
    ]
    return b"retry: 1000\n\n" + b"".join(blocks)


def _position(name, life):
    epoch, _, rest = name.partition(".")
    parts = rest.split(".")
    if (
        epoch != str(life)
        or len(parts) != 2
        or not all(p.isascii() and p.isdigit() and len(p) < 20 for p in parts)
    ):
        return None
    position = Position(*map(int, parts))
    return position if max(position) < 2**63 else None
