"""`[samples]` of city.toml: what a city bears of its sensors."""

from __future__ import annotations

from datetime import timedelta

from app.city.faults import Faults
from app.city.samples import read_samples
from app.gateway.limits import Limits, LimitsByDevice


def test_what_is_not_said_stays_as_the_settings_have_it() -> None:
    faults = Faults()

    assert read_samples(None, faults) is None
    assert LimitsByDevice(Limits(), read_samples({}, faults)).find("W1") == Limits()
    assert faults.found == []


def test_what_is_said_is_what_the_doors_go_by() -> None:
    told = {
        "oldest_hours": 24,
        "ahead_minutes": 1.5,
        "per_minute": 60,
        "device": [{"devices": "W*", "moved_m": 50, "stuck_hours": 6}],
    }

    limits = LimitsByDevice(Limits(), read_samples(told, Faults()))

    usual = Limits(timedelta(days=1), timedelta(seconds=90), 60)
    assert limits.find("R1") == usual
    assert limits.find("W1") == Limits(
        usual.oldest, usual.ahead, 60, moved_m=50, stuck=timedelta(hours=6)
    )


def test_every_slip_is_told_by_its_setting() -> None:
    slips: dict[str, object] = {
        "samples": 3,
        "samples.oldest": {"oldest": 1},
        "samples.oldest_hours": {"oldest_hours": -1},
        "samples.per_minute": {"per_minute": "many"},
        "samples.device": {"device": {"devices": "W*"}},
        "samples.device.devices": {"device": [{"moved_m": 5}]},
        "samples.device.moved": {"device": [{"devices": "W*", "moved": 5}]},
    }
    for field, told in slips.items():
        faults = Faults()
        read_samples(told, faults)
        assert [one.field for one in faults.found] == [field]
