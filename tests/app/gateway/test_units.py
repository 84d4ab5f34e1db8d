"""Values in one unit become values in another; what cannot be is said, and nothing hangs."""

from __future__ import annotations

import pytest

from app.gateway.units import AT_ONCE, MOST_PAIRS, Units, conversion


@pytest.mark.parametrize(
    ("given", "wanted", "value", "expected"),
    [
        ("cm", "m", 250, 2.5),
        ("mg/m3", "µg/m³", 0.075, 75),
        ("[degF]", "Cel", 212, 100),
        ("℃", "K", 20, 293.15),
        ("km/h", "m/s", 36, 10),
        ("%", "1", 55, 0.55),
        ("mm[Hg]", "kPa", 760, 101.325),
        ("L/min", "m3/h", 100, 6),
        ("", "1", 3, 3),
        ("dB", "dB", 60, 60),
    ],
)
def test_a_value_is_turned_into_another_unit(
    given: str, wanted: str, value: float, expected: float
):
    found = conversion(given, wanted)

    assert found is not None
    assert found(value) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("m", "s"),
        ("dB", "1"),
        ("furlongs", "m"),
        ("((((((", "m"),
        ("10*1000000000000", "1"),
        ("m10^999999999", "m"),
        ("m99999999999", "m2"),
        ("米", "m"),
        ("m\x00", "m"),
    ],
)
def test_what_cannot_be_turned_is_none_and_takes_no_time(given: str, wanted: str):
    assert conversion(given, wanted) is None


async def test_pairs_are_learnt_once_and_never_pile_up():
    units = Units()
    before = units.find(("cm", "m"))
    await units.learn([("cm", "m"), ("m", "m")])
    for begin in range(0, MOST_PAIRS + 100, AT_ONCE):
        await units.learn((f"米{n}", "m") for n in range(begin, begin + 2 * AT_ONCE))

    after = len(units._known)

    assert before is None
    assert after <= MOST_PAIRS
    assert units.find(("m", "m")) is not None
