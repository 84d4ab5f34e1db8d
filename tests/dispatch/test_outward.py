"""What lies inside, in every notation of an address, and what a city names of its own."""

from __future__ import annotations

import pytest

from dispatch.outward import may_reach, networks


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1",
     "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
     "2001:db8::1"],
)  # fmt: skip
def test_what_is_inside_is_not_reached(address: str) -> None:
    assert not may_reach(address, ())


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "203.119.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_outside_is(address: str) -> None:
    assert may_reach(address, ())


def test_what_a_city_names_is_reached_and_nothing_beside_it() -> None:
    named = networks("10.20.0.0/16, 127.0.0.1,fd00::/8")

    assert [may_reach(one, named) for one in ("10.20.3.4", "::ffff:10.20.3.4", "fd00::7")] == [
        True, True, True
    ]  # fmt: skip
    assert [may_reach(one, named) for one in ("10.21.0.1", "127.0.0.2", "fe80::1")] == [
        False, False, False
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["10.0.0.1/8", "inside", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        networks(text)
