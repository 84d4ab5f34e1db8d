"""What a caller is told when something is wrong: problem details (RFC 9457), in two languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from grid.naming import Label

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where, what, and what to do about it."""

    field: str
    problem: str
    remedy: str


class Problem(Exception):
    """A request that is answered with an error; *status* is its HTTP status.

    4xx will never succeed as sent. 503 and 429 may later, after *retry_after_s*. *told* is the
    detail in both languages, where a person reads it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *faults: Fault,
        retry_after_s: int | None = None,
        told: Label | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.faults = status, detail, faults
        self.retry_after_s, self.told = retry_after_s, told

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that go with the answer."""
        if self.retry_after_s is None:
            return {}
        return {"retry-after": str(self.retry_after_s)}


_TITLES: Final[Mapping[int, Label]] = {
    400: Label("请求有误", "Bad request"),
    401: Label("请先登录或出示密钥", "Log in or show a key"),
    403: Label("无权进行此操作", "Not allowed"),
    404: Label("没有找到", "Not found"),
    405: Label("不支持此方法", "Method not allowed"),
    406: Label("没有此格式", "No such format"),
    409: Label("与已有内容冲突", "Conflicts with what is there"),
    411: Label("缺少长度", "Length required"),
    412: Label("内容已被他人更新", "Changed by somebody else"),
    413: Label("内容过大", "Too large"),
    415: Label("不支持此内容类型", "Unsupported content type"),
    422: Label("内容不合要求", "The content cannot be accepted"),
    429: Label("请求过于频繁", "Too many requests"),
    431: Label("请求头过大", "Headers too large"),
    500: Label("系统内部错误", "Something broke here"),
    503: Label("暂时无法受理,请稍后重试", "Cannot be accepted right now, try again"),
}


def title(status: int) -> Label:
    """What the status means to a person."""
    return _TITLES.get(status) or _TITLES[500 if status >= 500 else 400]


def details(
    status: int, detail: str, faults: Sequence[Fault] = (), told: Label | None = None
) -> dict[str, object]:
    """The body of a problem answer; `title` is English, `titles` holds both languages.

    So does `details` of `detail`, where there is a text in both.
    """
    label = title(status)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": label.en,
        "titles": label.as_dict(),
        "status": status,
        "detail": detail,
    }
    if told is not None:
        body["details"] = told.as_dict()
    if faults:
        body["errors"] = [asdict(fault) for fault in faults]
    return body
