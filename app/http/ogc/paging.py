"""Where a page ended: the key of its last feature, and the releases that the walk began with.

A page begins after a key and not after a number of rows: what is added or taken away meanwhile
neither hides a feature nor shows one twice.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Self

import msgspec
from msgspec import Meta

from app.http.texts import BadText, clean


class BadCursor(Exception):
    """A text is not a cursor of ours."""


class Cursor(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The next page begins after the key *after*. *releases* are empty but for the grid."""

    after: Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=0, le=2**63 - 1)]
    releases: tuple[Annotated[int, Meta(ge=1, le=2**31 - 1)], ...] = ()

    @classmethod
    def read(cls, text: str, key_kind: type[str] | type[int]) -> Self:
        """The cursor of a `next` link; BadCursor when it is none, or of another collection."""
        try:
            decoded = base64.b64decode(text.encode("ascii"), b"-_", validate=True)
            cursor = msgspec.json.decode(decoded, type=cls)
            if isinstance(cursor.after, str):
                clean("cursor", cursor.after, longest=64)
        except (UnicodeError, binascii.Error, msgspec.DecodeError, BadText) as err:
            raise BadCursor from err
        if not isinstance(cursor.after, key_kind):
            raise BadCursor
        return cursor

    def write(self) -> str:
        """The form in which it stands in a link."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode("ascii")
