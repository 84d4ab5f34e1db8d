"""What a web process tells the process that tries something out, and what that one says in return.

Both stand in one folder: `ORDER` and the file to try go in, `RESULT` and `TABLE` come out.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from app.whatif.proposal import FILE_NAMES, Proposal
from dispatch.whatif.postgres import Choice

ORDER: Final = "order.json"
RESULT: Final = "result.json"
TABLE: Final = "changed.csv"
PACK: Final = "pack"
PACK_FILE: Final = "pack.zip"
LISTED: Final = 500
"""Changed cases of the result; the table has all of them."""


class Order(msgspec.Struct, frozen=True):
    """What to try on which cases. *part* is `PACK`, a name of `FILE_NAMES`, or None.

    *areas* bound the cases that whoever asks may see, None is the whole city.
    """

    part: str | None = None
    grid: int | None = None
    begin: datetime | None = None
    until: datetime | None = None
    areas: list[str] | None = None

    @property
    def file(self) -> str | None:
        """The name under which the file to try lies in the folder."""
        return PACK_FILE if self.part == PACK else FILE_NAMES[self.part] if self.part else None

    def proposal(self, folder: Path) -> Proposal:
        """What is to be tried, its file in *folder*."""
        if self.file is None or self.part is None:
            return Proposal(grid=self.grid)
        file = folder / self.file
        if self.part == PACK:
            return Proposal(pack=file)
        return Proposal(parts={self.part: file}, grid=self.grid)

    def choice(self) -> Choice:
        """The cases."""
        return Choice(self.begin, self.until, self.areas)


def write_order(folder: Path, order: Order, content: bytes) -> None:
    """Put the order and the file to try into the folder."""
    (folder / ORDER).write_bytes(msgspec.json.encode(order))
    if order.file is not None:
        (folder / order.file).write_bytes(content)


def read_order(folder: Path) -> Order:
    """The order in the folder."""
    return msgspec.json.decode((folder / ORDER).read_bytes(), type=Order)
