"""The HTTP edge: one transaction a request, problem documents out."""

import hashlib
import re
import time
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from hmac import compare_digest
from itertools import islice
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid4

import flask_smorest
import structlog
from flask import Flask, Response, current_app, g, json, request
from gunicorn.http.errors import ParseException
from marshmallow import Schema, fields
from sqlalchemy import Engine, Select
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import dump_cookie

from service import db, errors, gate, paging, retries, telemetry
from service.policy import POLICY, Caller, Scope, current, trace_id
from service.settings import Settings

PROBLEM = "application/problem+json"
PUBLIC = "public"  # the permission of a route that anybody may call
COOKIE = "__Host-gridpatrol"
LOOPBACK_COOKIE = "gridpatrol"  # over plain HTTP on this machine, where the prefix and `Secure` are refused
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
SAFE = ("GET", "HEAD", "OPTIONS")
_MOST_ERRORS = 100
_LONGEST_KEY = 255
_ANSWERED = ("Content-Type", "ETag", "Location", "Link")  # what of an answer's headers a retry gets as well
_KNOWN_BY_ID = ("uploads:send", "alarms:raise")  # what is sent there has ids of its own
# W3C Trace Context
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-|$)")
_ZH = {405: "不支持的请求方法", 406: "无法以所要求的格式回答", 412: "内容已被他人修改", 428: "需要 If-Match"}


class Service(Flask):
    """The application: it commits once a request, inside the dispatch, and can tell who is calling."""

    settings: Settings
    engine: Engine
    lanes: dict[str, Engine]  # features whose requests have connections of their own
    authenticate: Callable[[str, str], Caller | None]  # by a token, and whether a phone's or a page's
    glimpse: Callable[
        [str, str, str], tuple[Caller, Any] | None
    ]  # the same by one look, and what else is asked

    def dispatch_request(self) -> Response:
        """Answer in one transaction; what fails at the commit is still a problem document."""
        if not request.path.isprintable():
            raise errors.NotFound
        if lane := self.lanes.get(request.blueprint or ""):
            db.session.remove()
            db.session(bind=lane)
        with db.transaction():
            return self.make_response(super().dispatch_request())


def here() -> Service:
    """The application that answers this request."""
    return cast(Service, current_app)


class Parser(FlaskParser):
    """Reads bodies through the gate, and lets no schema ignore what it does not know."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION)

    def load_json(self, req: Any, schema: Any) -> Any:
        return gate.read_json(read_body("application/json", limit=here().settings.body_bytes))


class Blueprint(flask_smorest.Blueprint):
    """A feature's routes."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: Any, **how: Any) -> Any:
        """What a route takes; the schema is made once, not with every request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **how)


class ProblemSchema(Schema):
    """An RFC 9457 problem document."""

    type = fields.String(required=True, metadata={"description": "/problems/<name>"})
    title = fields.String(required=True, metadata={"description": "In the caller's language"})
    status = fields.Integer(required=True)
    detail = fields.String()
    errors = fields.Dict(keys=fields.String(), metadata={"description": "What is wrong, field by field"})
    trace_id = fields.String(metadata={"description": "Names this request in the server's log"})


class Api(flask_smorest.Api):
    """OpenAPI whose errors are problem documents."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_RESPONSE_CONTENT_TYPE: str = "application/json"

    def _register_responses(self) -> None:
        plain, self.DEFAULT_RESPONSE_CONTENT_TYPE = self.DEFAULT_RESPONSE_CONTENT_TYPE, PROBLEM
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = plain

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(errors.Problem, answer_problem)
        self._app.register_error_handler(HTTPException, answer_http_error)


def needs(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare who may call a route; a stranger is refused before anything of the request is read."""
    if permission != PUBLIC and permission not in POLICY:
        raise ValueError(f"{permission} is not in the policy")

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        known = _query_names(view)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if permission != PUBLIC:
                g.scope = caller().scope(permission)
                current.set(caller())
            gate.check_query(request.query_string, request.args.to_dict(flat=False), known)
            if request.method == "POST" and permission not in (PUBLIC, *_KNOWN_BY_ID):
                return _once(view, *args, **kwargs)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded._apidoc = deepcopy(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined]
        if permission == PUBLIC:
            guarded._apidoc["manual_doc"] = {"security": []}  # type: ignore[attr-defined]
        return guarded

    return declare


def _once(view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the view answers; a request that comes again with its `Idempotency-Key` gets the same, undone."""
    key, token = request.headers.get("Idempotency-Key"), _credentials()[0]
    if key is None:
        return view(*args, **kwargs)
    if not (key.isascii() and key.isprintable() and 1 <= len(key) <= _LONGEST_KEY):
        raise errors.Invalid(
            errors={"Idempotency-Key": [f"Not 1 to {_LONGEST_KEY} printable ASCII characters."]}
        )
    whole = f"{request.path}?{request.query_string!r} {request.content_type} {request.content_encoding}\n"
    name = retries.Name.of(token, key)
    known = retries.begin(name, hashlib.sha256(whole.encode() + whole_body()).digest())
    if known:
        return Response(known.body, known.status, known.headers | {"Idempotent-Replayed": "true"})
    answer = current_app.make_response(view(*args, **kwargs))
    headers = {each: answer.headers[each] for each in _ANSWERED if each in answer.headers}
    retries.finish(name, retries.Answer(answer.status_code, headers, answer.get_data()))
    return answer


def _query_names(view: Callable[..., Any]) -> set[str]:
    parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    schemas = [p["schema"] for p in parameters if p["in"] == "query"]
    loaded = [schema() if isinstance(schema, type) else schema for schema in schemas]
    return {field.data_key or name for schema in loaded for name, field in schema.load_fields.items()}


class Forged(errors.Forbidden):
    title, title_zh = "This request was not made by our own page", "请求并非来自本系统页面"


def caller() -> Caller:
    """Who is calling; raises SignInNeeded for a stranger."""
    if "caller" not in g:
        token, kind = _credentials()
        known = here().authenticate(token, kind) if token else None
        if known is None:
            raise errors.SignInNeeded
        if kind == "page" and request.method not in SAFE:
            _check_forged(token)
        g.caller = known
    return g.caller


def glimpse(beside: str) -> Any:
    """Who is calling, and a scalar that the database gives beside, by one look and outside any transaction.

    For routes that change nothing. None for whoever has to be looked at closely: `caller` does that.
    """
    token, kind = _credentials()
    found = here().glimpse(token, kind, beside) if token and request.method in SAFE else None
    if found is None or found[0].must_enrol:
        return None
    g.caller = found[0]
    return found


def _credentials() -> tuple[str, str]:
    """The token that was sent, empty for none, and whether a phone's or a page's."""
    if "Authorization" not in request.headers:
        return page_token(), "page"
    scheme, _, token = request.headers["Authorization"].partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else "", "phone"


def _check_forged(token: str) -> None:
    check_origin()
    if not compare_digest(request.headers.get("X-CSRF-Token", "").encode(), csrf_of(token).encode()):
        raise Forged


def page_token() -> str:
    """The token in the caller's cookie; empty for who sends none, or a token of another kind."""
    return "" if "Authorization" in request.headers else request.cookies.get(_cookie_name(), "")


def csrf_of(token: str) -> str:
    """What a page must send as `X-CSRF-Token`: it follows from the token, which no script can read."""
    return hashlib.sha256(f"csrf {token}".encode()).hexdigest()


def check_origin() -> None:
    """Raise Forged for a request that another site's page has made."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise Forged


def cookie(token: str) -> dict[str, str]:
    """The header that gives a page its token, out of reach of scripts and other sites; empty removes it."""
    name, secure = _cookie_name(), _cookie_name() == COOKIE
    age = None if token else 0
    text = dump_cookie(name, token, max_age=age, secure=secure, httponly=True, samesite="Strict")
    return {"Set-Cookie": text}


def _cookie_name() -> str:
    is_local = request.host.rpartition(":")[0] in LOOPBACK or request.host in LOOPBACK
    return LOOPBACK_COOKIE if is_local and not request.is_secure else COOKIE


def scope() -> Scope:
    """How far the caller may see on this route."""
    return g.scope


def read_body(*media_types: str, limit: int) -> bytes:
    """The inflated body, if it is of one of these media types and at most `limit` bytes."""
    if request.mimetype not in media_types:
        raise errors.WrongMediaType(f"Send {' or '.join(media_types)}.")
    request.max_content_length = limit
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    return gate.inflate(whole_body(), encoding, limit)


def whole_body() -> bytes:
    """The body as it came; raises Unreadable if it broke off, which not every server tells by itself."""
    try:
        body = request.get_data()
    except (OSError, ParseException):  # such as a chunk that is none
        raise errors.Unreadable("The body broke off.") from None
    if len(body) < (request.content_length or 0):
        raise errors.Unreadable("The body is shorter than its Content-Length.")
    return body


def answer_page(select: Select[Any], key: Any, query: dict[str, Any], *, newest: bool = False) -> Any:
    """One page of rows in the order of `key`, or turned round, with a Link to the next."""
    page = paging.page(select, key, query["limit"], query.get("cursor"), newest=newest)
    return page._asdict(), 200, next_link(page.next_cursor)


def next_link(cursor: str | None) -> dict[str, str]:
    """The header that names the next page, if there is one (RFC 8288)."""
    if cursor is None:
        return {}
    more = request.args.to_dict() | {"cursor": cursor}
    return {"Link": f'<{request.base_url}?{urlencode(more)}>; rel="next"'}


def answer_problem(problem: errors.Problem) -> Response:
    """A problem as its document."""
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _document(problem.document(), problem.title_zh, headers)


def answer_http_error(error: HTTPException) -> Response:
    """What Flask and its libraries raise, as a problem document that says no more than it should."""
    if error.code == 304:  # nothing has gone wrong: the caller has it already
        return Response(status=304)
    known = {kind.status: kind for kind in errors.Problem.__subclasses__() if not kind.constraint}
    if error.code in known or error.code == 500:
        kind = known.get(error.code, errors.Problem)
        return answer_problem(kind(errors=_field_errors(error)))
    name = default_exceptions[error.code or 500].__name__
    slug = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
    body = {"type": f"/problems/{slug}", "title": error.name, "status": error.code}
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After", "Content-Range")}
    return _document(body, _ZH.get(error.code or 500, error.name), headers)


def _field_errors(error: HTTPException) -> Any:
    messages = getattr(error, "data", {}).get("messages")
    return _first_of(next(iter(messages.values()))) if messages else None


def _first_of(messages: Any) -> Any:
    """The messages field by field, the first hundred at each level: whoever sends more knows enough then."""
    if not isinstance(messages, dict):
        return messages
    first = {str(name): _first_of(each) for name, each in islice(messages.items(), _MOST_ERRORS)}
    left_out = len(messages) - len(first)
    return first | ({"_more": [f"{left_out} more fields are left out."]} if left_out else {})


def _document(body: dict[str, Any], title_zh: str, headers: dict[str, str]) -> Response:
    if request.accept_languages.best_match(("en", "zh-CN", "zh")) in ("zh-CN", "zh"):
        body["title"] = title_zh
    body["trace_id"] = g.get("trace_id", "")
    return Response(json.dumps(body), body["status"], headers, content_type=PROBLEM)


def observe(app: Service) -> None:
    """Give every request a trace id, a log line and its place in the figures."""

    @app.before_request
    def start() -> None:
        g.started, g.trace_id = time.perf_counter(), _trace_id()
        structlog.contextvars.bind_contextvars(trace_id=g.trace_id)
        trace_id.set(g.trace_id)

    @app.after_request
    def finish(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        seconds = time.perf_counter() - g.started
        telemetry.REQUESTS.labels(request.method, route, response.status_code).inc()
        telemetry.SECONDS.labels(request.method, route).observe(seconds)
        telemetry.log.info("answered", method=request.method, route=route, status=response.status_code,
                           ms=round(seconds * 1000, 1))  # fmt: skip
        response.headers["X-Trace-Id"] = g.trace_id
        _harden(response)
        return response

    @app.teardown_appcontext
    def forget(_: BaseException | None) -> None:
        db.session.remove()
        structlog.contextvars.clear_contextvars()
        current.set(None)
        trace_id.set(None)


def _trace_id() -> str:
    found = _TRACEPARENT.match(request.headers.get("traceparent", ""))
    return found[1] if found else uuid4().hex


def _harden(response: Response) -> None:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src 'self'"
        " 'unsafe-inline'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'",
    )
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
