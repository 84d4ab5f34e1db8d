"""The rules of telling: pauses, signatures, addresses."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.delivery import LONGEST_PAUSE, check_destination, pause, signature
from dispatch.errors import UnusableDestination
from dispatch.kinds import KINDS


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_longest_nor_shorter_than_three_quarters_of_the_first(
    attempts: int, chance: float
):
    assert timedelta(seconds=0.375) <= pause(attempts, chance) <= LONGEST_PAUSE


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_until_they_are_the_longest(attempts: int, chance: float):
    assert pause(attempts, chance) <= pause(attempts + 1, chance)


def test_the_attempts_that_are_allowed_take_about_a_day():
    whole = sum((pause(n, 0.5) for n in range(1, 1440)), timedelta())

    assert timedelta(hours=20) < whole < timedelta(hours=25)


def test_a_signature_covers_the_time_and_every_byte():
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    proof = hmac.new(b"secret", b"1795420800." + b"body", hashlib.sha256).hexdigest()

    assert signature("secret", b"body", at) == f"t=1795420800,v1={proof}"
    assert len({signature("secret", b"body", at), signature("secret", b"bodY", at)}) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/events",
        "https://receiver.example:8443/a/b?city=990101",
        "http://[::1]:9000/",
    ],
)
def test_an_address_that_can_be_used(url: str):
    check_destination("control-room", url, sorted(KINDS))


@pytest.mark.parametrize(
    ("name", "url", "kinds", "part"),
    [
        ("Control room", "http://a/", [], "name"),
        ("", "http://a/", [], "name"),
        ("a", "file:///etc/passwd", [], "url"),
        ("a", "gopher://a/", [], "url"),
        ("a", "http:///nobody", [], "url"),
        ("a", "http://a:99999/", [], "url"),
        ("a", "http://[::1/", [], "url"),
        ("a", "http://li:secret@a/", [], "url"),
        ("a", "http://a/#top", [], "url"),
        ("a", "http://a/\r\nx: y", [], "url"),
        ("a", "http://a/" + "x" * 2000, [], "url"),
        ("a", "http://a/", ["closed", "exploded"], "kind"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_part(name: str, url: str, kinds: list[str], part: str):
    with pytest.raises(UnusableDestination) as refusal:
        check_destination(name, url, kinds)

    assert refusal.value.part == part
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["escalated", "escalation_acknowledged", "merged_into"])
def test_every_kind_can_be_asked_for_whatever_else_was_imported(kind: str):
    code = (
        "from dispatch.delivery import check_destination;"
        f"check_destination('hall', 'https://hall.example/in', ['{kind}'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
