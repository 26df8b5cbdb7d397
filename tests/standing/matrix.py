"""Every route, asked by everybody about everything, and each answer held against the policy.

The routes come from the application itself. A new one is asked without further ado; only a path parameter
that is not in `PATHS` has to be entered there. A body or query that a route cannot do without stands in
`NEEDS`: without it, a refusal of the input counts as an answer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import asinh, pi, radians, tan
from typing import Any, NamedTuple

from werkzeug.routing import Rule

from service.db import session, uuid7
from service.policy import POLICY
from tests.factories import a_square
from tests.service.phone import a_start, an_hour_ago
from tests.standing.matrix_world import FAR, GROUND, UNKNOWN, Place, Thing, Who, World, sees

LIBRARY_ROUTES = {"static", "api-docs.openapi_json"}
OTHER_BODIES = (400, 409, 412, 415, 422, 428)  # a route that wants more than the matrix knows to send
PATHS = {  # path parameter → the kind of thing that it names
    "team_id": "team",
    "member_id": "member",
    "patrol_id": "patrol",
    "revision_id": "revision",
    "session_id": "session",
    "device_id": "device",
    "quarantined_id": "quarantined",
    "suggestion_id": "suggestion",
    "checkpoint_id": "checkpoint",
    "sha256": "photo",
    "assignment_id": "assignment",
    "shift_id": "shift",
    "swap_id": "swap",
    "spot_check_id": "spot_check",
    "notice_id": "notice",
    "matter_id": "matter",
    "webhook_id": "webhook",
    "bulletin_id": "bulletin",
    "alarm_id": "alarm",
}
FIXED = {"layer": "coverage", "name": "not-found", "filename": "index.html", "token": "nobodys"}
FILTERS = {"area": "area", "parent": "area", "team": "team", "member": "member", "grid": "grid"}
SHOWN_BY = {
    "area": ("areas:read", "audit:read"),
    "grid": ("grids:read", "coverage:read"),
    "revision": ("grids:revise",),
    "team": ("teams:read",),
    "member": ("members:read", "audit:read"),
    "patrol": ("patrols:read", "tracks:read"),
    "session": ("me:sign-in",),
    "device": ("me",),
    "quarantined": ("quarantine:read",),
    "suggestion": ("assignments:suggest",),
    "checkpoint": ("checkpoints:read",),
    "photo": ("media:read", "matters:read"),
    "assignment": ("duty:read",),
    "shift": ("duty:read", "duty:fulfilment"),
    "swap": ("duty:read",),
    "spot_check": ("duty:read", "duty:fulfilment"),
    "notice": ("notices:read",),
    "matter": ("matters:read",),
    "webhook": ("webhooks:manage",),
    "bulletin": ("matters:export",),
    "alarm": ("alarms:read", "audit:read"),
}
NEVER_ALIKE = (  # every answer has a token or an id of its own
    "POST /api/v1/me/devices",
    "POST /api/v1/matters",
    "POST /api/v1/webhooks",
    "POST /api/v1/alarms",
)
NAMED_BY_CALLERS = ("PUT /api/v1/media/<sha256>",)  # whoever has it may send it, whoever else has sent it
MADE_BY_PHONES = ("POST /api/v1/uploads",)  # a phone makes ids itself, and must hear that one is taken


class Ask(NamedTuple):
    """A request about things that stand in one relation to whoever asks."""

    route: str
    permission: str
    method: str
    path: str
    place: Place
    about: tuple[Thing, ...]  # what a path or body names: who does not see it must get 404
    more: dict[str, Any]
    strict: bool  # the matrix knows all that the route needs
    filter: str = ""  # what the query names narrows a list: 404, or nothing of it

    @property
    def said(self) -> bytes:
        """All that the request itself tells."""
        return f"{self.path}{self.more}".encode()

    @property
    def is_about_things(self) -> bool:
        """Whether it is another request for each place."""
        return bool(self.about or self.more)


@dataclass
class Tally:
    """What was asked, and what was wrong with the answers."""

    asked: int = 0
    loose: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)


def json(**body: Any) -> dict[str, Any]:
    return {"json": body}


def table(text: str) -> dict[str, Any]:
    return {"data": text.encode(), "content_type": "text/csv"}


def an_upload(things: dict[str, Thing]) -> dict[str, Any]:
    return json(batch_id=str(uuid7()), crs="wgs84", items=[a_start(things["patrol"].key, an_hour_ago())])


def a_proposal(things: dict[str, Thing]) -> dict[str, Any]:
    shape = a_square(*GROUND[FAR]).__geo_interface__  # the same for all, where a grid lies already
    wish = {"community": things["area"].key, "replaces": [things["grid"].key]}
    feature = {"type": "Feature", "geometry": shape, "properties": wish}
    return json(type="FeatureCollection", features=[feature]) | {"query_string": {"dry_run": "true"}}


def a_duty(things: dict[str, Thing]) -> dict[str, Any]:
    pattern = {"rrule": "FREQ=DAILY;COUNT=1", "starts_at": "03:00", "minutes": 60}
    period = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-03T00:00:00Z"}
    return json(team_id=things["team"].key, grids=[things["grid"].key], **pattern, **period)


def duty_rows(things: dict[str, Thing]) -> dict[str, Any]:
    return table(f"team,area,season,year\nT-none,{things['area'].key},fire_season,2030")


def a_question(things: dict[str, Thing]) -> dict[str, Any]:
    period = {"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-08T00:00:00+08:00"}
    return json(area=things["area"].key, **period)


class Need(NamedTuple):
    """What a route cannot do without, and which of the things that it names must be seen."""

    make: Callable[[dict[str, Thing], tuple[float, float]], dict[str, Any]]
    names: tuple[str, ...] = ()
    takes: tuple[int, ...] = ()  # refusals that are right all the same


NEEDS = {
    "GET /api/v1/events": Need(lambda t, c: {}, takes=(406,)),  # a stream would never end
    "POST /api/v1/assignments": Need(lambda t, c: a_duty(t), ("team",)),
    "PATCH /api/v1/assignments/<uuid:assignment_id>": Need(
        lambda t, c: json(minutes=90) | {"headers": {"If-Match": "*"}}, takes=(412,)
    ),
    "POST /api/v1/assignments/<uuid:assignment_id>/end": Need(lambda t, c: json(note="完"), takes=(409,)),
    "POST /api/v1/assignments/<uuid:assignment_id>/hand-over": Need(
        lambda t, c: json(team_id=t["team"].key, note="换防"), ("team",), takes=(409,)
    ),
    "POST /api/v1/assignments/bulk": Need(lambda t, c: duty_rows(t), takes=(422,)),
    "POST /api/v1/assignments/copy": Need(
        lambda t, c: json(area=t["area"].key, month="2031-01"), takes=(422,)
    ),
    "POST /api/v1/shifts/<uuid:shift_id>/accept": Need(lambda t, c: {}, takes=(409,)),
    "POST /api/v1/shifts/<uuid:shift_id>/decline": Need(lambda t, c: json(reason="雪"), takes=(409,)),
    "POST /api/v1/shifts/<uuid:shift_id>/late": Need(lambda t, c: json(minutes=5), takes=(409,)),
    "POST /api/v1/shifts/<uuid:shift_id>/swaps": Need(
        lambda t, c: json(to_member=t["spare"].key), takes=(404, 409)
    ),
    "GET /api/v1/shifts/<uuid:shift_id>/swap-candidates": Need(lambda t, c: {}, takes=(409,)),
    "POST /api/v1/shifts/<uuid:shift_id>/spot-checks": Need(lambda t, c: json(minutes=5), takes=(409,)),
    "POST /api/v1/swaps/<uuid:swap_id>/decision": Need(lambda t, c: json(approved=False), takes=(409,)),
    "POST /api/v1/spot-checks/<uuid:spot_check_id>/answer": Need(lambda t, c: {}, takes=(409,)),
    "POST /api/v1/notices": Need(
        lambda t, c: json(title="a", text="b", area=t["area"].key), takes=(404, 422)
    ),
    "POST /api/v1/notices/<uuid:notice_id>/read": Need(lambda t, c: {}, takes=(409,)),
    "GET /api/v1/grids/locate": Need(
        lambda t, c: {"query_string": {"lon": c[0] + 0.001, "lat": c[1] + 0.001}}, ("grid",)
    ),
    "POST /api/v1/grids/lay": Need(
        lambda t, c: json(community=t["area"].key, by="count", count=2, shape=a_square(*c).__geo_interface__),
        ("area",),
    ),
    "POST /api/v1/grid-revisions": Need(lambda t, c: a_proposal(t)),
    "POST /api/v1/grid-revisions/<uuid:revision_id>/approve": Need(lambda t, c: {}, takes=(409,)),
    "POST /api/v1/sessions": Need(
        lambda t, c: json(username="nobody", password="not a password", device={"id": "d", "name": "d"}),
        takes=(401, 429),
    ),
    "POST /api/v1/sessions/invited": Need(
        lambda t, c: json(code="nobodys", device={"id": "d", "name": "d"}), takes=(401, 422)
    ),
    "POST /api/v1/teams": Need(
        lambda t, c: json(code="T-new", name="新队", kind="alarm_bell", area=t["area"].key), ("area",)
    ),
    "POST /api/v1/assignments/suggest": Need(lambda t, c: a_question(t), ("area",)),
    "POST /api/v1/assignments/suggest/<uuid:suggestion_id>/apply": Need(lambda t, c: {}, takes=(409,)),
    "PATCH /api/v1/teams/<uuid:team_id>": Need(
        lambda t, c: json(name="新名", area=t["area"].key) | {"headers": {"If-Match": "*"}}
    ),
    "POST /api/v1/teams/<uuid:team_id>/members": Need(
        lambda t, c: json(member_id=t["spare"].key), ("spare",)
    ),
    "PATCH /api/v1/teams/<uuid:team_id>/members/<uuid:member_id>": Need(lambda t, c: json(is_leader=True)),
    "POST /api/v1/members/<uuid:member_id>/transfer": Need(
        lambda t, c: json(team_id=t["team"].key), ("team",), takes=(409,)
    ),
    "POST /api/v1/teams/import": Need(
        lambda t, c: table(f"code,name,kind,area\nT-1,新队,alarm_bell,{t['area'].key}"), takes=(422,)
    ),
    "POST /api/v1/members/import": Need(
        lambda t, c: table(f"code,name,phone,area\nM-1,新人,13900000000,{t['area'].key}"), takes=(422,)
    ),
    "GET /api/v1/checkpoints/sheet": Need(lambda t, c: {"query_string": {"grid": t["grid"].key}}, ("grid",)),
    "POST /api/v1/checkpoints": Need(
        lambda t, c: json(name="东门", kind="door", lon=c[0] + 0.001, lat=c[1] + 0.001), ("grid",)
    ),
    "PATCH /api/v1/checkpoints/<uuid:checkpoint_id>": Need(
        lambda t, c: json(name="西门") | {"headers": {"If-Match": "*"}}
    ),
    "POST /api/v1/matters": Need(
        lambda t, c: json(**{"class": "other"}, title="事", text="事", lon=c[0] + 0.001, lat=c[1] + 0.001),
        takes=(404,),
    ),
    "POST /api/v1/matters/<uuid:matter_id>/steps": Need(lambda t, c: json(step="note", version=1, note="看")),
    "POST /api/v1/matters/import": Need(
        lambda t, c: json(
            source="12345",
            items=[
                {"class": "other", "external_id": "1", "title": "事", "text": "事", "place": t["area"].key}
            ],
        )
    ),
    "POST /api/v1/webhooks": Need(
        lambda t, c: json(url="https://example.org/told", area=t["area"].key), ("area",)
    ),
    "PUT /api/v1/coverage/targets/<string:code>": Need(
        lambda t, c: json(hours=48) | {"headers": {"If-Match": "*"}}
    ),
    "DELETE /api/v1/coverage/targets/<string:code>": Need(lambda t, c: {"headers": {"If-Match": "*"}}),
    "POST /api/v1/uploads": Need(lambda t, c: an_upload(t)),
    "POST /api/v1/uploads/receipts": Need(lambda t, c: json(ids=[t["quarantined"].key])),
    "PUT /api/v1/media/<sha256>": Need(
        lambda t, c: {"data": b"another photo", "content_type": "image/jpeg"}, takes=(422,)
    ),
    "GET /api/v1/patrols/<uuid:patrol_id>/track": Need(lambda t, c: {"query_string": {"purpose": "核对"}}),
    "POST /api/v1/members/<uuid:member_id>/invitations": Need(lambda t, c: {}, takes=(403,)),
    "PUT /api/v1/me/consents/track": Need(lambda t, c: json(text_id="track-1", agreed=True)),
    "POST /api/v1/alarms": Need(lambda t, c: json(lon=c[0] + 0.001, lat=c[1] + 0.001)),
    "POST /api/v1/alarms/drills": Need(lambda t, c: json(area=t["area"].key), ("area",)),
    "GET /api/v1/alarms/drills/<uuid:alarm_id>/report": Need(lambda t, c: {}, takes=(404,)),
    "POST /api/v1/alarms/<uuid:alarm_id>/steps": Need(lambda t, c: json(step="accept"), takes=(403,)),
    "POST /api/v1/alarms/<uuid:alarm_id>/reinforce": Need(
        lambda t, c: json(polygon=a_square(*c).__geo_interface__)
    ),
    "PUT /api/v1/me/alarm-pin": Need(lambda t, c: json(pin="290518")),
    "PUT /api/v1/me/password": Need(
        lambda t, c: json(current="not a password", new="wind over the salt lake"), takes=(422,)
    ),
    "POST /api/v1/me/devices": Need(lambda t, c: json(name="手机", kind="owntracks")),
    "POST /api/v1/me/totp": Need(lambda t, c: {}, takes=(409,)),
    "POST /api/v1/me/totp/confirm": Need(lambda t, c: json(code="000000"), takes=(401, 409, 422)),
}


def views(app: Any) -> Iterator[tuple[Rule, str, Any]]:
    """Every route of the product: its rule, method and function."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint not in LIBRARY_ROUTES:
                yield rule, method, getattr(getattr(view, "view_class", None), method.lower(), view)


def kind_of(rule: Rule, name: str) -> str | None:
    """The kind of thing that a path parameter names, or None where it names none."""
    if name == "code":
        return "area" if "/areas/" in rule.rule else "grid"
    if name in PATHS:
        return PATHS[name]
    if name in FIXED or name in ("x", "y", "z"):
        return None
    raise LookupError(
        f"The matrix cannot fill <{name}> of {rule.rule}: say in PATHS of {__name__} what kind it names"
    )


def asks(app: Any, world: World, only: str = "") -> Iterator[Ask]:
    """All requests: each route about each place, and once more with each filter that it takes."""
    for rule, method, view in views(app):
        route = f"{method} {rule.rule}"
        if not re.search(only, route):
            continue
        needed, kinds = NEEDS.get(route), {name: kind_of(rule, name) for name in rule.arguments}
        is_plain = needed is None and not rule.arguments
        for place in world.places[:1] if is_plain else world.places:
            yield _about(app, rule, route, view, kinds, needed, place)
        for name in _filters(view):
            for place in world.places:
                about = _about(app, rule, route, view, kinds, needed, place)
                query = about.more.get("query_string", {}) | {name: place.things[FILTERS[name]].key}
                named = (*about.about, place.things[FILTERS[name]])
                yield about._replace(more=about.more | {"query_string": query}, about=named, filter=name)


def _about(
    app: Any, rule: Rule, route: str, view: Any, kinds: dict[str, Any], needed: Need | None, place: Place
) -> Ask:
    in_path = [kind for kind in kinds.values() if kind and route not in NAMED_BY_CALLERS]
    named = in_path + list(needed.names if needed else ())
    path = app.url_map.bind("localhost").build(rule.endpoint, _values(kinds, place))
    more = needed.make(place.things, place.corner) if needed else {}
    method = route.split()[0]
    strict = needed is not None or method in ("GET", "DELETE")
    about = tuple(place.things[kind] for kind in named)
    return Ask(route, view.permission, method, path, place, about, more, strict)


def _values(kinds: dict[str, Any], place: Place) -> dict[str, Any]:
    fixed = FIXED | dict(zip("zxy", _tile_around(*place.corner), strict=True))
    return {name: place.things[kind].key if kind else fixed[name] for name, kind in kinds.items()}


def _tile_around(lon: float, lat: float, z: int = 12) -> tuple[int, int, int]:
    return z, int((lon + 180) / 360 * 2**z), int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)


def _filters(view: Any) -> list[str]:
    parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    schemas = [each["schema"] for each in parameters if each["in"] == "query"]
    names = {name for schema in schemas for name in (schema() if isinstance(schema, type) else schema).fields}
    return sorted(names & set(FILTERS))


def expected(who: Who | None, ask: Ask) -> tuple[int, ...]:
    """The answers that the policy allows."""
    if ask.permission == "public":
        return (200, 201, 202, 204, 304, 401, 404, 503, *OTHER_BODIES, 429)
    if who is None:
        return (401,)
    if who.role not in POLICY[ask.permission]:
        return (403,)
    takes = NEEDS[ask.route].takes if ask.route in NEEDS else () if ask.strict else OTHER_BODIES
    if all(sees(who, ask.permission, thing) for thing in ask.about):
        return (200, 201, 202, 204, 304, *takes)
    if ask.filter:
        return (200, 404, *takes)
    return (404, *(() if ask.strict else OTHER_BODIES))


def walk(app: Any, connection: Any, world: World, callers: Sequence[Who | None], only: str = "") -> Tally:
    """Ask everything, as each of the callers; what a request changes is undone."""
    tally = Tally()
    questions = list(asks(app, world, only))
    for who in callers:
        client = app.test_client()
        if who:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {who.token}"
        signs = _secrets(world, who)
        answers = [_open(client, connection, ask) for ask in questions]
        for ask, answer in zip(questions, answers, strict=True):
            _judge(tally, who, ask, answer, signs)
        _compare(tally, who, questions, answers)
    return tally


def _open(client: Any, connection: Any, ask: Ask) -> Any:
    undo = connection.begin_nested()
    try:
        return client.open(ask.path, method=ask.method, **ask.more)
    finally:
        session.remove()
        undo.rollback()


def _secrets(world: World, who: Who | None) -> re.Pattern[bytes]:
    """All that gives away what somebody does not see, in the ways that it may be written."""
    told, closed = set(), set()
    for thing in world.things:
        (told if who and _is_told(who, thing) else closed).update(thing.signs)
        if thing.phone and (who is None or thing.owner != who.id):
            closed.add(thing.phone)
    forms = {form for sign in closed - told for form in (sign.encode(), sign.encode("unicode_escape"))}
    return re.compile(b"|".join(re.escape(form) for form in sorted(forms)))


def _is_told(who: Who, thing: Thing) -> bool:
    """Whether any permission shows a thing; a team tells who leads it to whoever is in it."""
    seen = any(sees(who, permission, thing) for permission in SHOWN_BY[thing.kind])
    return seen or (thing.kind == "member" and who.id in thing.people)


def _judge(tally: Tally, who: Who | None, ask: Ask, answer: Any, signs: re.Pattern[bytes]) -> None:
    tally.asked += 1
    told = f"{who.name if who else 'a stranger'}: {ask.route} about {ask.place.name} {ask.filter}"
    if answer.status_code not in expected(who, ask):
        hint = " (does it need something that NEEDS can say?)" if answer.status_code in OTHER_BODIES else ""
        tally.wrong.append(f"{told}: {answer.status_code} instead of {expected(who, ask)}{hint}")
    if not ask.strict and answer.status_code in OTHER_BODIES:
        tally.loose.add(ask.route)
    whole = str(answer.headers).encode() + answer.data
    leaked = {found for found in signs.findall(whole) if found not in ask.said}
    if leaked:
        tally.leaks.append(f"{told}: {', '.join(sorted(each.decode() for each in leaked))}")


def _compare(tally: Tally, who: Who | None, questions: list[Ask], answers: list[Any]) -> None:
    """What another county has closed to somebody must look as what does not exist."""
    if who is None or not who.area[4:].strip("0"):
        return
    plain = [(ask, _plain(ask, answer)) for ask, answer in zip(questions, answers, strict=True)]
    nothing = {(ask.route, ask.filter): told for ask, told in plain if ask.place.name == UNKNOWN}
    for ask, told in plain:
        closed = ask.place.area[:6] != who.area[:6] and ask.is_about_things
        if (
            closed
            and ask.route not in (*MADE_BY_PHONES, *NEVER_ALIKE)
            and told != nothing[ask.route, ask.filter]
        ):
            tally.leaks.append(f"{who.name}: {ask.route} tells {ask.place.name} from {UNKNOWN}")


def _plain(ask: Ask, answer: Any) -> tuple[int, bytes]:
    """An answer without what differs in any case: its trace, and the words of the request."""
    body = re.sub(rb'"trace_id": ?"[^"]*"', b"", answer.data)
    for kind, thing in ask.place.things.items():
        body = body.replace(thing.key.encode(), kind.encode())
    return answer.status_code, body
