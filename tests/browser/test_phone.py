"""The phone's page in a real browser, with and without a network."""

import json
import re
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import segno
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from service.members.actions import passwords
from tests.factories import a_member
from tests.servers import PASSWORD, Server, inside, until

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PLACE = {"longitude": 97.3712, "latitude": 37.3712, "accuracy": 6}
SOON = 30_000  # ms
GRID_EDGE = (7, 64, 93)  # as the map draws the edge of a grid
OTHER = "oyun"
PORTAL = "<html><form>Please accept the terms of this network</form></html>"


@pytest.fixture(scope="session")
def people(app, live_url, server) -> None:
    """A second member who can use the same phone."""
    with inside(app, live_url):
        a_member(username=OTHER, password_hash=passwords.hash(PASSWORD))


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
def phone(page: Page, server: Server, people, asked) -> Page:
    """The page, signed in, its words of consent answered, and ready to open without a network."""
    page.goto(f"{server.base}/phone")
    sign_in(page, "batu")
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


def test_a_wrong_password_is_said_so(page, server):
    page.goto(f"{server.base}/phone")
    page.fill("input[name=username]", "batu")
    page.fill("input[name=password]", "another one entirely")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_patrol_without_a_network_arrives_once(phone, context, rows):
    context.set_offline(True)
    patrol(phone)
    walk(context, phone)
    check_in(phone)
    phone.reload()
    check_in(phone, already=1)
    stop(phone)
    kept = waiting(phone)
    ids = [each["id"] for each in kept]
    kinds = sorted({each["item"]["type"] for each in kept})
    context.set_offline(False)
    sent(phone)
    assert (kinds, arrived(rows, ids), waiting(phone)) == (
        ["check_in", "patrol_end", "patrol_start", "track"],
        dict.fromkeys(ids, 1),
        [],
    )


def test_whoever_comes_next_leaves_the_queue_alone(phone, context, rows):
    context.set_offline(True)
    patrol(phone)
    check_in(phone)
    stop(phone)
    phone.get_by_role("button", name="我的", exact=True).click()
    phone.get_by_role("button", name="退出登录").click()
    phone.locator(".van-dialog__confirm").click()
    expect(phone.locator("input[name=username]")).to_be_visible(timeout=SOON)
    ids = [each["id"] for each in waiting(phone)]  # by now the last positions have become a track
    context.set_offline(False)
    sign_in(phone, OTHER)
    sent(phone)
    phone.get_by_role("button", name=re.compile("待发")).click()
    expect(phone.locator(".others")).to_contain_text(str(len(ids)))
    assert (arrived(rows, ids), [each["id"] for each in waiting(phone)]) == ({}, ids)
    phone.get_by_role("button", name="我的", exact=True).click()
    phone.get_by_role("button", name="退出登录").click()
    sign_in(phone, "batu")
    until(lambda: phone.wait_for_timeout(100) or waiting(phone) == [])
    assert arrived(rows, ids) == dict.fromkeys(ids, 1)


def test_a_hotspots_sign_in_page_erases_nothing(phone, rows):
    phone.context.route(
        "**/api/v1/uploads*", lambda route: route.fulfill(status=200, content_type="text/html", body=PORTAL)
    )
    patrol(phone)
    check_in(phone)
    phone.get_by_role("button", name=re.compile("条待发")).click()
    expect(phone.locator(".why")).to_contain_text("网页认证", timeout=SOON)
    ids = [each["id"] for each in waiting(phone)]
    phone.context.unroute("**/api/v1/uploads*")
    phone.get_by_role("button", name="现在上传").click()
    sent(phone)
    assert (len(ids) >= 2, arrived(rows, ids)) == (True, dict.fromkeys(ids, 1))


def test_a_photo_goes_with_its_check_in(phone, context, rows, tmp_path):
    picture = tmp_path / "gate.jpg"
    Image.effect_noise((900, 700), 80).convert("RGB").save(picture, quality=95)
    context.set_offline(True)
    patrol(phone)
    phone.get_by_role("button", name="拍照打卡").click()
    phone.set_input_files("input[name=photo]", picture)
    phone.fill("textarea[name=note]", "东门锁坏了")
    phone.get_by_role("button", name="保存打卡").click()
    expect(phone.locator(".figures .count")).to_have_text("1", timeout=SOON)
    (item,) = (each["item"] for each in waiting(phone) if each["item"]["type"] == "check_in")
    context.set_offline(False)
    sent(phone)
    known = rows.execute("SELECT count(*) FROM haixi.photos WHERE sha256 = %s", item["photos"]).fetchone()
    assert (item["note"], known) == ("东门锁坏了", (1,))


@pytest.fixture
def consents(rows: psycopg.Connection) -> Iterator[None]:
    """As they were before, since other tests need one that is old enough."""
    rows.execute("CREATE TEMP TABLE before AS SELECT * FROM haixi.consents")
    yield
    rows.execute("DELETE FROM haixi.consents")
    rows.execute("INSERT INTO haixi.consents SELECT * FROM before")


def test_the_consent_is_withdrawn_and_given(phone, server, consents):
    for word, told in (("撤回同意", "未同意。只保存打卡"), ("我同意", "已同意记录巡逻轨迹")):
        phone.get_by_role("button", name="我的", exact=True).click()
        phone.get_by_role("button", name=re.compile("轨迹同意书")).click()
        phone.get_by_role("button", name=word).click()
        expect(phone.get_by_role("button", name=re.compile("轨迹同意书"))).to_contain_text(told)


def test_another_app_gets_a_code_of_its_own(phone):
    phone.get_by_role("button", name="我的", exact=True).click()
    phone.get_by_role("button", name="锁屏也能记录的应用").click()
    phone.get_by_role("button", name="OwnTracks").click()
    expect(phone.get_by_role("img", name="OwnTracks")).to_be_visible()


def test_the_map_of_ones_grids_is_there_without_a_network(phone, context):
    phone.get_by_role("button", name="地图", exact=True).click()
    expect(phone.locator(".about")).to_contain_text("2 个网格", timeout=SOON)
    context.set_offline(True)
    phone.reload()
    phone.get_by_role("button", name="地图", exact=True).click()
    expect(phone.locator(".about")).to_contain_text("2 个网格", timeout=SOON)
    until(lambda: GRID_EDGE in colours(phone))


def test_a_code_that_is_no_checkpoints_is_not_kept(phone, tmp_path):
    picture = tmp_path / "code.png"
    segno.make("https://example.invalid/").save(picture, scale=8)
    patrol(phone)
    phone.get_by_role("button", name="扫码打卡").click()
    phone.set_input_files("input[name=code_picture]", picture)
    expect(phone.get_by_text("不是巡查点的二维码")).to_be_visible()


def test_a_checkpoints_code_is_a_check_in_with_proof(phone, context, tmp_path):
    picture = tmp_path / "code.png"
    proof = "GP0.ABCDEFGH.ABCDEFGHIJKLMNOP"
    segno.make(proof).save(picture, scale=8)
    context.set_offline(True)
    patrol(phone)
    phone.get_by_role("button", name="扫码打卡").click()
    phone.set_input_files("input[name=code_picture]", picture)
    expect(phone.locator(".figures .count")).to_have_text("1", timeout=SOON)
    (item,) = (each["item"] for each in waiting(phone) if each["item"]["type"] == "check_in")
    assert (item["method"], item["proof"]) == ("qr", proof)


def test_nothing_is_asked_of_anybody_else(phone, asked, server):
    phone.get_by_role("button", name="地图", exact=True).click()
    expect(phone.locator(".about")).to_contain_text("2 个网格", timeout=SOON)
    foreign = [url for url in asked if not url.startswith((server.base, "data:", "blob:"))]
    assert (foreign, len(asked) > 5) == ([], True)


def test_the_page_runs_nothing_that_stands_in_it(page, server):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    answer = page.goto(f"{server.base}/phone")
    expect(page.locator("input[name=username]")).to_be_visible()
    policy = answer.headers["content-security-policy"]
    broken = [text for text in said if "Content Security Policy" in text]
    assert ("unsafe" in policy, "script-src 'self'" in policy, broken) == (False, True, [])


@pytest.mark.parametrize("tab", ["巡逻", "地图", "待发", "我的"])
def test_everybody_can_use_it(phone, tab):
    phone.get_by_role("button", name=tab, exact=True).click()
    assert serious(phone) == []


def test_everybody_can_sign_in(page, server):
    page.goto(f"{server.base}/phone")
    expect(page.locator("input[name=username]")).to_be_visible()
    assert serious(page) == []


def test_everybody_can_patrol(phone, context):
    context.set_offline(True)
    patrol(phone)
    check_in(phone)
    expect(phone.locator(".van-toast")).to_be_hidden(timeout=SOON)
    assert serious(phone) == []


def test_nothing_is_wider_than_the_phone(phone):
    patrol(phone)
    widths = phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


def colours(page: Page) -> set[tuple[int, ...]]:
    """Every colour on the screen."""
    shown = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return {colour for _, colour in shown.getcolors(shown.width * shown.height)}


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page; its source comes past the page's own policy."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html']} {each['nodes'][0].get('failureSummary')}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
