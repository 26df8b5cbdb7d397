"""Matters for a spreadsheet or on paper. What people wrote is never a formula and never markup."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

from service import papers
from service.matters.clocks import ZONE
from service.teams import sheets

MOST_ROWS = 20_000
COLUMNS = {
    "id": "编号", "class_name": "类别", "title": "标题", "text": "内容", "area": "社区", "grid": "网格",
    "level": "层级", "stage": "环节", "recorded_at": "发现时间", "received_at": "上报时间",
    "due_at": "办理期限", "is_late": "是否超期", "outcome": "办理结果", "closed_at": "结案时间",
    "lon": "经度", "lat": "纬度", "source": "来源", "external_id": "来源编号",
}  # fmt: skip
LEVELS = {
    "grid": "网格", "community": "社区", "township": "乡镇街道",
    "county": "县市", "prefecture": "州",
}  # fmt: skip
STAGES = {
    "reported": "已上报", "filed": "已立案", "dispatched": "已派遣", "accepted": "已接单",
    "handled": "已处理",
    "fed_back": "已反馈", "verified": "已核查", "closed": "已结案", "evaluated": "已评价",
    "returned": "退回裁定", "suspended": "挂账", "merged": "已并案",
}  # fmt: skip
STEPS = {
    "report": "信息采集", "file": "案卷建立", "dispatch": "任务派遣", "accept": "接单", "handle": "任务处理",
    "feed_back": "处理反馈", "verify": "核查", "close": "结案", "evaluate": "综合评价", "return": "退回",
    "uphold": "裁定成立", "overrule": "裁定不成立", "suspend": "挂账", "resume": "恢复办理",
    "escalate": "升级", "remind": "提醒", "urge": "催办", "supervise": "督办", "add_party": "增加协同单位",
    "party_done": "协同办结", "merge": "并案", "reopen": "重新办理", "note": "备注",
}  # fmt: skip
REASONS = {
    "not_ours": "不属本级", "wrong_place": "地点有误", "wrong_class": "类别有误",
    "needs_higher": "需上级处理", "incomplete": "信息不全", "unfounded": "不属实", "not_solved": "未解决",
    "weather": "天气", "season": "季节", "law": "法律程序", "money": "资金", "third_party": "第三方",
    "person_away": "当事人外出", "resolved": "已解决", "mediated": "已调解", "transferred": "已移交",
    "satisfied": "满意", "acceptable": "基本满意", "unsatisfied": "不满意", "happened_again": "再次发生",
    "closed_by_mistake": "误结案",
}  # fmt: skip
FACTS = {"people": "涉及人数", "amount_yuan": "涉及金额（元）"}  # others under their own names
_TEMPLATE = Path(__file__).parent / "data" / "matter.typ"


def defused(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return local(value)
    return value if value is None or isinstance(value, bool | int | float) else sheets.defused(str(value))


def local(time: datetime) -> str:
    """A time as people in Qinghai read it."""
    return time.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def _lines(rows: Iterable[dict[str, Any]]) -> Iterable[list[Any]]:
    yield list(COLUMNS.values())
    for row in rows:
        yield [defused(row[name]) for name in COLUMNS]


def as_csv(rows: Iterable[dict[str, Any]]) -> bytes:
    """A table in UTF-8 with a byte order mark, which spreadsheets need to see that it is UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows(_lines(rows))
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Iterable[dict[str, Any]]) -> bytes:
    """A workbook of one sheet."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("事项")
    for line in _lines(rows):
        sheet.append([sheets.printable(value) if isinstance(value, str) else value for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_pdf(
    matter: dict[str, Any], class_name: str, steps: Sequence[dict[str, Any]], faults: list[str]
) -> bytes:
    """The whole file of one matter on A4 pages."""
    about = [
        ("编号", matter["id"]), ("类别", class_name), ("层级", LEVELS[matter["level"]]),
        ("环节", STAGES[matter["stage"]]), ("区域", matter["grid"] or matter["area"]),
        ("发现时间", local(matter["recorded_at"])), ("上报时间", local(matter["received_at"])),
        ("位置", f"{matter['lon']:.6f}, {matter['lat']:.6f}" if matter["lon"] is not None else None),
        ("办理期限", local(matter["due_at"]) if matter["due_at"] else None),
        ("复核日期", local(matter["review_at"]) if matter["review_at"] else None),
        *((FACTS.get(name, name), value) for name, value in matter["facts"].items()),
        ("协同单位", "、".join(_party(each, matter["parties_done"]) for each in matter["parties"])),
        ("办理结果", REASONS.get(matter["outcome"] or "")),
        ("结案时间", local(matter["closed_at"]) if matter["closed_at"] else None),
        ("来源", " ".join(filter(None, (matter["source"], matter["external_id"])))),
    ]  # fmt: skip
    lines = [
        {
            "version": str(each["version"]),
            "step": STEPS[each["step"]],
            "stage": f"{STAGES[each['stage']]} · {LEVELS[each['level']]}",
            "at": local(each["at"]),
            "who": each["role"]
            if each["actor_id"] is None
            else f"{each['role']} {str(each['actor_id'])[-6:]}",
            "said": "\n".join(_said(each)),
            "digest": each["digest"][:16],
        }
        for each in steps
    ]
    told = {
        "title": matter["title"],
        "text": matter["text"] or "",
        "about": [[name, str(value)] for name, value in about if value not in (None, "")],
        "steps": lines,
        "photos": matter["photos"],
        "chain": "完整 · verified" if not faults else "不完整 · broken: " + "; ".join(faults),
        "head": steps[-1]["digest"] if steps else "",
    }
    return papers.pdf(_TEMPLATE, told)


def _party(party: str, done: Sequence[str]) -> str:
    return f"{party}（已办结）" if party in done else party


def _said(step: dict[str, Any]) -> Iterable[str]:
    """What was said with a step: reason, party, review, how many photos, note."""
    told = step["details"]
    if reason := step["reason"]:
        yield REASONS[reason]
    if party := told.get("party"):
        yield party
    if review := told.get("review_at"):
        yield f"复核 {local(datetime.fromisoformat(review))}"
    if step["photos"]:
        yield f"照片 {len(step['photos'])} 张"
    if step["note"]:
        yield step["note"]
