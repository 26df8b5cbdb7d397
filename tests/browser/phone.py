"""A phone's page in a real browser: its people, and what they do with it."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from service.alarms.models import AlarmPin
from service.db import session
from service.members.actions import passwords
from service.members.models import Member
from tests.factories import a_member, a_team, some_duty
from tests.servers import PASSWORD, Server, inside, until

PLACE = {"longitude": 97.3712, "latitude": 37.3712, "accuracy": 6}
SOON = 30_000  # ms
OTHER, LEADER = "oyun", "suhe"
PIN = "2749"


@pytest.fixture(scope="session")
def duty(app, live_url, server) -> dict[str, UUID]:
    """A team with a shift, a spot check and a notice; another of it can use the same phone."""
    account = {"password_hash": passwords.hash(PASSWORD)}
    with inside(app, live_url):
        batu = session.query(Member).filter_by(username="batu").one()
        other = a_member(username=OTHER, name="乌云", **account)
        leader = a_member("leader", username=LEADER, name="苏和", **account)
        session.add(AlarmPin(member_id=batu.id, pin_hash=passwords.hash(PIN)))
        made = some_duty(a_team(batu, other, leader=leader), other, leader, "今晚大风")
        return {name: row.id for name, row in made.items()} | {"member": batu.id, "other": other.id}


@pytest.fixture(scope="session")
def browser_context_args():
    return {
        "locale": "zh-CN",
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
        "geolocation": PLACE,
        "permissions": ["geolocation"],
    }


@pytest.fixture
def asked(context: BrowserContext) -> list[str]:
    """Every address that the page, or its service worker, asks."""
    addresses: list[str] = []
    context.on("request", lambda request: addresses.append(request.url))
    return addresses


@pytest.fixture
def rows(live_url) -> Iterator[psycopg.Connection]:
    with psycopg.connect(live_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture
def phone(page: Page, server: Server, duty, asked) -> Page:
    """The page, signed in, its words of consent answered, and ready to open without a network."""
    page.goto(f"{server.base}/phone")
    sign_in(page, "batu")
    expect(page.locator(".shift").first).to_be_visible(timeout=SOON)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    expect(page.get_by_text("开始巡逻", exact=True)).to_be_visible(timeout=SOON)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


def sign_in(page: Page, username: str) -> None:
    """Sign in, and agree to tracks if asked."""
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    agree = page.get_by_role("button", name="我同意")
    start = page.get_by_role("button", name="开始巡逻")
    expect(agree.or_(start)).to_be_visible(timeout=SOON)
    if agree.is_visible():
        agree.click()
        expect(agree).to_be_hidden(timeout=SOON)
        page.get_by_role("button", name="巡逻", exact=True).click()
    expect(start).to_be_visible(timeout=SOON)


def patrol(page: Page) -> None:
    page.get_by_role("button", name="开始巡逻").click()


def check_in(page: Page, already: int = 0) -> None:
    page.get_by_role("button", name="打卡", exact=True).click()
    expect(page.locator(".figures .count")).to_have_text(str(already + 1), timeout=SOON)


def stop(page: Page) -> None:
    page.get_by_role("button", name="结束巡逻").click()
    page.locator(".van-dialog__confirm").click()
    expect(page.get_by_role("button", name="开始巡逻")).to_be_visible()


def open_tab(page: Page, name: str) -> Page:
    page.get_by_role("button", name=name, exact=True).click()
    return page


def press(page: Page) -> None:
    """Put a finger on the button that calls for help."""
    box = page.get_by_role("button", name="按住 2 秒求助").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def report(page: Page, photo: Path, title: str) -> None:
    """Report a matter with a photo, and go back to the patrol."""
    open_tab(page, "事项")
    page.get_by_role("button", name="上报事项").click()
    page.get_by_role("button", name="消防隐患").click()
    page.set_input_files("input[name=photo]", photo)
    page.fill("input[name=title]", title)
    page.get_by_role("button", name="保存上报").click()
    expect(page.locator(".matter.unsent")).to_contain_text(title, timeout=SOON)
    open_tab(page, "巡逻")


def walk(context: BrowserContext, page: Page, steps: int = 3) -> None:
    """Move, slowly enough that each place is kept."""
    for step in range(1, steps + 1):
        before = unsent_points(page)
        until(partial(_moves, context, page, step, before))


def _moves(context: BrowserContext, page: Page, step: int, before: int) -> bool:
    context.set_geolocation(PLACE | {"longitude": PLACE["longitude"] + step * 0.0003})
    page.wait_for_timeout(200)
    return unsent_points(page) > before


def waiting(page: Page) -> list[dict]:
    """Every item in the phone's own database, whoever it belongs to."""
    return _stored(page, "items")


def unsent_points(page: Page) -> int:
    tracks = [len(each["item"]["points"]) for each in waiting(page) if each["item"]["type"] == "track"]
    return len(_stored(page, "points")) + sum(tracks)


def _stored(page: Page, table: str) -> list[dict]:
    return json.loads(
        page.evaluate(
            """(table) => new Promise((done, fail) => {
                const opening = indexedDB.open('gridpatrol.outbox')
                opening.onerror = fail
                opening.onsuccess = () => {
                    const all = opening.result.transaction(table).objectStore(table).getAll()
                    all.onsuccess = () => { opening.result.close(); done(JSON.stringify(all.result)) }
                }
            })""",
            table,
        )
    )


def sent(page: Page) -> None:
    """Wait until the server has everything of whoever is signed in."""
    expect(page.get_by_role("button", name="已全部上传")).to_be_visible(timeout=SOON)


def arrived(rows: psycopg.Connection, ids: list[str]) -> dict[str, int]:
    found = rows.execute(
        "SELECT id::text, count(*) FROM haixi.upload_items WHERE id = ANY(%s) GROUP BY id",
        [[UUID(each) for each in ids]],
    )
    return dict(found.fetchall())


def a_picture(path: Path) -> Path:
    """A photo as large as a phone takes them, so that it must be made smaller."""
    picture = path / "photo.jpg"
    Image.effect_noise((2600, 1900), 60).convert("RGB").save(picture, quality=92)
    return picture
