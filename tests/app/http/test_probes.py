"""Alive, ready, counted; and what happens when PostgreSQL or the city is not there."""

import asyncio

import httpx

from app.settings import Settings
from tests.app.town import Town, a_report, address_of, running_town, serving


async def test_a_process_with_a_city_is_ready(town: Town):
    answer = await town.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["city"] == "990199"


async def test_a_process_without_a_city_lives_but_is_not_ready(database_url: str):
    async with (
        serving(Settings(database_url=database_url, port=0)) as server,
        httpx.AsyncClient(base_url=address_of(server)) as client,
    ):
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        catalogue = await client.get("/api/catalogue")

    assert (alive.status_code, ready.status_code, catalogue.status_code) == (200, 503, 503)
    assert catalogue.headers["retry-after"]


async def test_without_the_database_the_sender_is_told_to_come_again():
    away = "postgresql://citygrid@127.0.0.1:1/none"
    async with (
        serving(Settings(database_url=away, port=0)) as server,
        httpx.AsyncClient(base_url=address_of(server)) as client,
    ):
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        report = await client.post("/api/reports", json=a_report(), headers={"x-api-key": "k"})
        request = await client.get("/open311/v2/requests/none.json", params={"api_key": "k"})

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert (report.status_code, report.headers["retry-after"]) == (503, "5")
    assert request.json() == [
        {"code": 503, "description": "the database is away; nothing was changed"}
    ]


async def test_a_new_city_pack_is_taken_up_without_a_restart(town: Town):
    await town.conn.execute(
        """
        INSERT INTO city_part (part, version, content, sha256)
        SELECT part, 2, jsonb_set(content, '{standard}', '"CJ/T 214"'), 'y'
          FROM city_part
         WHERE part = 'catalogue'
        """
    )
    await town.conn.execute("NOTIFY citygrid_pack")

    async def standard() -> str:
        return (await town.client.get("/api/catalogue")).json()["standard"]

    async with asyncio.timeout(20):
        while await standard() != "CJ/T 214":
            await asyncio.sleep(0.02)
    assert (await town.submit()).status_code == 201


async def test_figures_are_for_the_monitor_only(town: Town):
    await town.submit()

    visitor = await town.client.get("/metrics")
    monitor = await town.client.get("/metrics", headers={"x-api-key": town.keys["monitor"]})

    assert visitor.status_code == 401
    assert "city_reports_accepted_total 1.0" in monitor.text
    assert "city_reports_in_flight 1.0" in monitor.text


async def test_a_broken_connection_is_replaced_without_the_sender_noticing(town: Town):
    await town.submit()
    await town.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    statuses = [(await town.submit()).status_code for _ in range(5)]

    assert set(statuses[-1:]) == {201}
    assert await town.stored() == 1 + statuses.count(201)


async def test_a_process_that_is_asked_to_end_answers_what_it_took(database_url: str):
    async with running_town(database_url) as town:
        sent = [asyncio.create_task(town.submit()) for _ in range(50)]
        await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        town.server.should_exit = True
        answers = await asyncio.gather(*sent, return_exceptions=True)

        accepted = [one for one in answers if isinstance(one, httpx.Response)]
        assert {answer.status_code for answer in accepted} == {201}
        assert await town.stored() >= len(accepted)


async def test_a_deadline_that_nobody_lets_fall_due_shows_in_the_figures(town: Town):
    await town.a_case()

    async def waited_s() -> float:
        told = await town.client.get("/metrics", headers={"x-api-key": town.keys["monitor"]})
        name = "city_deadlines_oldest_unfired_seconds "
        [line] = [one for one in told.text.splitlines() if one.startswith(name)]
        return float(line.removeprefix(name))

    assert await waited_s() == 0
    await town.conn.execute("UPDATE deadline SET due_at = clock_timestamp() - interval '1 hour'")
    assert await waited_s() >= 3600
