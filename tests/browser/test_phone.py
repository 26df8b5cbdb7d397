"""The phone's page in a real browser, with and without a network."""

import re
from collections.abc import Iterator
from io import BytesIO

import psycopg
import pytest
import segno
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.axe import serious
from tests.browser.phone import (
    OTHER,
    SOON,
    a_picture,
    arrived,
    browser_context_args,
    check_in,
    open_tab,
    patrol,
    report,
    sent,
    sign_in,
    stop,
    waiting,
    walk,
)
from tests.servers import until

__all__ = ["browser_context_args"]

GRID_EDGE = (7, 64, 93)  # as the map draws the edge of a grid
PORTAL = "<html><form>Please accept the terms of this network</form></html>"


def test_a_wrong_password_is_said_so(page, server):
    page.goto(f"{server.base}/phone")
    page.fill("input[name=username]", "batu")
    page.fill("input[name=password]", "another one entirely")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_patrol_without_a_network_arrives_once(phone, context, rows, tmp_path):
    context.set_offline(True)
    patrol(phone)
    walk(context, phone)
    check_in(phone)
    report(phone, a_picture(tmp_path), "二号楼堆物")
    phone.reload()
    check_in(phone, already=1)
    stop(phone)
    matter = open_tab(phone, "事项").locator(".matter", has_text="二号楼堆物")
    expect(matter).to_contain_text("待上传")
    kept = waiting(phone)
    ids = [each["id"] for each in kept]
    kinds = sorted({each["item"]["type"] for each in kept})
    (photo,) = next(each["item"]["photos"] for each in kept if each["item"]["type"] == "matter")
    context.set_offline(False)
    sent(phone)
    expect(matter).to_contain_text("已上报", timeout=SOON)
    found = rows.execute("SELECT count(*) FROM haixi.matters WHERE title = '二号楼堆物'").fetchone()
    shown = rows.execute("SELECT width FROM haixi.photos WHERE sha256 = %s", [photo]).fetchall()
    assert (kinds, arrived(rows, ids), waiting(phone), found, shown) == (
        ["check_in", "matter", "patrol_end", "patrol_start", "track"],
        dict.fromkeys(ids, 1),
        [],
        (1,),
        [(2048,)],
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
    phone.locator(".chip").click()
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


def test_what_a_restored_server_lacks_is_sent_again_once(phone, context, rows):
    context.set_offline(True)
    patrol(phone)
    check_in(phone)
    (lost,) = (each["id"] for each in waiting(phone) if each["item"]["type"] == "check_in")
    context.set_offline(False)
    sent(phone)
    with rows.transaction():  # as in a copy that was made before it came
        for table in ("check_ins", "upload_items"):
            rows.execute(f"DELETE FROM haixi.{table} WHERE id = %s", [lost])
        rows.execute("UPDATE haixi.server_epoch SET epoch = epoch + 1")
        rows.execute("DELETE FROM haixi.outbox")
    until(lambda: phone.wait_for_timeout(100) or arrived(rows, [lost]))
    again = rows.execute("SELECT count(*) FROM haixi.check_ins WHERE id = %s", [lost]).fetchone()
    assert (arrived(rows, [lost]), again) == ({lost: 1}, (1,))


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
    for tab in ("事项", "通知", "巡逻"):
        open_tab(phone, tab)
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
