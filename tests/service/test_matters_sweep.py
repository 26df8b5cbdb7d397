"""Deadlines: what the sweep does when they come near, pass, and pass again. One bad row stops nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from service.db import session, uuid7
from service.matters import history, queries
from service.matters.models import Matter, MatterFault, MatterStep
from service.matters.sweep import AT_ONCE, sweep
from tests.factories import COMMUNITY, a_grid, a_member
from tests.service.matter_steps import URL, report, step, steps

HOUR = timedelta(hours=1)


@pytest.fixture
def officer(signed_in):
    a_grid()
    return signed_in(role="officer", area=COMMUNITY)


def now():
    return datetime.now(UTC)


def as_it_stands(matter):
    session.expire_all()
    return session.get_one(Matter, matter["id"])


def steps_of(matter):
    return session.scalars(queries.steps_of(matter["id"])).all()


def names(matter):
    return [each.step for each in steps_of(matter)]


def aged(matter, by):
    """The matter as if it had entered its stage that much earlier."""
    earlier = {name: getattr(Matter, name) - by for name in ("entered_at", "due_at", "look_at")}
    session.execute(update(Matter).where(Matter.id == matter["id"]).values(earlier))
    return matter


def test_nothing_is_looked_at_before_its_time(officer):
    matter = report(officer)
    assert sweep(now()).examined == 0 and names(matter) == ["report", "file"]


def test_a_reminder_comes_at_four_fifths_of_the_limit(officer):
    matter = report(officer)  # an hour to dispatch a fire hazard, day and night
    sweep(now() + HOUR * 0.85)
    stands = as_it_stands(matter)
    assert names(matter)[2:] == ["remind"] and stands.look_at == stands.due_at and not stands.is_late


def test_an_overdue_matter_climbs_without_an_assignee(officer):
    matter = aged(report(officer), 2 * HOUR)
    sweep(now())
    stands = as_it_stands(matter)
    assert (stands.level, stands.stage, stands.is_late, stands.handler_id) == (
        "community",
        "filed",
        True,
        None,
    )


def test_an_overdue_matter_climbs_with_an_assignee(officer):
    matter, worker = report(officer), a_member("member", COMMUNITY)
    steps(officer, matter, ("dispatch", {"assignee_id": str(worker.id)}))
    sweep(now() + 3 * HOUR)
    assert (as_it_stands(matter).level, as_it_stands(matter).handler_id) == ("community", worker.id)


def test_an_overdue_matter_climbs_rung_by_rung_to_the_prefecture_and_is_reminded_then(officer):
    matter = report(officer)
    for hours in range(2, 12, 2):
        sweep(now() + hours * HOUR)
    assert names(matter)[2:] == ["escalate"] * 4 + ["remind"]
    assert as_it_stands(matter).level == "prefecture"


def test_climbing_does_not_restart_the_clock(officer):
    matter = aged(report(officer), 2 * HOUR)
    due = as_it_stands(matter).due_at
    sweep(now())
    assert as_it_stands(matter).due_at == due


@pytest.mark.parametrize("said", [("note", {"note": "看过"}), "urge", "escalate"])
def test_a_step_that_leaves_the_stage_alone_does_not_restart_the_clock(officer, said):
    matter = report(officer)
    due = as_it_stands(matter).due_at
    steps(officer, matter, said)
    assert as_it_stands(matter).due_at == due


def test_a_pause_is_the_only_thing_that_stops_the_clock(officer):
    matter = report(officer)
    left = as_it_stands(matter).due_at - now()
    steps(officer, matter, ("suspend", {"reason": "season", "review_at": (now() + 48 * HOUR).isoformat()}))
    aged_pause = now() + 47 * HOUR
    assert sweep(aged_pause).examined == 0
    steps(officer, matter, "resume")
    assert abs(as_it_stands(matter).due_at - now() - left) < timedelta(seconds=10)


def test_a_suspended_matter_resumes_at_its_review(officer):
    matter = report(officer)
    steps(officer, matter, ("suspend", {"reason": "season", "review_at": (now() + 48 * HOUR).isoformat()}))
    sweep(now() + 49 * HOUR)
    assert as_it_stands(matter).stage == "filed" and names(matter)[-1] == "resume"


def test_a_poisoned_row_is_set_aside_and_the_others_climb(officer):
    matters = [aged(report(officer), 2 * HOUR) for _ in range(5)]
    bad = matters[2]
    session.execute(update(Matter).where(Matter.id == bad["id"]).values(version=1))  # its next step is taken
    assert sweep(now()) == (5, 1)
    levels = [as_it_stands(each).level for each in matters]
    assert levels == ["community", "community", "grid", "community", "community"]
    (told,) = officer.get(f"{URL}/set-aside").json["items"]
    assert told["matter_id"] == bad["id"] and told["times"] == 1


def test_what_was_set_aside_is_tried_again_and_forgotten_once_it_works(officer):
    matter = aged(report(officer), 2 * HOUR)
    session.execute(update(Matter).where(Matter.id == matter["id"]).values(version=1))
    assert sweep(now()) == (1, 1) and sweep(now()) == (0, 0)
    session.execute(update(Matter).where(Matter.id == matter["id"]).values(version=2))
    assert sweep(now() + 2 * HOUR) == (1, 0)
    assert session.scalars(select(MatterFault)).all() == []


def test_no_overdue_matter_stays_unexamined_however_many_there_are(officer):
    first = report(officer)
    columns = [column.key for column in Matter.__table__.columns]
    row = as_it_stands(first)
    base = {name: getattr(row, name) for name in columns}
    begun = session.scalars(queries.steps_of(row.id)).all()
    for n in range(AT_ONCE + 20):
        id = uuid7()
        due = {"due_at": now() - n * HOUR, "look_at": now() - n * HOUR, "entered_at": now() - 2000 * HOUR}
        previous, sealed = history.BEGINNING, []
        for each in begun:
            step_row = {name: getattr(each, name) for name in history.SEALED} | {"matter_id": id}
            sealed.append(history.sealed(step_row, previous))
            previous = sealed[-1]["digest"]
        session.add(Matter(**base | due | {"id": id, "head": previous}))
        session.flush()
        session.add_all(MatterStep(**each) for each in sealed)
    assert sweep(now()) == (AT_ONCE + 20, 0)
    assert session.scalars(select(Matter.id).where(Matter.look_at <= now())).all() == []


def test_what_the_sweep_writes_keeps_the_chain(officer):
    matter = aged(report(officer), 2 * HOUR)
    sweep(now())
    assert officer.get(f"{URL}/{matter['id']}/steps").json["verified"]
    assert step(officer, matter, "note", note="仍可办理").status_code == 201
    assert history.faults(steps_of(matter), as_it_stands(matter).head) == []


@pytest.mark.parametrize("name", ["due_at", "look_at", "entered_at"])
@pytest.mark.parametrize("time", ["-infinity", "infinity", "0044-03-15 BC"])
def test_a_time_that_nobody_can_read_cannot_stand_in_the_way_of_a_sweep(officer, name, time):
    matter = {"id": report(officer)["id"]}
    with pytest.raises(IntegrityError, match="matters_times_check"), session.begin_nested():
        session.execute(
            text(f"UPDATE matters SET {name} = :time WHERE id = :id"), {"time": time, "id": matter["id"]}
        )


@pytest.mark.parametrize(
    "poison",
    ["due_at = NULL", "version = 2147483647", "rung = 2147483647", "back_to = 'nowhere', stage = 'returned'",
     "stage = 'closed'", "head = ''", "left_s = 'nan'"],
)  # fmt: skip
def test_whatever_is_wrong_with_a_row_the_next_one_climbs(officer, poison):
    bad, good = aged(report(officer), 2 * HOUR), aged(report(officer), 2 * HOUR)
    session.execute(text(f"UPDATE matters SET {poison} WHERE id = :id"), {"id": bad["id"]})
    assert sweep(now()).examined == 2
    assert as_it_stands(good).level == "community"
    assert officer.get(f"{URL}/set-aside").status_code == officer.get(URL).status_code == 200
