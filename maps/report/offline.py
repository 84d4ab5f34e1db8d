"""folium without the internet: a page that holds all it needs and may not ask for anything.

folium names its scripts and styles by addresses of other hosts. They are known here by the name
folium gives them: what is needed comes from the vendored files, what no document of ours needs is
left out, and a name that nobody expected is refused, so that a new plugin or a new release of
folium can bring no request along unseen.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

from branca.element import CssLink, Element, Figure, JavascriptLink
from folium.template import Template

from maps.assets import STATIC
from maps.errors import ForeignAsset, VendoredFilesMissing

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Nothing from anywhere, whatever else the page holds."""

_NEEDED: Final = {"leaflet": "leaflet.js", "leaflet_css": "leaflet.css"}
_USELESS: Final = {
    "jquery",  # popups only
    "bootstrap",
    "bootstrap_css",
    "glyphicons_css",
    "awesome_markers",
    "awesome_markers_css",
    "awesome_markers_font_css",
    "awesome_rotate_css",
}
_URL: Final = re.compile(r"url\((images/[a-z0-9-]+\.png)\)")
_SOURCE_MAP: Final = re.compile(r"\n//# sourceMappingURL=\S+\s*$")


class Verbatim(Element):
    """HTML as it is; any other element takes its text for a template and runs what is in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html

    def render(self, **kwargs: Any) -> str:
        """The HTML."""
        return self.html


class OfflineFigure(Figure):
    """The root of a document: put a `folium.Map` into it and render.

    The same content gives the same bytes: elements are numbered instead of named by chance.
    """

    _template = Template(
        """<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ this.policy }}">
<title>{{ this.escaped_title }}</title>
{{ this.header.render(**kwargs) }}
</head>
<body>
{{ this.html.render(**kwargs) }}
<script>
{{ this.script.render(**kwargs) }}
</script>
</body>
</html>
"""
    )
    policy: Final = CONTENT_SECURITY_POLICY

    def __init__(self, title: str) -> None:
        super().__init__(title=title)
        self.escaped_title = escape(title)

    def render(self, **kwargs: Any) -> str:
        """The whole page. Raises ForeignAsset, VendoredFilesMissing."""
        for number, element in enumerate(self._below(self)):
            element._id = f"{number}"
        for child in self._children.values():
            child.render(**kwargs)
        kept = {name: _offline(name, one) for name, one in self.header._children.items()}
        self.header._children.clear()
        self.header._children.update({name: one for name, one in kept.items() if one})
        return str(self._template.render(this=self, kwargs=kwargs))

    def _below(self, element: Element) -> Iterator[Element]:
        for child in element._children.values():
            yield child
            yield from self._below(child)


def _offline(name: str, element: Element) -> Element | None:
    """The element itself, the vendored file it stands for, or None for what is left out."""
    if not isinstance(element, JavascriptLink | CssLink) or name in _USELESS:
        return None if name in _USELESS or name == "meta_http" else element
    if name not in _NEEDED:
        raise ForeignAsset(name, element.url)
    file = _vendored(_NEEDED[name])
    text = file.read_text(encoding="utf-8")
    made = _script(text) if file.suffix == ".js" else _style(text, file.parent)
    return Verbatim(made)


def _vendored(name: str) -> Path:
    found = sorted((STATIC / "vendor").glob(f"leaflet-*/{name}"))
    if not found:
        raise VendoredFilesMissing(name)
    return found[-1]


def _script(text: str) -> str:
    """A script within a page: no end of it in the middle, no map of its source to ask for."""
    text = _SOURCE_MAP.sub("", text).replace("</script", "<\\/script")
    return f"<script>{text}</script>"


def _style(text: str, folder: Path) -> str:
    """A style sheet with its pictures in it."""

    def inside(found: re.Match[str]) -> str:
        picture = base64.b64encode((folder / found[1]).read_bytes()).decode()
        return f"url(data:image/png;base64,{picture})"

    return f"<style>{_URL.sub(inside, text)}</style>"
