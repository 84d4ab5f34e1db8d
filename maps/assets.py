"""The files of the page, read once when a process starts, and the headers they travel with."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, nothing inline, nobody's frame."""

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-cache",
}

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Asset:
    """One file: its bytes and media type."""

    content: bytes
    media_type: str

    @cached_property
    def packed(self) -> bytes:
        """The bytes gzipped, at the first use."""
        return gzip.compress(self.content, compresslevel=9, mtime=0)

    @cached_property
    def etag(self) -> str:
        """A strong entity tag of the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'


class Assets:
    """All files below a folder by their path, and the *build*, a hash over all of them.

    The build stands in every address, so that a file may be kept for ever and a new version of the
    page never meets an old module.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)
        self._files = {
            path.relative_to(folder).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
            for path in paths
        }
        seal = hashlib.sha256()
        for name, asset in self._files.items():
            seal.update(f"{name} {asset.etag}\n".encode())
        self.build: Final = seal.hexdigest()[:12]

    def find(self, name: str) -> Asset | None:
        """The file of this path below the folder, None when there is none."""
        return self._files.get(name)

    def page(self, name: str, **told: str) -> bytes:
        """A page with the build and *told* in its places; raises KeyError when there is none."""
        content = self._files[name].content
        for place, text in {"build": self.build, **told}.items():
            content = content.replace(b"{%s}" % place.encode(), text.encode())
        return content
