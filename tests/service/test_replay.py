"""Replaying a recorded track as a phone would send it."""

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest
from werkzeug.serving import make_server

from service import replay
from service.coverage.actions import rebuild_marked
from service.db import session
from service.members.actions import passwords
from service.replay import MOST_BYTES, MOST_ITEMS, MOST_POINTS, Names, Phone, Track, batches
from service.values import read_uuid
from tests.factories import a_grid, a_member

PASSWORD = "wind over the salt lake"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
END = NOW.timestamp() * 1000
CSV = "t,lon,lat,accuracy\n" + "".join(
    f"2026-11-20T0{n // 60}:{n % 60:02}:00Z,{97.3702 + n * 2e-5:.6f},37.3715,6\n" for n in range(100)
)


def a_track(points, at=None, accuracy=6.0):
    step = np.arange(points, dtype=float)
    at = step * 1000 if at is None else np.array(at, float)
    return Track(at, 97.37 + step * 1e-5, np.full(points, 37.37), np.full(points, accuracy))


def a_file(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def server(app, database):
    """The application on a port of its own, inside the test's transaction."""
    a_member(username="batu", password_hash=passwords.hash(PASSWORD))
    a_grid()
    session.commit()
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_second_replay_is_all_duplicates_and_shows_the_grid(server, tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "PATIENCE", 0)
    file = a_file(tmp_path, "walk.csv", CSV)
    first = replay.replay(file, server, "batu", PASSWORD, "foot", datetime.now(UTC))
    assert first.verdicts == {"stored": 3}
    rebuild_marked()
    second = replay.replay(file, server, "batu", PASSWORD, "foot", datetime.now(UTC))
    assert second.verdicts == {"duplicate": 3}
    assert second.grids[0]["share_seen"] > 0.1
    assert "3 duplicate" in str(second)


def test_a_wrong_password_is_told(server, tmp_path):
    with pytest.raises(ValueError, match="401"):
        replay.replay(a_file(tmp_path, "walk.csv", CSV), server, "batu", "another one")


def test_a_track_without_times_cannot_be_kept_as_recorded():
    with pytest.raises(ValueError):
        replay.as_recorded([a_track(3, [np.nan] * 3)])


def test_the_last_track_ends_now_and_the_others_before():
    one, other = replay.ending([a_track(10), a_track(20)], END)
    assert other.at[-1] == END
    assert one.at[-1] < other.at[0]
    assert np.ptp(other.at) == 19_000


def test_missing_times_are_filled_in_by_distance():
    track = replay.timed(a_track(5, [np.nan, 0, np.nan, 4000, np.nan]))
    assert track.at[2] == pytest.approx(2000, abs=1)
    assert track.at[0] < 0 and track.at[4] > 4000


def test_a_track_without_times_is_walked_at_a_walking_pace():
    track = replay.timed(a_track(101, [np.nan] * 101))
    assert track.at[-1] / 1000 == pytest.approx(100 * 1e-5 * 88_480 / 1.2, rel=0.01)


def test_a_clock_that_stood_still_is_no_clock():
    assert replay.timed(a_track(5, [7000] * 5)).at[-1] > 0


def test_ids_follow_from_what_is_sent():
    ids = {Names(key).of(END, "track", 0) for key in (b"a", b"a", b"b")}
    assert len(ids) == 2
    assert all(read_uuid(each).version == 7 for each in ids)


def test_batches_keep_within_the_limits():
    tracks = [a_track(2500), *(a_track(30) for _ in range(300)), a_track(40_000)]
    sent = list(batches(tracks, "foot", Names(b"k")))
    items = [item for _, batch in sent for item in batch]
    assert len({each for each, _ in sent}) == len(sent) > 2
    assert len({item["id"] for item in items}) == len(items) == 2 * 302 + 3 + 300 + 40
    assert max(len(batch) for _, batch in sent) <= MOST_ITEMS
    assert max(len(json.dumps(batch)) for _, batch in sent) <= MOST_BYTES + 2 * MOST_ITEMS
    assert max(len(item.get("points", ())) for item in items) == MOST_POINTS


def test_an_unknown_accuracy_stays_unknown():
    _, items = next(batches([a_track(1, accuracy=np.nan)], "foot", Names(b"k")))
    assert items[1]["points"] == [[0, 97.37, 37.37, None]]


@pytest.mark.parametrize(
    "time", ["1795486500000", "1795486500", "2026-11-24T02:15:00Z", "2026-11-24T10:15:00+08:00"]
)
def test_csv_times_may_be_written_in_several_ways(tmp_path, time):
    (track,) = replay.read(a_file(tmp_path, "a.csv", f"time,lon,lat\n{time},97.37,37.37\n"))
    assert track.at.tolist() == [1795486500000]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", ""),
        ("a.csv", "x,y\n1,2\n"),
        ("a.csv", "lon,lat\nfar,away\n"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []}'),
        ("a.geojson", "{"),
        ("a.kml", "<kml/>"),
    ],
)
def test_what_is_no_track_is_refused(tmp_path, name, text):
    with pytest.raises(ValueError):
        replay.read(a_file(tmp_path, name, text))


def test_geojson_has_a_track_for_every_line(shared):
    tracks = replay.read(shared / "data" / "relocated_tracks_haixi.geojson")
    assert [len(track.at) for track in tracks] == [513, 184, 296, 104]
    assert not any(np.isnan(track.at).any() for track in tracks)


@pytest.mark.parametrize(
    "name",
    [
        "Mojstrovka",
        "around-visnjan-with-car",
        "cerknicko-jezero",
        "cerknicko-without-times",
        "gpx1.1_with_all_fields",
        "korita-zbevnica",
        "track-with-empty-segment",
    ],
)
def test_gpx_tracks_come_out_in_order_of_time(shared, name):
    tracks = replay.ending(replay.read(shared / "data" / "gpx" / f"{name}.gpx"), END)
    assert all((np.diff(track.at) >= 0).all() for track in tracks)
    assert tracks[-1].at[-1] == END


def test_gpx_without_tracks_is_refused(shared):
    with pytest.raises(ValueError, match="no track"):
        replay.read(shared / "data" / "gpx" / "unicode.gpx")


def test_what_the_server_cannot_take_now_is_sent_again_unchanged(monkeypatch):
    monkeypatch.setattr(replay.time, "sleep", lambda _: None)
    with a_busy_server([503, 429, 201, 503, 200]) as (url, bodies):
        phone = Phone(url, "batu", PASSWORD)
        phone.send("b", [])
    assert len(bodies) == 5
    assert bodies[0] == bodies[1] == bodies[2] and bodies[3] == bodies[4]


def test_a_server_that_is_away_is_told(monkeypatch):
    monkeypatch.setattr(replay.time, "sleep", lambda _: None)
    with pytest.raises(ConnectionError):
        Phone("http://127.0.0.1:9", "batu", PASSWORD)


class a_busy_server:
    """A server that answers with these statuses, one after the other, and keeps what it was sent."""

    def __init__(self, statuses):
        bodies, left = [], iter(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(next(left))
                self.end_headers()
                self.wfile.write(b'{"token": "t", "results": []}')

            def log_message(self, *_):
                pass

        self.server, self.bodies = HTTPServer(("127.0.0.1", 0), Handler), bodies

    def __enter__(self):
        Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}", self.bodies

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
