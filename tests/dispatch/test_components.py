"""A report names the component it is about, and its case keeps it."""

from psycopg import AsyncConnection

from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import history, read_case
from dispatch.postgres.components import cases_of
from dispatch.postgres.inbox import accept_many
from dispatch.report import Outcome
from tests.makers import NOON, report, rulebook, submission

COVER, OTHER = "99010101001000001", "99010101001000002"


async def decided(conn: AsyncConnection, *components: str | None) -> list[tuple[str, int]]:
    """What became of one report after the other, each about one of the components."""
    async with conn.transaction():
        told = [submission(attributes={"component": one} if one else {}) for one in components]
        ids = [one.report_id for one in await accept_many(conn, told)]
        await actions.decide(PostgresBook(conn), ids, rulebook(), now=NOON)
    found = await conn.execute(
        "SELECT state, case_id FROM inbox WHERE id = ANY(%s) ORDER BY id", [ids]
    )
    return await found.fetchall()


async def test_a_case_keeps_the_component_it_is_about(conn: AsyncConnection):
    [(_, case_id)] = await decided(conn, COVER)

    assert (await read_case(conn, case_id)).component == COVER
    assert (await history(conn, case_id))[0].fields["component"] == COVER


async def test_a_case_about_no_component_says_so(conn: AsyncConnection):
    [(_, case_id)] = await decided(conn, None)

    assert (await read_case(conn, case_id)).component is None


async def test_two_covers_side_by_side_are_two_cases(conn: AsyncConnection):
    states = [state for state, _ in await decided(conn, COVER, OTHER)]

    assert states == [Outcome.CASED, Outcome.CASED]
    assert [state for state, _ in await decided(conn, OTHER)] == [Outcome.MERGED]


async def test_who_does_not_name_the_component_joins_the_nearest_case(conn: AsyncConnection):
    [(first, case_id), (second, joined)] = await decided(conn, COVER, None)

    assert (first, second) == (Outcome.CASED, Outcome.MERGED)
    assert joined == case_id


async def test_the_history_of_a_component_is_its_cases_newest_first(conn: AsyncConnection):
    [(_, first), (_, other)] = await decided(conn, COVER, OTHER)
    await conn.execute("UPDATE cases SET reported_at = reported_at - interval '2 days'")
    [(_, second)] = await decided(conn, COVER)

    assert [one.id for one in await cases_of(conn, COVER)] == [second, first]
    assert [one.id for one in await cases_of(conn, OTHER)] == [other]
    assert await cases_of(conn, "nothing") == []


def test_what_cannot_be_an_id_names_no_component():
    for said in ("", "井盖", "a b", "x" * 65):
        assert report(attributes={"component": said}).component is None
