"""What a step makes of a case, who is told of it, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.case import Move, Order, State, evolve
from dispatch.escalation.channels import is_channel
from dispatch.escalation.climbing import Climbed, climb
from dispatch.escalation.notices import Notice, notices
from dispatch.escalation.people import Heard, Person, who
from dispatch.escalation.rule import Call, outlook
from dispatch.escalation.words import Names
from dispatch.workflow.variant import Terms, Variant
from grid.naming import Label
from tests.dispatch.escalation.lives import MINUTE, TERMS, ZONE, Life, a_step, ladders
from tests.makers import CITY, NOON, label

AT_HALF = NOON + 150 * MINUTE


def a_person(login: str, *roles: str, **changes: Any) -> Person:
    person = Person(login, Label(login, login), frozenset(roles), None, frozenset({CITY}))
    return replace(person, **changes)


CHEN = a_person("chen", "dispatcher", mail="chen@city.example", phone="+861")
LI = a_person("li", "handler", department="sanitation", areas=frozenset(), language="en")
SHUI = a_person("shui", "handler", department="water", areas=frozenset())
YUN = a_person("yun", "inspector")
PEOPLE = [CHEN, LI, SHUI, YUN]


def a_call(life: Life, at: str = "50%", **changes: Any) -> Call:
    found = outlook(
        life.case,
        tuple(life.runs.values()),
        [],
        ladders(a_step(at, **changes)),
        life.counting,
        since=NOON - timedelta(days=1),
        now=NOON + timedelta(days=1),
    )
    assert found.call is not None
    return found.call


TO_CHEN = Heard({"dispatcher": (CHEN,)}, ())


def climbed(life: Life, call: Call, heard: Heard = TO_CHEN) -> Climbed:
    return climb(
        life.case,
        call,
        heard,
        terms=TERMS,
        deadlines=list(life.deadlines.values()),
        language="zh",
        now=AT_HALF,
    )


def test_the_history_says_which_step_was_taken_and_who_was_told() -> None:
    life = Life.begun()

    done = climbed(
        life, a_call(life, by=["log", "mail"]), Heard({"dispatcher": (CHEN,)}, ("on_duty",))
    )

    [entry] = done.entries
    told = json.loads(entry.canon)
    assert (told["kind"], told["actor"], told["step"]) == ("escalated", "clock", "50%")
    assert (told["told"], told["nobody"]) == ({"dispatcher": ["chen"]}, ["on_duty"])
    assert (told["by"], told["run"], told["times"]) == (["log", "mail"], "stop", 1)
    assert done.case == replace(life.case, version=4, head=done.case.head, changed_at=AT_HALF)


def test_a_step_may_order_supervision_as_a_person_would() -> None:
    life = Life.begun()
    ordered = {"reason": label("do it"), "minutes": 60}

    done = climbed(life, a_call(life, supervision=ordered))

    supervised = done.entries[1].event
    assert (supervised.kind, supervised.actor) == ("supervised", "clock")
    assert supervised.began == {"stage.supervision": AT_HALF + 60 * MINUTE}
    assert done.case.supervised_at == AT_HALF


def test_another_order_of_supervision_ends_the_clock_of_the_one_before() -> None:
    life = Life.begun()
    order = Order(Move.SUPERVISE, "quick", until=NOON + timedelta(hours=9))
    life.order(order, NOON, actor="sun")

    done = climbed(life, a_call(life, supervision={"reason": label("do it"), "minutes": 60}))

    assert done.settled == ((1, "stage.supervision", "cancelled"),)


def test_a_step_may_hand_the_case_to_another_department() -> None:
    life = Life.begun()

    done = climbed(life, a_call(life, take_over="fire"))

    assert (done.case.department, done.case.state) == ("fire", State.ASSIGNED)
    assert done.case.why["routing"] == {
        "step": "escalation", "name": "usual", "row": 1, "at": "50%"
    }  # fmt: skip


def test_what_a_city_has_switched_off_is_left_out_and_people_are_told_all_the_same() -> None:
    life = Life.begun()
    call = a_call(life, supervision={"reason": label("do it"), "minutes": None})

    done = climb(
        life.case, call, Heard({}, ()), terms=Terms(Variant(off=frozenset({Move.SUPERVISE}))),
        deadlines=[], language="zh", now=AT_HALF,
    )  # fmt: skip

    assert [entry.event.kind for entry in done.entries] == ["escalated"]


def test_what_a_step_orders_is_ordered_the_first_time_only() -> None:
    life = Life.begun()
    call = a_call(life, supervision={"reason": label("do it"), "minutes": 60})

    done = climbed(life, replace(call, times=2))

    assert [entry.event.kind for entry in done.entries] == ["escalated"]


def test_a_role_is_told_where_it_reaches_the_case() -> None:
    case = Life.begun().case
    away = a_person("far", "dispatcher", areas=frozenset({"990198"}))

    heard = who(["handler", "dispatcher", "on_duty"], case, [*PEOPLE, away], {"yun"})

    assert heard == Heard({"handler": (LI,), "dispatcher": (CHEN,), "on_duty": (YUN,)}, ())


def test_where_nobody_is_on_duty_the_others_are_told_and_the_gap_is_said() -> None:
    heard = who(["on_duty", "handler"], Life.begun().case, PEOPLE, set())

    assert heard == Heard({"handler": (LI,)}, ("on_duty",))


def test_where_there_is_nobody_at_all_the_dispatcher_is_told() -> None:
    heard = who(["on_duty", "supervisor"], Life.begun().case, PEOPLE, set())

    assert heard == Heard({"dispatcher": (CHEN,)}, ("on_duty", "supervisor"))


def test_nobody_is_told_twice_for_two_roles() -> None:
    both = replace(CHEN, roles=frozenset({"dispatcher", "commander"}))

    heard = who(["dispatcher", "commander"], Life.begun().case, [both], set())

    assert heard.people == (both,)


NAMES = Names(Label("暴露垃圾", "Exposed rubbish"), Label("老磨坊", "Old Mill"), None, ZONE)


def told(life: Life, call: Call, *people: Person) -> list[Notice]:
    heard = Heard({"dispatcher": people}, ())
    return notices(life.case, call, heard, NAMES, seq=4, language="zh", now=AT_HALF)


def test_each_person_gets_a_message_of_their_own_in_their_language() -> None:
    life = Life.begun()
    english = replace(CHEN, login="smith", language="en")

    first, second = told(life, a_call(life, by=["mail"]), CHEN, english)

    assert (first.dedup, first.person) == ("notice-1-4/mail/chen", "chen")
    zh, en = json.loads(first.payload), json.loads(second.payload)
    assert "处置时限已用50%" in zh["subject"]
    assert zh["to"] == {"login": "chen", "name": {"zh": "chen", "en": "chen"},
                        "mail": "chen@city.example"}  # fmt: skip
    assert "50 % of the limit are used up" in en["subject"]


def test_a_webhook_gets_one_message_in_both_languages() -> None:
    life = Life.begun()

    [one] = told(life, a_call(life, by=["webhook:room"]), CHEN, LI)

    said = json.loads(one.payload)
    assert (one.dedup, one.person) == ("notice-1-4/webhook:room", None)
    assert said["to"] == {"dispatcher": ["chen", "li"]}
    assert said["texts"].keys() == {"zh", "en"}


def test_who_has_no_address_is_a_problem_that_is_seen() -> None:
    life = Life.begun()

    [one] = told(life, a_call(life, by=["gateway"]), LI)

    assert one.problem == "li has no phone: see people.csv"


def test_no_message_repeats_what_a_reporter_wrote() -> None:
    life = Life.begun()
    life.case = replace(life.case, description="see http://evil.example", address="evil.example")

    made = told(life, a_call(life, by=["mail", "gateway", "webhook", "log"]), CHEN)

    assert not [one for one in made if "evil" in one.payload]


@pytest.mark.parametrize("at", ["50%", "15 min not taken", "150%"])
def test_every_message_is_there_in_both_languages(at: str) -> None:
    life = Life.begun()
    ordered = {"reason": label("do it"), "minutes": 60}
    call = replace(a_call(life, at, by=["log"], supervision=ordered), times=3)

    [one] = told(life, call, CHEN)

    texts = json.loads(one.payload)["texts"]
    assert "第3次提醒" in texts["zh"]["subject"]
    assert "3rd time" in texts["en"]["subject"]
    assert "do it（中）" in texts["zh"]["text"]
    assert "do it." in texts["en"]["text"]


@pytest.mark.parametrize("name", ["log", "mail", "webhook:duty-room", "gateway:sms"])
def test_a_channel_is_a_kind_and_perhaps_a_name(name: str) -> None:
    assert is_channel(name)


@pytest.mark.parametrize("name", ["", "sms", "log:a", "mail:", "mail:A", "webhook/x", "mail:a b"])
def test_anything_else_is_no_channel(name: str) -> None:
    assert not is_channel(name)


def test_an_escalation_leaves_the_case_as_it_is() -> None:
    life = Life.begun()
    done = climbed(life, a_call(life))

    assert evolve(life.case, done.entries[0].event) == done.case
