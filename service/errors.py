"""What can go wrong, in the product's words (RFC 9457)."""

import re
from typing import Any, ClassVar


class Problem(Exception):
    """Something the caller must be told; the edge turns it into a problem document.

    `constraint` names the database constraint that the problem explains.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    title_zh: ClassVar[str] = "服务器出错"
    constraint: ClassVar[str | None] = None
    explains: ClassVar[dict[str, type["Problem"]]] = {}

    def __init__(self, detail: str | None = None, *, errors: Any = None, retry_after: int | None = None):
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.constraint:
            Problem.explains[cls.constraint] = cls

    @classmethod
    def name(cls) -> str:
        """The last part of the problem's `type`, such as `not-found`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def document(self) -> dict[str, Any]:
        """The members of the problem document that do not depend on the request."""
        body = {"type": f"/problems/{self.name()}", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class Unreadable(Problem):
    status, title, title_zh = 400, "The request cannot be read", "请求无法读取"


class SignInNeeded(Problem):
    status, title, title_zh = 401, "Please sign in", "请先登录"


class Forbidden(Problem):
    status, title, title_zh = 403, "Your role does not allow this", "您的角色无此权限"


class NotFound(Problem):
    status, title, title_zh = 404, "There is nothing here that you may see", "没有找到可供您查看的内容"


class Conflict(Problem):
    status, title, title_zh = 409, "This does not fit what is already there", "与现有数据冲突"


class TooLarge(Problem):
    status, title, title_zh = 413, "The request is too large", "请求过大"


class WrongMediaType(Problem):
    status, title, title_zh = 415, "This media type is not understood here", "不支持的内容类型"


class Invalid(Problem):
    status, title, title_zh = 422, "Some values cannot be accepted", "部分内容不符合要求"


class TooManyTries(Problem):
    status, title, title_zh = 429, "Too many tries, please wait", "尝试过于频繁，请稍后再试"


class Unavailable(Problem):
    status, title, title_zh = 503, "Not available just now, please try again", "服务暂不可用，请稍后重试"


def explain(constraint: str | None) -> Problem | None:
    """The problem that a broken constraint stands for, if one names it.

    A shard adds its number to the constraint's name; the number is ignored.
    """
    if constraint is None:
        return None
    kind = Problem.explains.get(constraint) or Problem.explains.get(re.sub(r"_\d+$", "", constraint))
    return kind() if kind else None
