"""Open311 GeoReport v2: its words, its formats, its errors; the same intake behind."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from defusedxml import ElementTree

from tests.app.town import PORTAL, Town, a_report, ago

V2 = "/open311/v2"


async def test_a_request_is_accepted_and_its_id_can_be_asked(town: Town):
    posted = await town.post_form()
    [created] = posted.json()

    asked = await town.client.get(f"{V2}/requests/{created['service_request_id']}.json")

    assert posted.status_code == 201
    [request] = asked.json()
    assert request["status"] == "open"
    assert request["service_code"] == "06010"
    assert request["description"] == "rubbish 垃圾"


async def test_xml_says_the_same_as_json(town: Town):
    [created] = (await town.post_form(description="<b>& 垃圾")).json()
    path = f"{V2}/requests/{created['service_request_id']}"

    as_json = (await town.client.get(f"{path}.json")).json()[0]
    as_xml = await town.client.get(f"{path}.xml")

    root = ElementTree.fromstring(as_xml.content)
    assert (root.tag, root[0].tag) == ("service_requests", "request")
    told = {child.tag: child.text for child in root[0]}
    assert told == {
        name: str(value) if value not in (None, "") else None for name, value in as_json.items()
    }


async def test_a_decided_request_names_its_department_and_deadline(town: Town):
    [created] = (await town.post_form()).json()
    await town.decide_all()

    asked = await town.client.get(
        f"{V2}/requests/{created['service_request_id']}.json", headers={"accept-language": "en"}
    )

    [request] = asked.json()
    assert request["agency_responsible"] == "sanitation"
    assert request["expected_datetime"] > request["requested_datetime"]
    assert request["status_notes"] == "assigned, being worked on"


async def test_a_rejected_request_is_closed(town: Town):
    [created] = (await town.post_form(lat=None, long=None, address_string="磨坊路1号")).json()
    await town.decide_all()

    asked = await town.client.get(f"{V2}/requests/{created['service_request_id']}.json")

    assert asked.json()[0]["status"] == "closed"


async def test_equal_posts_without_a_key_are_two_reports(town: Town):
    first, second = await town.post_form(), await town.post_form()

    assert first.json() != second.json()
    assert await town.stored() == 2


async def test_equal_posts_with_a_key_are_one_report(town: Town):
    headers = {"idempotency-key": str(uuid4())}

    first, second = await town.post_form(headers=headers), await town.post_form(headers=headers)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


async def test_another_request_under_the_same_key_conflicts(town: Town):
    headers = {"idempotency-key": str(uuid4())}
    await town.post_form(headers=headers)

    second = await town.post_form(headers=headers, description="another")

    assert second.status_code == 409
    assert second.json()[0]["code"] == 409


REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"api_key": None}, 403, "api_key"),
    ({"api_key": "wrong"}, 403, "not valid"),
    ({"service_code": None}, 400, "service_code"),
    ({"service_code": "99"}, 400, "service_code"),
    ({"lat": "0", "long": "0"}, 400, "without a fix"),
    ({"lat": "113.0003", "long": "29.0003"}, 400, "swapped"),
    ({"lat": "nan"}, 400, "lat"),
    ({"lat": "29_0"}, 400, "lat"),
    ({"lat": None, "long": None}, 400, "address"),
    ({"requested_datetime": "yesterday"}, 400, "requested_datetime"),
    ({"datum": "mars"}, 400, "datum"),
    ({"role": "admin"}, 400, "role"),
    ({"jurisdiction_id": "elsewhere"}, 404, "jurisdiction_id"),
    ({"attribute[condition]": "none such"}, 400, "attribute[condition]"),
]


async def test_errors_are_of_the_standard_in_both_formats(town: Town):
    for changes, status, told in REFUSED:
        as_json = await town.post_form(**changes)
        as_xml = await town.post_form(**changes, ending="xml")

        assert (as_json.status_code, as_xml.status_code) == (status, status), changes
        assert as_json.json()[0]["code"] == status
        assert told in as_json.json()[0]["description"]
        errors = ElementTree.fromstring(as_xml.content)
        assert (errors.tag, errors[0].tag) == ("errors", "error")
        assert [child.tag for child in errors[0]] == ["code", "description"]
    assert await town.stored() == 0


async def test_unknown_things_are_not_found(town: Town):
    paths = ["services/99.json", "requests/none.xml", "tokens/none.json", "nothing.json"]

    answers = [await town.client.get(f"{V2}/{path}") for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert answers[0].json()[0]["code"] == 404


async def test_a_field_that_stands_twice_is_refused(town: Town):
    body = f"api_key={town.keys[PORTAL]}&service_code=06010&service_code=01001"
    headers = {"content-type": "application/x-www-form-urlencoded"}

    answer = await town.client.post(f"{V2}/requests.json", content=body, headers=headers)

    assert answer.status_code == 400
    assert "stands twice" in answer.json()[0]["description"]


async def test_services_are_the_reportable_categories(town: Town):
    as_json = await town.client.get(f"{V2}/services.json", headers={"accept-language": "en"})
    as_xml = await town.client.get(f"{V2}/services.xml")

    names = {one["service_code"]: one["service_name"] for one in as_json.json()}
    assert names["06010"] == "Exposed rubbish"
    assert len(ElementTree.fromstring(as_xml.content)) == len(names) == 3


async def test_a_service_without_choices_has_an_empty_definition(town: Town):
    answer = await town.client.get(f"{V2}/services/06010.json")

    assert answer.json() == {"service_code": "06010", "attributes": []}


async def test_discovery_names_the_endpoint(town: Town):
    as_json = (await town.client.get(f"{V2}/discovery.json")).json()
    as_xml = ElementTree.fromstring((await town.client.get(f"{V2}/discovery.xml")).content)

    assert as_json["endpoints"][0]["url"] == f"{town.url}{V2}"
    assert as_xml.findtext("endpoints/endpoint/url") == f"{town.url}{V2}"


async def test_a_portal_lists_what_it_sent_itself(town: Town):
    [created] = (await town.post_form()).json()
    await town.submit(a_report())

    listed = await town.client.get(f"{V2}/requests.json", params={"api_key": town.keys[PORTAL]})

    assert [one["service_request_id"] for one in listed.json()] == [created["service_request_id"]]


async def test_nobody_lists_requests_without_a_key(town: Town):
    await town.post_form()

    listed = await town.client.get(f"{V2}/requests.json")

    assert listed.status_code == 403
    assert listed.json()[0]["code"] == 403


async def test_requests_are_listed_by_id_status_and_dates(town: Town):
    ids = [(await town.post_form()).json()[0]["service_request_id"] for _ in range(2)]
    key = {"api_key": town.keys[PORTAL]}
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    by_id = await town.client.get(
        f"{V2}/requests.json", params={"service_request_id": ",".join(ids)}
    )
    closed = await town.client.get(f"{V2}/requests.json", params={**key, "status": "closed"})
    both = await town.client.get(f"{V2}/requests.json", params={**key, "status": "open,closed"})
    later = await town.client.get(
        f"{V2}/requests.json", params={**key, "start_date": tomorrow, "end_date": tomorrow}
    )

    counts = [len(answer.json()) for answer in (by_id, closed, both, later)]
    assert counts == [2, 0, 2, 0]


async def test_lists_that_cannot_be_asked_for_are_refused(town: Town):
    for params in [
        {"status": "half"},
        {"start_date": "yesterday"},
        {"start_date": ago(days=91)},
        {"end_date": ago(days=91), "start_date": ago(days=1)},
        {"service_code": "\x00"},
        {"start_date": "0001-01-01T00:00:00+14:00"},
    ]:
        answer = await town.client.get(
            f"{V2}/requests.json", params={"api_key": town.keys[PORTAL], **params}
        )

        assert answer.status_code == 400, params


async def test_a_token_is_the_id(town: Town):
    [created] = (await town.post_form()).json()

    answer = await town.client.get(f"{V2}/tokens/{created['service_request_id']}.json")

    assert answer.json()[0]["service_request_id"] == created["service_request_id"]
