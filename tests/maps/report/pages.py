"""A document as its browser sees it: what it asks for, what it draws, what it says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Page(HTMLParser):
    """What stands in a page: addresses that would be asked for, scripts, texts by element."""

    html: str
    asked: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    legends: list[list[str]] = field(default_factory=list[list[str]])

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._in_entry = False
        self.feed(self.html)
        self.asked += [
            url
            for style in re.findall(r"<style>(.*?)</style>", self.html, re.DOTALL)
            for url in re.findall(r"url\(([^)]*)\)", style)
            if not url.startswith(("data:", "#"))
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "section":
            self.legends.append([])
        if tag == "li":
            self._in_entry = True
            self.legends[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_entry = self._in_entry and tag != "li"

    def handle_data(self, data: str) -> None:
        if self._in_entry:
            self.legends[-1][-1] += data

    def cells(self, plate: int = 0) -> list[dict[str, Any]]:
        """The features of a plate."""
        found = re.findall(r"return \{cells: (\{.*\}), tell\};", self.html)
        return json.loads(found[plate])["features"]

    def texts(self, plate: int = 0) -> list[list[str]]:
        """What each cell of a plate tells."""
        words = json.loads(re.findall(r"const words = (\[.*\]), fields", self.html)[plate])
        return [[words[n] for n in one["properties"]["w"]] for one in self.cells(plate)]
