"""The world of the matrix: people and ground on both sides of every border, and who should see what of it.

`sees` says it once more, from the policy's scopes and nothing of the service's queries.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from service.alarms.models import AlarmNotice
from service.areas.models import Area, GridRevision
from service.coverage.actions import rebuild_marked
from service.db import session, uuid7
from service.matters import bulletin as bulletins
from service.matters.clocks import ZONE
from service.matters.figures_json import BulletinSchema
from service.matters.models import MatterBulletin, MatterClass, Webhook
from service.members import actions
from service.members.models import Session
from service.members.tokens import hash_of
from service.policy import POLICY, Caller, Scope
from service.suggestions.models import Suggestion
from service.uploads.models import QuarantinedItem
from tests.factories import BEGINNING, a_checkpoint, a_grid, a_member, a_session, a_square, a_team, some_duty
from tests.service.phone import a_check_in, a_start, a_track, an_hour_ago, send
from tests.service.photos import a_photo, name_of, put

HOME = "632802001001"  # everybody whom the matrix lets ask is here, or in an area above
FAR = "632801001001"  # in another county
NOWHERE = "-"
UNKNOWN = "what does not exist"
GROUND = {  # code → the corner of its grid, far apart and with digits that nothing else has
    HOME: (97.351234, 37.361234),
    "632802001002": (97.411357, 37.371357),  # in the same township
    "632802002001": (97.482468, 37.382468),  # in the same county
    FAR: (94.903691, 36.413691),
}
ROLES = {  # whom the matrix lets ask: name → role, area
    "officer of the community": ("officer", HOME),
    "officer of the township": ("officer", "632802001000"),
    "officer of the county": ("officer", "632802000000"),
    "officer of the prefecture": ("officer", "632800000000"),
    "centre of the county": ("centre", "632802000000"),
    "admin of the county": ("admin", "632802000000"),
    "auditor of the county": ("auditor", "632802000000"),
}
TEAMS_OWN = ("team", "assignment", "shift", "swap", "spot_check", "notice")  # all of the team see them
_numbers = count(1)


@dataclass(frozen=True)
class Thing:
    """Something that an answer may show: its key in a path, where and whose it is, what gives it away."""

    kind: str
    key: str
    area: str
    owner: UUID | None = None
    people: frozenset[UUID] = frozenset()  # of a team: who is in it, and is that known of a person
    leaders: frozenset[UUID] = frozenset()  # of a team, or of the teams that a person is in
    signs: tuple[str, ...] = ()
    phone: str = ""  # nobody else reads it in whole


@dataclass(frozen=True)
class Who:
    """Somebody who asks."""

    name: str
    role: str
    area: str
    id: UUID
    token: str


@dataclass(frozen=True)
class Place:
    """What a path, query or body can name: one thing of each kind, all in one relation to the caller."""

    name: str
    things: dict[str, Thing]
    corner: tuple[float, float]

    @property
    def area(self) -> str:
        """The code of the community where it is."""
        return self.things["area"].area


@dataclass
class World:
    """All there is."""

    callers: list[Who] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)  # what is asked about
    things: list[Thing] = field(default_factory=list)  # what an answer could give away


def cut(code: str) -> str:
    """What the codes below an area begin with."""
    return next((code[:n] for n in (4, 6, 9) if not code[n:].strip("0")), code)


def sees(who: Who, permission: str, thing: Thing) -> bool:
    """Whether the policy lets somebody see a thing under a permission."""
    scope = POLICY[permission].get(who.role)
    if scope is None:
        return False
    own, area = thing.owner == who.id, cut(who.area)
    if thing.kind in ("area", "grid", "revision", "checkpoint", "suggestion"):
        within = thing.area.startswith(area[:6] if scope is Scope.COUNTY else area)
        is_above = area.startswith(cut(thing.area)) and permission == "areas:read"
        return scope in (Scope.COUNTY, Scope.AREA) and (within or (thing.kind == "area" and is_above))
    if scope is Scope.AREA:
        return thing.area.startswith(area) or (own and thing.kind == "member")
    if scope is Scope.TEAM:
        told = thing.people if thing.kind == "alarm" else frozenset()
        return who.id in thing.leaders | told or (own and thing.kind not in TEAMS_OWN)
    return own or (thing.kind in (*TEAMS_OWN, "alarm") and who.id in thing.people)


def build(app: Any) -> World:
    """Fill the database, and say what is where."""
    world = World()
    for code in GROUND:
        _settle(app, world, code)
    for name, (role, area) in ROLES.items():
        world.callers.append(_who(name, a_member(role, area, name=_name())))
    nothing = {name: Thing(kind, _unknown(name), NOWHERE) for name, kind in _KINDS.items()}
    world.places.append(Place(UNKNOWN, nothing, (95.5, 36.9)))
    rebuild_marked()
    session.commit()
    return world


_KINDS = {
    kind: kind
    for kind in (
        "area",
        "grid",
        "team",
        "member",
        "patrol",
        "revision",
        "session",
        "device",
        "quarantined",
        "suggestion",
        "checkpoint",
        "photo",
        "assignment",
        "shift",
        "swap",
        "spot_check",
        "notice",
        "matter",
        "webhook",
        "bulletin",
        "alarm",
    )
} | {"spare": "member"}


def _unknown(name: str) -> str:
    known = {"area": "632899999999", "grid": "632899999999001", "photo": name_of(a_photo())}
    return known.get(name, str(uuid7()))


def _name() -> str:
    return f"某{next(_numbers)}甲{uuid4().hex[:10]}"


def _who(name: str, member: Any) -> Who:
    return Who(name, member.role, member.area_code, member.id, a_session(member))


def _settle(app: Any, world: World, code: str) -> None:
    """A community: its grid, a revision, a team with a leader and two members, and somebody in no team."""
    leader, *others = people = [_person(role, code) for role in ("leader", "member", "member")]
    spare = _person("member", code)
    team = a_team(*others, leader=leader, area=code, name=_name(), code=f"T{uuid4().hex[:10]}")
    ids = frozenset(person.id for person in people)
    ground = _ground(code)
    led = frozenset([leader.id])
    ground["team"] = Thing("team", str(team.id), code, None, ids, led, (str(team.id), team.code, team.name))
    ground["spare"] = _shown(spare, frozenset(), ())
    ground |= _duty(team, others, ids, led)
    ground["alarm"] = _call(app, code, others[0])
    ordinals = ("leader", "member", "colleague")
    for person, ordinal in zip(people, ordinals, strict=True):
        who = _who(f"{ordinal} of the community", person)
        photo = _take_photo(app, who)
        patrol = _walk(app, who, code, photo)
        member = _shown(person, led, ids if person is leader else ())
        signs = (patrol, f"{GROUND[code][0] + 0.0005:.5f}")  # its id, and a longitude on its way
        walk = Thing("patrol", patrol, code, person.id, leaders=led, signs=signs)
        things = ground | {"member": member, "patrol": walk} | _keys_of(person)
        things["quarantined"] = _set_aside(app, who, code)
        things["photo"] = Thing("photo", photo, code, person.id, leaders=led, signs=(photo,))
        things["matter"] = _report(app, who, code, led, photo)
        world.things += things.values()
        if person in others:  # who swap a shift know each other by name, and by nothing else
            both = frozenset(each.id for each in others)
            world.things.append(Thing("member", "", code, person.id, both, led, (person.name,)))
        if code == HOME or ordinal == "member":
            world.places.append(Place(f"{ordinal} of {code}", things, GROUND[code]))
        if code == HOME and ordinal != "colleague":
            world.callers.append(who)


def _duty(team: Any, others: Any, ids: frozenset[UUID], led: frozenset[UUID]) -> dict[str, Thing]:
    """A shift of the team and what hangs on it, and a notice."""
    name, home, things = _name(), team.area_code, {}
    for kind, row in some_duty(team, *others, name=name).items():
        signs = (str(row.id), name) if kind in ("assignment", "notice") else (str(row.id),)
        things[kind] = Thing(kind, str(row.id), home, None, ids, led, signs)
    return things


def _person(role: str, area: str) -> Any:
    marks = {"code": f"M{uuid4().hex[:10]}", "phone": f"139{uuid4().int % 10**8:08}", "name": _name()}
    return a_member(role, area, **marks)


def _keys_of(person: Any) -> dict[str, Thing]:
    """Another sign-in of somebody, and an app that uploads for them."""
    token = a_session(person)
    signed_in = session.scalars(select(Session.id).where(Session.token_hash == hash_of(token))).one()
    app, _ = actions.add_device(Caller(person.id, "", "", "", signed_in), "owntracks", _name())
    keys = {"session": str(signed_in), "device": str(app.id)}
    return {kind: Thing(kind, key, person.area_code, person.id, signs=(key,)) for kind, key in keys.items()}


def _shown(person: Any, leaders: frozenset[UUID], people: Any) -> Thing:
    signs, told_to = (str(person.id), person.code, person.name), frozenset(people)
    key = str(person.id)
    return Thing("member", key, person.area_code, person.id, told_to, leaders, signs, person.phone)


def _ground(code: str) -> dict[str, Thing]:
    grid = a_grid(f"{code}001", a_square(*GROUND[code]), name=_name())
    west, south = GROUND[code]
    outline = (f"{west:.4f}", f"{south:.4f}")
    report = {"summary": {}, "findings": [], "creates": [], "ended": {grid.code: grid.id}}
    revision = GridRevision(id=uuid7(), area_code=code, features=[], retires=[grid.code], report=report)
    session.add(revision)
    session.flush()
    asked = Suggestion(
        id=uuid7(), area_code=code, starts_at=BEGINNING, ends_at=session.scalar(select(func.now()))
    )
    asked.teams, asked.limits = [], {}
    session.add(asked)
    session.flush()
    area = session.get_one(Area, code)
    mark = a_checkpoint(grid, west + 0.001, south + 0.001, name=_name())
    marked = (str(mark.id), mark.code, mark.name)
    hook, bulletin = _webhook(code), _bulletin(code)
    return {
        "bulletin": Thing("bulletin", bulletin, code, signs=(bulletin,)),
        "webhook": Thing("webhook", hook, code, signs=(hook, f"{code}.example.org")),
        "checkpoint": Thing("checkpoint", str(mark.id), code, signs=marked),
        "area": Thing("area", code, code, signs=(code, area.name)),
        "grid": Thing("grid", grid.code, code, signs=(grid.code, grid.name, *outline)),
        "revision": Thing("revision", str(revision.id), code, signs=(str(revision.id),)),
        "suggestion": Thing("suggestion", str(asked.id), code, signs=(str(asked.id),)),
    }


def _take_photo(app: Any, who: Who) -> str:
    """Somebody sends a photo that nobody else has."""
    client, photo = app.test_client(), a_photo(size=(40 + next(_numbers), 30))
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {who.token}"
    assert put(client, photo).status_code == 201
    return name_of(photo)


def _call(app: Any, code: str, told: Any) -> Thing:
    """Somebody in no team calls for help, of which one member is told."""
    somebody, id = _person("member", code), uuid7()
    west, south = GROUND[code]
    where = {"id": str(id), "lon": west + 0.0007, "lat": south + 0.001}
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {a_session(somebody)}"
    assert client.post("/api/v1/alarms", json=where).status_code == 201
    session.add(AlarmNotice(alarm_id=id, member_id=told.id, reason="near", told_at=datetime.now(UTC)))
    signs = (str(id), f"{west + 0.0007:.5f}")
    return Thing("alarm", str(id), code, somebody.id, frozenset([told.id]), signs=signs)


def _walk(app: Any, who: Who, code: str, photo: str) -> str:
    """Somebody walks through the grid of a community, and checks in with a photo."""
    west, south = GROUND[code]
    patrol, at = str(uuid7()), an_hour_ago()
    way = [(west + 0.0005 * n, south + 0.001) for n in range(1, 4)]
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {who.token}"
    here = {"lon": way[0][0], "lat": way[0][1], "photos": [photo]}
    items = [a_start(patrol, at), a_track(patrol, at, way), a_check_in(patrol, at, **here)]
    results = send(client, items).json["results"]
    assert [each["status"] for each in results] == ["stored"] * 3, results
    return patrol


def _report(app: Any, who: Who, code: str, led: frozenset[UUID], photo: str) -> Thing:
    """Somebody reports a matter with a photo."""
    west, south = GROUND[code]
    client, title = app.test_client(), _name()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {who.token}"
    found = {"class": "other", "title": title, "text": title, "lon": west + 0.001, "lat": south + 0.001}
    found["photos"] = [photo]
    key = client.post("/api/v1/matters", json=found).json["id"]
    return Thing("matter", key, code, who.id, leaders=led, signs=(key, title))


def _webhook(code: str) -> str:
    """Somebody above all of them has another platform told."""
    admin = a_member("admin", code)
    hook = Webhook(id=uuid7(), url=f"https://{code}.example.org/", secret=b"s", area_code=code)
    hook.member_id = admin.id
    session.add(hook)
    session.flush()
    return str(hook.id)


def _bulletin(code: str) -> str:
    """What was told of the wages in a community after a month."""
    start, end = datetime(2026, 6, 1, tzinfo=ZONE), datetime(2026, 7, 1, tzinfo=ZONE)
    asked = bulletins.Asked(code, session.get_one(MatterClass, "wage_arrears"), start, end)
    told = BulletinSchema().dump(bulletins.told(asked))
    made = MatterBulletin(
        id=uuid7(), area_code=code, class_code="wage_arrears", month=start.date(), told=told
    )
    session.add(made)
    session.flush()
    return str(made.id)


def _set_aside(app: Any, who: Who, code: str) -> Thing:
    """Somebody sends what cannot be used."""
    client, item_id = app.test_client(), str(uuid7())
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {who.token}"
    send(client, [{"type": "song", "id": item_id}])
    key = str(session.scalars(select(QuarantinedItem.id).where(QuarantinedItem.item_id == item_id)).one())
    return Thing("quarantined", key, code, who.id, signs=(key, item_id))
