"""Other phone apps: whatever they send is taken, and each position is kept once, on its patrol."""

import gzip
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from geoalchemy2.shape import to_shape
from nacl.secret import SecretBox

from service.clients.actions import HELD, forget_before
from service.clients.models import HeldPosition
from service.coverage.models import CoverageMark
from service.db import session, uuid7
from service.members.actions import device_of
from service.members.models import Consent, Device, Member
from service.patrols.models import Fix, Patrol
from service.privacy import actions as privacy
from service.privacy import erasure
from tests.conftest import SHARED
from tests.factories import a_member
from tests.service.phone import a_start, an_end, an_hour_ago, send

KINDS = {
    "owntracks": "owntracks",
    "traccar_osmand": "traccar",
    "overland": "overland",
    "gpslogger": "gpslogger",
}
MINUTE = timedelta(minutes=1)


class App:
    """Another phone app of a member."""

    def __init__(self, phone, kind):
        self.http = phone.application.test_client()
        self.kind = kind
        added = phone.post("/api/v1/me/devices", json={"kind": kind, "name": "an app"}).json
        self.id, self.token, self.config = added["id"], added["token"], added["config"]

    def send(self, method="POST", username="batu", slash="", **request):
        path = "/clients/owntracks" if self.kind == "owntracks" else f"/clients/{self.kind}/{self.token}"
        headers = request.pop("headers", {})
        if self.kind == "owntracks":
            signs = b64encode(f"{username}:{self.token}".encode()).decode()
            headers = headers | {"Authorization": f"Basic {signs}"}
        return self.http.open(path + slash, method=method, headers=headers, **request)

    def at(self, time, lon=97.3712, lat=37.3712, **more):
        return self.send(query_string={"id": "x", "lat": lat, "lon": lon, "timestamp": unix(time)} | more)


def unix(time):
    return int(time.timestamp())


@pytest.fixture
def batu(database):
    return a_member(username="batu")


@pytest.fixture
def phone(signed_in, batu):
    return signed_in(batu)


@pytest.fixture
def app_of(phone):
    return lambda kind: App(phone, kind)


@pytest.fixture
def traccar(app_of):
    return app_of("traccar")


@pytest.fixture
def walk():
    """A patrol's id, its start and its end."""
    return str(uuid7()), an_hour_ago(), an_hour_ago() + 30 * MINUTE


def positions(model):
    session.expire_all()
    return session.query(model).order_by(model.recorded_at).all()


def counts():
    return len(positions(HeldPosition)), len(positions(Fix))


def test_a_position_joins_the_patrol_that_covers_its_time(phone, traccar, walk):
    send(phone, [a_start(walk[0], walk[1]), an_end(walk[0], walk[2])])
    traccar.at(walk[1] + MINUTE)
    assert [str(each.patrol_id) for each in positions(Fix)] == [walk[0]]


def test_a_position_joins_a_patrol_that_is_still_open(phone, traccar, walk):
    send(phone, [a_start(walk[0], walk[1])])
    traccar.at(walk[1] + MINUTE)
    assert counts() == (0, 1)


def test_a_position_before_the_start_waits_for_it(phone, traccar, walk):
    traccar.at(walk[1] + MINUTE)
    before = counts()
    send(phone, [a_start(walk[0], walk[1])])
    assert (before, counts()) == ((1, 0), (0, 1))


def test_a_position_after_the_end_joins_no_patrol(phone, traccar, walk):
    send(phone, [a_start(walk[0], walk[1]), an_end(walk[0], walk[2])])
    traccar.at(walk[2] + MINUTE)
    assert counts() == (1, 0)


def test_a_day_after_its_start_an_open_patrol_covers_nothing(phone, traccar, walk):
    start = walk[1] - timedelta(hours=25)
    send(phone, [a_start(walk[0], start)])
    traccar.at(start + timedelta(hours=24, minutes=1))
    assert counts() == (1, 0)


def the_state():
    patrols = session.query(Patrol).order_by(Patrol.id).all()
    return (
        [(each.track_id, each.patrol_id, each.recorded_at) for each in positions(Fix)],
        [(each.track_id, each.recorded_at) for each in positions(HeldPosition)],
        [(each.id, each.started_at, each.ended_at, each.first_at, each.last_at) for each in patrols],
    )


ORDERS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_of_arrival_ends_in_the_same_state(phone, traccar, walk, order):
    patrol, start, end = walk

    def track():
        for minutes in (-1, 1, 29, 31):
            traccar.at(start + minutes * MINUTE)

    steps = [
        lambda: send(phone, [a_start(patrol, start)]),
        track,
        lambda: send(phone, [an_end(patrol, end)]),
    ]
    for place in order:
        steps[place]()
    fixes, held, patrols = the_state()
    assert [at for _, _, at in fixes] == [start + MINUTE, start + 29 * MINUTE]
    assert [at for _, at in held] == [start - MINUTE, start + 31 * MINUTE]
    assert patrols[0][1:] == (start, end, start, end)


def test_of_two_patrols_the_later_one_takes_the_position(phone, traccar, walk):
    forgotten, later = str(uuid7()), walk[0]
    send(phone, [a_start(forgotten, walk[1] - 60 * MINUTE)])
    traccar.at(walk[1] + MINUTE)
    send(phone, [a_start(later, walk[1])])
    assert [str(each.patrol_id) for each in positions(Fix)] == [later]


def test_a_position_that_is_sent_again_is_kept_once(phone, traccar, walk):
    traccar.at(walk[1] + MINUTE)
    traccar.at(walk[1] + MINUTE)
    held = counts()
    send(phone, [a_start(walk[0], walk[1])])
    traccar.at(walk[1] + MINUTE)
    assert (held, counts()) == ((1, 0), (0, 1))


def test_two_devices_at_one_place_and_time_are_two(app_of, walk):
    for app in (app_of("traccar"), app_of("traccar")):
        app.at(walk[1])
    assert counts() == (2, 0)


@pytest.mark.parametrize("first", [0, 1])
def test_two_tales_of_one_position_are_told_alike_in_either_order(traccar, walk, first):
    tales = [{"accuracy": 5}, {"batt": 80}]
    for place in (first, 1 - first):
        traccar.at(walk[1], **tales[place])
    assert [(each.accuracy_m, each.battery_pct) for each in positions(HeldPosition)] == [(5, 80)]


def test_a_patrol_that_gets_a_position_is_rebuilt(phone, traccar, walk):
    send(phone, [a_start(walk[0], walk[1])])
    session.query(CoverageMark).delete()
    traccar.at(walk[1] + MINUTE)
    assert [str(each.patrol_id) for each in session.query(CoverageMark)] == [walk[0]]


def test_a_position_sent_again_marks_no_patrol(phone, traccar, walk):
    send(phone, [a_start(walk[0], walk[1])])
    traccar.at(walk[1] + MINUTE)
    session.query(CoverageMark).delete()
    traccar.at(walk[1] + MINUTE)
    assert session.query(CoverageMark).count() == 0


def test_another_members_patrol_takes_no_position(signed_in, traccar, walk):
    send(signed_in(a_member()), [a_start(walk[0], walk[1])])
    traccar.at(walk[1] + MINUTE)
    assert counts() == (1, 0)


def test_what_waited_a_day_is_erased(traccar, walk):
    traccar.at(walk[1])
    session.query(HeldPosition).update({"received_at": datetime.now(UTC) - HELD - MINUTE})
    forget_before(datetime.now(UTC) - HELD)
    assert counts() == (0, 0)


def test_what_waited_less_is_not_erased(traccar, walk):
    traccar.at(walk[1])
    forget_before(datetime.now(UTC) - HELD)
    assert counts() == (1, 0)


def test_without_consent_nothing_is_held(signed_in, walk):
    app = App(signed_in(a_member(consents=False)), "traccar")
    assert (app.at(walk[1]).status_code, counts()) == (200, (0, 0))


def test_what_was_recorded_before_the_consent_is_not_held(batu, traccar, walk):
    session.query(Consent).update({"given_at": walk[1]})
    assert (traccar.at(walk[1] - MINUTE).status_code, counts()) == (200, (0, 0))


def test_what_waits_goes_when_the_consent_is_withdrawn(batu, traccar, walk):
    traccar.at(walk[1])
    privacy.withdraw(batu.id)
    forget_before(datetime.now(UTC) - HELD)
    assert counts() == (0, 0)


def test_what_waits_joins_no_patrol_once_the_consent_is_withdrawn(batu, phone, traccar, walk):
    traccar.at(walk[1] + MINUTE)
    privacy.withdraw(batu.id)
    send(phone, [a_start(walk[0], walk[1])])
    assert counts() == (0, 0)


def test_a_role_that_does_not_patrol_leaves_no_positions(signed_in, walk):
    app = App(signed_in(role="centre"), "traccar")
    assert (app.at(walk[1]).status_code, counts()) == (200, (0, 0))


def test_what_waits_goes_with_an_erased_member(batu, traccar, walk):
    traccar.at(walk[1])
    erasure.erase(session.get_one(Member, batu.id))
    assert counts() == (0, 0)


@pytest.mark.parametrize("days", [-8000, 2])
def test_an_absurd_time_is_taken_and_dropped(traccar, days):
    assert (traccar.at(datetime.now(UTC) + timedelta(days=days)).status_code, counts()) == (200, (0, 0))


@pytest.mark.parametrize(
    "place", [{"lat": 90.1}, {"lon": -181}, {"lat": "nan"}, {"lon": "east"}, {"lat": ""}]
)
def test_an_absurd_place_is_taken_and_dropped(traccar, walk, place):
    assert (traccar.at(walk[1], **place).status_code, counts()) == (200, (0, 0))


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_removed_device_is_refused(phone, app_of, kind):
    app = app_of(kind)
    phone.delete(f"/api/v1/me/devices/{app.id}")
    answer = app.send(json={})
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/sign-in-needed")


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_token_of_another_kind_is_refused(app_of, kind):
    app, other = app_of(kind), app_of("bell")
    app.token = other.token
    assert app.send(json={}).status_code == 401


def test_a_token_under_another_name_is_refused(app_of):
    assert app_of("owntracks").send(username="somebody", json={}).status_code == 401


def test_owntracks_without_authentication_is_refused(client):
    assert client.post("/clients/owntracks", json={}).status_code == 401


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", KINDS.values())
def test_a_slash_at_the_end_changes_nothing(app_of, kind, slash):
    assert app_of(kind).send(json={}, slash=slash).status_code == 200


BODIES = [
    *(b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100, b"[[[]]]", b"\x1f\x8b"),
    *(b'{"a":1,"a":2}', b'{"_type":["location"]}', b'{"location":[]}', b'{"location":{"coords":7}}'),
    *(b'{"locations":7}', b'{"locations":[7,{"geometry":{"coordinates":[{},[]]},"properties":{}}]}'),
    *(b'lat,lon\n"', b"lat=1;lon=2", b'{"lat":1e999,"lon":1}'),
]


@pytest.mark.parametrize("kind", KINDS.values())
@pytest.mark.parametrize("media", ["application/json", "text/csv", "application/octet-stream"])
def test_whatever_is_sent_is_taken(app_of, kind, media):
    app = app_of(kind)
    assert {app.send(data=body, content_type=media).status_code for body in BODIES} == {200}


@pytest.mark.parametrize("query", ["lat=%FF&lon=1", "cell=1&cell=2&lat=1&lon=%00", "a=%ud800", "=&=&lat"])
def test_whatever_is_asked_is_taken(traccar, query):
    assert traccar.send("GET", query_string=query).status_code == 200


def test_a_body_may_be_gzipped(app_of, walk):
    message = {"_type": "location", "lat": 37.3, "lon": 97.3, "tst": unix(walk[1])}
    body = gzip.compress(json.dumps(message).encode())
    app_of("owntracks").send(data=body, content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert counts() == (1, 0)


def encrypted(message, passphrase):
    box = SecretBox(passphrase.encode().ljust(32, b"\0"))
    return {"_type": "encrypted", "data": b64encode(box.encrypt(json.dumps(message).encode())).decode()}


def test_an_encrypted_position_is_opened_with_the_key_of_the_settings(app_of):
    app, at = app_of("owntracks"), {"_type": "location", "lat": 37.3712, "lon": 97.3712}
    app.send(json=encrypted(at | {"tst": unix(an_hour_ago())}, app.config["encryptionKey"]))
    assert counts() == (1, 0)


def test_a_message_under_another_key_is_taken_and_left_aside(app_of):
    answer = app_of("owntracks").send(json=encrypted({"_type": "location"}, "123"))
    assert (answer.status_code, answer.json, counts()) == (200, [], (0, 0))


def test_a_held_position_is_in_the_copy_of_ones_data(app_of, phone):
    app_of("traccar").at(an_hour_ago())
    (held,) = phone.get("/api/v1/me/export").json["held_positions"]
    assert (held["lon"], held["lat"]) == (97.3712, 37.3712)


def test_two_slashes_are_no_redirect(app_of):
    app = app_of("traccar")
    assert app.http.get(f"/clients//traccar/{app.token}").status_code == 404


def test_an_encrypted_message_that_is_none_is_taken_and_left_aside(app_of):
    answer = app_of("owntracks").send(json={"_type": "encrypted", "data": "AAAA"})
    assert (answer.status_code, answer.json, counts()) == (200, [], (0, 0))


def test_a_file_that_is_sent_again_and_longer_adds_only_what_is_new(app_of, walk):
    app, lines = app_of("gpslogger"), ["time,lat,lon,elevation,accuracy,bearing,speed"]
    for seconds in range(3):
        time = (walk[1] + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
        lines.append(f"{time},37.3712,97.37{seconds},2980,6.0,,1.2")
        app.send(data="\r\n".join(lines), content_type="text/csv")
    assert [each.accuracy_m for each in positions(HeldPosition)] == [6, 6, 6]


def test_a_file_may_come_as_a_form(app_of, walk):
    text = f"time,lat,lon\n{walk[1].isoformat()},37.3712,97.37"
    app_of("gpslogger").send(data={"file": (BytesIO(text.encode()), "track.csv")})
    assert counts() == (1, 0)


def test_gpslogger_may_speak_json(app_of, walk):
    app_of("gpslogger").send(json={"lat": 37.3, "lon": 97.3, "time": walk[1].isoformat()})
    assert counts() == (1, 0)


def test_a_heartbeat_leaves_nothing(traccar):
    assert (traccar.send(data={"id": "x", "timestamp": 1, "batt": 3}).status_code, counts()) == (200, (0, 0))


def cases():
    for name, kind in KINDS.items():
        file = SHARED / "cases" / f"{name}.json"
        for case in json.loads(file.read_text(encoding="utf-8")) if file.exists() else ():
            yield pytest.param(kind, case, id=case["name"])


def expected(case):
    """The positions of a case that can be kept: those of our own age."""
    told = case["expect"]
    items = told.get("items", [told])
    placed = [each for each in items if each.get("lat") is not None and told["outcome"] != "rejected"]
    unique = {(each.get("timestamp_utc"), each["lat"], each["lon"]): each for each in placed}
    return [each for (at, _, _), each in unique.items() if at is None or at >= "2020"]


@pytest.mark.parametrize(("kind", "case"), [*cases()])
def test_a_real_request_is_read_as_it_was_meant(app_of, kind, case):
    told = case["expect"]
    headers = {k: v for k, v in case["headers"].items() if k != "Authorization"}
    data = None if case["body"] is None else case["body"].encode()
    answer = app_of(kind).send(
        case["method"], headers=headers, query_string=case["query"], data=data, slash="/"
    )
    assert answer.status_code == told.get("expect_http", 200)
    for name in ("expect_body", "expect_body_json"):
        assert answer.json == told[name] if name in told else True
    found = positions(HeldPosition)
    wanted = sorted(expected(case), key=lambda each: each.get("timestamp_utc") or "")
    if "items" in told or told["outcome"] != "batch":
        assert len(found) == len(wanted)
    for kept, each in zip(found, wanted, strict=False):
        assert_alike(kept, each, osmand="dialect=osmand" in told.get("note", ""))


def assert_alike(kept, told, osmand):
    point = to_shape(kept.position)
    assert (point.y, point.x) == (pytest.approx(told["lat"]), pytest.approx(told["lon"]))
    if told.get("timestamp_utc"):
        assert kept.recorded_at == datetime.fromisoformat(told["timestamp_utc"])
    names = {"accuracy": "accuracy_m", "speed_mps": "speed_mps", "bearing_deg": "heading_deg"}
    for name, column in (names | {"battery_pct": "battery_pct"}).items():
        if name in told and not (osmand and name == "speed_mps"):  # nothing tells OsmAnd's m/s from knots
            wanted = None if told[name] is None else pytest.approx(told[name], abs=1e-3)
            assert getattr(kept, column) == wanted, name
    assert kept.is_mock == told.get("mock", False)


def test_the_settings_of_an_app_lead_to_its_route(app_of):
    for kind in KINDS.values():
        app = app_of(kind)
        address = app.config["url"].removeprefix("http://localhost").partition("?")[0]
        assert address.startswith(f"/clients/{kind}"), app.config


def test_a_device_is_known_by_the_token_it_was_given(app_of, traccar):
    assert device_of(traccar.token).device.id == session.query(Device.id).filter_by(kind="traccar").scalar()
