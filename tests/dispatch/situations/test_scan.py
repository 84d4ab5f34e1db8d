"""The scan finds what a slow look by hand finds, and chance makes no more of it than it may."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dispatch.situations.baseline import (
    PULL,
    Counts,
    Season,
    expected,
    kind_of_time,
    season_of,
)
from dispatch.situations.chance import Shuffles, gumbel_tail
from dispatch.situations.scan import Look, Scorer, find_hot_spots
from dispatch.situations.zones import Zones

DAY = timedelta(days=1)


def line_of(many: int, neighbours: int = 3) -> Zones:
    """Areas in a row, a kilometre apart."""
    lon_lat = np.array([(113.0, 29.0 + n / 111) for n in range(many)])
    codes = [f"a{n}" for n in range(many)]
    return Zones.of(codes, lon_lat, neighbours=neighbours, radius_m=2_500)


def score_by_hand(counts: Counts, zones: Zones, look: Look) -> float:
    """The greatest score, zone by zone and window by window, in plain Python."""
    pooled = counts.before.tolist()
    for kind, row in zip(counts.kinds.tolist(), counts.now.tolist(), strict=True):
        pooled[kind] = [a + b for a, b in zip(pooled[kind], row, strict=True)]
    of_area = [sum(column) for column in zip(*pooled, strict=True)]
    best = 0.0
    for window in look.windows:
        usual = [0.0] * len(of_area)
        for kind, row in list(zip(counts.kinds.tolist(), counts.now.tolist(), strict=True))[
            :window
        ]:
            for area in range(len(of_area)):
                pull = PULL * of_area[area] / max(1, sum(of_area))
                share = (pooled[kind][area] + pull) / (sum(pooled[kind]) + PULL)
                usual[area] += share * sum(row)
        total = int(counts.now[:window].sum())
        for area in range(len(of_area)):
            for last in range(zones.nearest.shape[1]):
                inside = zones.nearest[area, : last + 1].tolist()
                c = int(counts.now[:window, inside].sum())
                e = sum(usual[n] for n in inside)
                if c < look.at_least or c <= e or e > 0.5 * total or not zones.reaches[area, last]:
                    continue
                rest = (total - c) * math.log((total - c) / (total - e)) if total > c else 0.0
                best = max(best, c * math.log(c / e) + rest)
    return best


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_greatest_score_is_the_one_that_counting_by_hand_finds(data: st.DataObject):
    areas, slots, kinds = 6, 4, 2
    row = st.lists(st.integers(0, 4), min_size=areas, max_size=areas)

    def rows(many: int) -> st.SearchStrategy[list[list[int]]]:
        return st.lists(row, min_size=many, max_size=many)

    before, now = np.array(data.draw(rows(kinds))), np.array(data.draw(rows(slots)))
    of_slots = np.array(data.draw(st.lists(st.integers(0, 1), min_size=slots, max_size=slots)))
    counts, look = Counts(before, now, of_slots), Look((1, 2, 4), at_least=2)
    zones = line_of(areas)

    [greatest] = Scorer.of(counts, zones, look).greatest(now[None])

    assert greatest == pytest.approx(score_by_hand(counts, zones, look))


def test_what_is_usual_of_a_slot_is_what_the_slot_has():
    rng = np.random.default_rng(1)
    counts = Counts(rng.poisson(3, (7, 20)), rng.poisson(2, (5, 20)), np.arange(5))

    assert expected(counts).sum(axis=1) == pytest.approx(counts.now.sum(axis=1))


def test_a_shuffle_keeps_what_each_slot_has_and_takes_no_more_than_there_is():
    rng = np.random.default_rng(1)
    counts = Counts(rng.poisson(0.5, (2, 9)), rng.poisson(0.6, (4, 9)), np.array([0, 1, 0, 1]))

    drawn = Shuffles(counts, rng).draw(50)

    assert (drawn.sum(axis=2) == counts.now.sum(axis=1)).all()
    for kind in (0, 1):
        assert (drawn[:, counts.kinds == kind].sum(axis=1) <= counts.pooled[kind]).all()


def test_a_hot_spot_is_found_where_it_was_put():
    rng = np.random.default_rng(7)
    before, now = rng.poisson(40, (1, 30)), rng.poisson(1, (5, 30))
    now[:2, 11:13] += 6
    counts = Counts(before, now, np.zeros(5, dtype=np.intp))

    [spot] = find_hot_spots(counts, line_of(30), Look((1, 2, 5), most_p=0.01), seed=1)

    assert set(spot.areas) == {"a11", "a12"}
    assert spot.window == 2
    assert spot.observed > 3 * spot.expected


def test_two_hot_spots_share_no_area():
    rng = np.random.default_rng(7)
    now = rng.poisson(1, (3, 30))
    now[0, [4, 20]] += 15
    counts = Counts(rng.poisson(40, (1, 30)), now, np.zeros(3, dtype=np.intp))

    found = find_hot_spots(counts, line_of(30), Look((1, 3)), seed=1)

    assert {spot.areas[0] for spot in found} == {"a4", "a20"}
    assert not set(found[0].areas) & set(found[1].areas)


def test_that_the_whole_city_has_more_is_no_hot_spot():
    rng = np.random.default_rng(3)
    counts = Counts(rng.poisson(20, (1, 30)), rng.poisson(15, (2, 30)), np.zeros(2, np.intp))

    assert find_hot_spots(counts, line_of(30), Look((1, 2)), seed=1) == []


def test_the_same_counts_give_the_same_answer():
    rng = np.random.default_rng(9)
    now = rng.poisson(1, (3, 30))
    now[0, 4] += 12
    counts = Counts(rng.poisson(40, (1, 30)), now, np.zeros(3, dtype=np.intp))

    one, two = (find_hot_spots(counts, line_of(30), Look((1, 3)), seed=5) for _ in range(2))

    assert one == two


def false_looks(draws: NDArray[np.int64], most_p: float) -> int:
    """In how many of some cities without any cluster a look finds one."""
    zones, found = line_of(draws.shape[2]), 0
    for number, days in enumerate(draws):
        counts = Counts(days[3:].sum(axis=0)[None], days[:3], np.zeros(3, dtype=np.intp))
        look = Look((1, 2, 3), at_least=2, most_p=most_p, replicates=99)
        found += bool(find_hot_spots(counts, zones, look, seed=number))
    return found


def test_chance_alone_makes_no_more_false_finds_than_it_may():
    rng = np.random.default_rng(2)
    looks, most_p = 300, 0.05
    uneven = rng.gamma(0.4, 1.0, 25)  # some areas have a lot, most hardly anything
    draws = rng.poisson(uneven, (looks, 33, 25))

    found = false_looks(draws, most_p)

    # Two standard deviations above what is allowed; far fewer would mean that it finds nothing.
    assert 2 <= found <= looks * most_p + 2 * math.sqrt(looks * most_p * (1 - most_p))


def test_the_tail_says_rather_too_much_chance_than_too_little():
    rng = np.random.default_rng(4)
    place = rng.gumbel(5.0, 1.2, (200, 999))

    told = [gumbel_tail(5.0 + 1.2 * 9.21, sample) for sample in place]  # one in 10,000

    assert np.mean(np.array(told) >= 0.9e-4) > 0.95
    assert np.median(told) < 10e-4


def test_times_are_told_apart_as_finely_as_the_history_allows():
    hour = timedelta(hours=1)

    assert season_of(hour, DAY) is Season.NONE
    assert season_of(hour, 10 * DAY) is Season.DAY
    assert season_of(hour, 30 * DAY) is Season.WEEK
    assert season_of(DAY, 30 * DAY) is Season.WEEKDAY
    assert kind_of_time(datetime(2026, 11, 24, 5), Season.WEEK) == 29  # noqa: DTZ001


def test_zones_grow_from_the_nearest_and_end_at_the_radius():
    zones = line_of(6, neighbours=6)

    assert zones.areas_of(0, 2) == ("a0", "a1", "a2")
    assert zones.reaches[0].tolist() == [True, True, True, False, False, False]
    assert zones.numbers(["a3", "zz"]).tolist() == [3, -1]


def test_leaving_areas_out_keeps_the_others_in_order():
    zones = line_of(6, neighbours=6).within(np.array([0, 2, 5]))

    assert zones.areas_of(1, 1) == ("a2", "a0")
    assert zones.reaches.sum(axis=1).tolist() == [2, 2, 1]
