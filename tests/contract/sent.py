"""What a test sends, and waiting until all of it has had its effect."""

from __future__ import annotations

from tests.contract.ledger import Ledger
from tests.contract.waiting import until

Pairs = list[tuple[bytes, bytes]]


def reports(first: int, count: int) -> Pairs:
    """So many messages of forty cells, numbered from *first* on."""
    return [(b"cell-%d" % (n % 40), b"report-%d" % n) for n in range(first, first + count)]


def keys(sent: Pairs) -> set[str]:
    """The business keys under which the ledger knows them."""
    return {value.decode() for _, value in sent}


async def all_done(ledger: Ledger, sent: Pairs) -> None:
    """Until the effects are those of *sent* and no others."""
    wanted = keys(sent)

    async def done() -> bool:
        return await ledger.effects() == wanted

    await until(done, what=f"{len(wanted)} effects")
