"""What a phone is told and what its member answers, in a real browser."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import serious
from tests.browser.phone import (
    LEADER,
    PIN,
    SOON,
    browser_context_args,
    open_tab,
    press,
    sent,
    sign_in,
    waiting,
)
from tests.servers import until

__all__ = ["browser_context_args"]

TONES = """window.tones = []
const start = OscillatorNode.prototype.start
OscillatorNode.prototype.start = function (...at) {
    tones.push(this.context.state)
    return start.apply(this, at)
}"""


def test_everybody_can_use_every_view(phone):
    found = {}
    for tab in ("巡逻", "地图", "事项", "通知", "我的"):
        found[tab] = serious(open_tab(phone, tab))
    for button, view in (("警铃密码", ".sheet"), ("关闭", ".doors"), ("待发", ".back")):
        phone.get_by_role("button", name=re.compile(f"^{button}")).last.click()
        phone.locator(view).wait_for()
        found[button] = serious(phone)
    open_tab(phone, "事项").get_by_role("button", name="上报事项").click()
    phone.get_by_role("button", name="农民工欠薪").wait_for()
    found["kinds"] = serious(phone)
    phone.get_by_role("button", name="农民工欠薪").click()
    phone.fill("input[name=people]", "12")
    found["report"] = serious(phone)
    assert {view: flaws for view, flaws in found.items() if flaws} == {}


def test_what_is_answered_without_a_network_is_heard_once(phone, context, duty, rows):
    context.set_offline(True)
    phone.get_by_role("button", name="我在岗").click()
    phone.get_by_role("button", name="接受", exact=True).first.click()
    notice = open_tab(phone, "通知").locator(".notice", has_text="今晚大风")
    notice.get_by_role("button").click()
    expect(notice).not_to_contain_text("未读")
    phone.reload()
    expect(phone.locator(".shift").first).to_contain_text("联网后送出", timeout=SOON)
    before = heard(rows, duty)
    context.set_offline(False)
    expect(phone.locator(".shift").first).not_to_contain_text("联网后送出", timeout=SOON)
    expect(phone.locator(".shift .tag").first).to_have_text("已接受")
    assert (before, heard(rows, duty)) == ([0, 0, 0], [1, 1, 1])


def heard(rows, duty: dict[str, UUID]) -> list[int]:
    """How often the server has heard of the shift, the spot check and the notice."""
    tables = (("shift_members", "shift"), ("spot_answers", "spot_check"), ("notice_reads", "notice"))
    return [
        rows.execute(
            f"SELECT count(*) FROM haixi.{table} WHERE {name}_id = %s AND member_id = %s",
            [duty[name], duty["member"]],
        ).fetchone()[0]
        for table, name in tables
    ]


@pytest.fixture
def placed(rows, duty) -> None:
    """The phone's member has a place in the shift, and nothing was said of it yet."""
    about = {"shift": duty["shift"], "member": duty["member"]}
    mine = "shift_id = %(shift)s AND member_id = %(member)s"
    rows.execute(f"DELETE FROM haixi.shift_members WHERE {mine}", about)
    rows.execute(
        "INSERT INTO haixi.shift_members (shift_id, member_id, during, state)"
        " SELECT id, %(member)s, tstzrange(starts_at, ends_at), 'asked' FROM haixi.shifts"
        " WHERE id = %(shift)s",
        about,
    )
    yield
    rows.execute(f"DELETE FROM haixi.shift_members WHERE {mine}", about)
    rows.execute("DELETE FROM haixi.shift_swaps WHERE from_member = %(member)s", about)
    rows.execute("UPDATE haixi.shifts SET late_minutes = NULL WHERE id = %(shift)s", about)
    rows.execute(
        "UPDATE haixi.shift_swaps SET state = 'asked', decided_at = NULL WHERE id = %s", [duty["swap"]]
    )


def test_a_swap_is_asked_for_and_late_is_said_without_a_network(placed, phone, context, duty, rows):
    shift = phone.locator(".shift").first
    shift.get_by_role("button", name="换班").click()
    sheet = phone.locator(".van-popup")
    sheet.get_by_role("button", name="乌云").click()
    flaws = serious(phone)
    context.set_offline(True)
    phone.get_by_role("button", name="提交换班申请").click()
    shift.get_by_role("button", name="晚到").click()
    sheet.get_by_role("button", name="20 分钟").click()
    expect(shift).to_contain_text("已报晚到 20 分钟")
    swap = phone.locator(".swap", has_text="请 乌云 代班")
    expect(swap).to_contain_text("联网后送出")
    flaws += serious(phone)
    context.set_offline(False)
    expect(swap).not_to_contain_text("联网后送出", timeout=SOON)
    told = rows.execute(
        "SELECT late_minutes, shift_swaps.state, to_member::text FROM haixi.shifts JOIN haixi.shift_swaps"
        " ON shift_id = shifts.id WHERE shifts.id = %s AND from_member = %s",
        [duty["shift"], duty["member"]],
    ).fetchall()
    assert (told, flaws) == ([(20, "asked", str(duty["other"]))], [])


def test_a_leader_decides_over_a_swap(placed, colleague, duty, rows):
    swap = colleague.locator(".swap", has_text="乌云 请您代班")
    swap.get_by_role("button", name="不批准").click(timeout=SOON)
    expect(swap).to_contain_text("未批准")
    state = "SELECT state FROM haixi.shift_swaps WHERE id = %s"
    until(
        lambda: (
            colleague.wait_for_timeout(100) or rows.execute(state, [duty["swap"]]).fetchone() == ("refused",)
        )
    )
    assert serious(colleague) == []


def test_a_short_press_calls_nobody(phone, context):
    context.set_offline(True)
    press(phone)
    phone.mouse.up()
    expect(phone.get_by_text("按住 2 秒求助", exact=True)).to_be_visible()
    assert waiting(phone) == []


@pytest.fixture
def colleague(browser, server, duty, browser_context_args) -> Page:
    """The leader's own phone."""
    context: BrowserContext = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.add_init_script(TONES)
    page.goto(f"{server.base}/phone")
    sign_in(page, LEADER)
    yield page
    context.close()


def calls(rows, duty) -> set[tuple[str, str]]:
    """The calls for help of the phone's member, and what became of them."""
    found = "SELECT id::text, status FROM haixi.alarms WHERE member_id = %s"
    return set(rows.execute(found, [duty["member"]]).fetchall())


def test_a_call_for_help_reaches_a_colleague_once(phone, context, duty, rows, colleague):
    former = calls(rows, duty)
    context.set_offline(True)
    press(phone)
    expect(phone.locator(".state")).to_contain_text("还没有送到", timeout=SOON)
    phone.mouse.up()
    flaws = serious(phone)
    (item,) = (each["item"] for each in waiting(phone))
    phone.reload()
    context.set_offline(False)
    phone.get_by_role("button", name=re.compile("正在求助.*查看")).click()
    expect(phone.locator(".state")).to_contain_text("等待应答", timeout=SOON)
    colleague.evaluate("dispatchEvent(new Event('online'))")  # asks, however late events may come
    colleague.get_by_role("button", name=re.compile("有人求助")).click(timeout=SOON)
    tones = colleague.evaluate("tones")
    colleague.get_by_role("button", name="我去支援").click()
    expect(colleague.get_by_role("button", name="我已到达")).to_be_visible(timeout=SOON)
    expect(phone.locator(".state")).to_contain_text("正在赶来", timeout=SOON)
    flaws += serious(phone) + serious(colleague)
    phone.fill("input[name=pin]", PIN)
    phone.get_by_role("button", name="误报").click()
    expect(phone.locator(".state")).to_contain_text("误报", timeout=SOON)
    phone.locator(".sheet").get_by_role("button", name="关闭").click()
    sent(phone)
    raised = calls(rows, duty) - former
    assert (raised, flaws, item["type"]) == ({(item["id"], "false_alarm")}, [], "alarm")
    assert tones == ["running"] * 6
    until(lambda: waiting(phone) == [])
