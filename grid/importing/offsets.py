"""Where a layer lies against a reference: the one offset that brings their outlines together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from grid.importing.outlines import Metres, spread_over

FARTHEST_M: Final = 1_800.0
"""Chinese map datums shift by 1.4 km at most; nothing farther is searched for."""

_FINEST_PIXEL_M: Final = 10.0
_PIXELS: Final = 1_024
_STEPS: Final = 40
_FINE_M: Final = 0.1
_STILL_M: Final = 0.02
_MOST_STRETCH: Final = 0.01
"""No datum stretches more; without a bound a few positions could be laid on any line."""
_MOST_MARKS: Final = 400_000


class Reference:
    """The outlines that are trusted, ready to be asked for what is nearest."""

    def __init__(self, segments: Metres) -> None:
        """*segments* are straight pieces (n, 4) in metres, at least one."""
        self.segments = segments
        self._tree = shapely.STRtree(np.asarray(shapely.linestrings(segments.reshape(-1, 2, 2))))

    def ways(self, positions: Metres) -> tuple[Metres, Metres]:
        """For positions (n, 2): the way to the nearest outline, and the direction across it."""
        points = shapely.points(positions)
        nearest = self._tree.query_nearest(points, all_matches=False)[1]
        start, stop = self.segments[nearest, :2], self.segments[nearest, 2:]
        along = stop - start
        share = ((positions - start) * along).sum(axis=1) / (along**2).sum(axis=1)
        foot = start + along * share.clip(0, 1)[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]])
        return foot - positions, across / np.hypot(*along.T)[:, None]

    def distances_m(self, positions: Metres) -> NDArray[np.float64]:
        """How far each position (n, 2) is from the nearest outline."""
        return np.hypot(*self.ways(positions)[0].T)


@dataclass(frozen=True, slots=True)
class Offset:
    """How far east and north a layer lies of where the reference has it, in the middle of it.

    *left_m* is the median distance to the reference once the offset is taken away.
    """

    east_m: float
    north_m: float
    left_m: float

    @property
    def metres(self) -> float:
        """Its length."""
        return float(np.hypot(self.east_m, self.north_m))


def measure_offset(positions: Metres, reference: Reference, guesses: Sequence[Metres]) -> Offset:
    """The offset after which the positions (n, 2) lie nearest to the reference.

    Each of the *guesses*, moves (n, 2) of the positions, and what two pictures laid over each
    other say, is led on step by step; the best end counts. No guess is believed: from a wrong one
    the positions are led away.
    """
    picture = _by_pictures(positions, reference.segments)
    same = np.ones((len(positions), 1))
    ends = [
        _settled(positions, reference, start, same)
        for start in (*guesses, np.tile(picture, (len(positions), 1)))
    ]
    moves = min(ends, key=lambda moves: _left_m(positions, reference, moves))
    moves = _varied(positions, reference, moves)
    east, north = (-moves.mean(axis=0)).tolist()
    return Offset(east, north, _left_m(positions, reference, moves))


def _left_m(positions: Metres, reference: Reference, moves: Metres) -> float:
    return float(np.median(reference.distances_m(positions + moves)))


def _varied(positions: Metres, reference: Reference, moves: Metres) -> Metres:
    """Moves that change evenly over the layer, as the shift of a map datum does over a city."""
    spread = max(float(positions.std()), 1.0)
    even = np.column_stack([np.ones(len(positions)), (positions - positions.mean(axis=0)) / spread])
    varied = _settled(positions, reference, moves, even)
    stretch = np.ptp(varied, axis=0).max() / max(np.ptp(positions, axis=0).max(), 1.0)
    return varied if stretch <= _MOST_STRETCH else moves


def _settled(positions: Metres, reference: Reference, moves: Metres, field: Metres) -> Metres:
    """The moves (n, 2) when another step would change nothing; *field* (n, k) is what may vary."""
    for _ in range(_STEPS):
        way, across = reference.ways(positions + moves)
        far = np.hypot(*way.T)
        near = far <= max(3 * float(np.median(far)), 1.0)
        # Along an outline nothing can be told: only the part across it counts.
        normal, miss = across[near], (across[near] * way[near]).sum(axis=1)
        # Least absolute misses: what has its own outline to go to must not be held by what has not.
        weight = 1 / np.sqrt(np.maximum(far[near], _FINE_M))
        terms = (normal[:, None, :] * field[near][:, :, None]).reshape(len(miss), -1)
        solved = np.linalg.lstsq(terms * weight[:, None], miss * weight, rcond=None)[0]
        step = field @ solved.reshape(-1, 2)
        moves = moves + step
        if float(np.abs(step).max()) < _STILL_M:
            break
    return moves


def _by_pictures(positions: Metres, segments: Metres) -> Metres:
    """The move with which a picture of the positions covers that of the reference best."""
    low, high = positions.min(axis=0) - FARTHEST_M, positions.max(axis=0) + FARTHEST_M
    pixel = max(_FINEST_PIXEL_M, float((high - low).max()) / _PIXELS)
    shape = tuple((np.ceil((high - low) / pixel).astype(int) + 1).tolist())
    outline = spread_over(segments, _MOST_MARKS, pixel / 2)
    pictures = [_picture(marks, low, pixel, shape) for marks in (outline, positions)]
    there, here = (np.fft.rfft2(picture - picture.mean()) for picture in pictures)
    alike = np.fft.irfft2(there * np.conj(here), shape)
    # A picture moved by k pixels is found at place k; moves west and south stand at the end.
    moves = [np.fft.fftfreq(count, 1 / count) * pixel for count in shape]
    within = [np.flatnonzero(np.abs(move) <= FARTHEST_M) for move in moves]
    searched = alike[np.ix_(*within)]
    best = np.unravel_index(int(searched.argmax()), searched.shape)
    return np.array([move[near[at]] for move, near, at in zip(moves, within, best, strict=True)])


def _picture(marks: Metres, low: Metres, pixel: float, shape: tuple[int, ...]) -> Metres:
    """A one wherever a mark lies in a pixel, else nought; marks beyond the frame do not show."""
    at = ((marks - low) / pixel).astype(np.intp)
    at = at[((at >= 0) & (at < shape)).all(axis=1)]
    picture = np.zeros(shape)
    picture[at[:, 0], at[:, 1]] = 1.0
    return picture
