"""Why communities and lines could not be made into cells."""

from grid.errors import GridError


class NoCommunities(GridError):
    """There is no area that cells could be drawn in."""

    def __init__(self) -> None:
        super().__init__("there is no community to draw cells in; hand in at least one area")


class ShapelessCommunity(GridError):
    """An area that nothing lies below has no usable shape; *number* is its place in the input."""

    def __init__(self, code: str, number: int, reason: str) -> None:
        super().__init__(f"community {code!r} has no usable shape: {reason}; repair it first")
        self.code, self.number, self.reason = code, number, reason


class OverlappingCommunities(GridError):
    """Two communities claim the same ground."""

    def __init__(self, one: str, other: str, m2: float, lon: float, lat: float) -> None:
        super().__init__(
            f"communities {one} and {other} overlap by {m2:,.1f} m² near {lon:.6f}, {lat:.6f}; "
            "redraw the border between the two"
        )
        self.one, self.other, self.m2, self.lon, self.lat = one, other, m2, lon, lat


class TooManyCells(GridError):
    """A community has more cells than its codes have serials."""

    def __init__(self, community: str, count: int, most: int) -> None:
        super().__init__(
            f"community {community} would have {count} cells, codes go to {most}; "
            "divide the community or aim at larger cells"
        )
        self.community, self.count, self.most = community, count, most


class BrokenTessellation(GridError):
    """The cells made do not cover the communities; handed out by nobody, told with the figures."""

    def __init__(self, overlap_m2: float, gap_m2: float, crossing_m2: float) -> None:
        super().__init__(
            f"the cells overlap by {overlap_m2:.3f} m², leave {gap_m2:.3f} m² open and reach "
            f"{crossing_m2:.3f} m² out of their communities; check that the borders of "
            "neighbouring communities meet"
        )
        self.overlap_m2, self.gap_m2, self.crossing_m2 = overlap_m2, gap_m2, crossing_m2
