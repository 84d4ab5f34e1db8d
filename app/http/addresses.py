"""Where these doors stand, as those outside type it: links in answers are absolute."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request


def base_of(request: Request) -> str:
    """The address of the application without a slash at its end: as set, else as it was asked."""
    public_url = cast("str | None", request.app.state.settings.public_url)
    return (public_url or str(request.base_url)).rstrip("/")
