"""What can go wrong between the numbered log and a screen; each error carries its facts."""


class MapsError(Exception):
    """Base of every error of this package."""


class UnreadableRow(MapsError):
    """A row of the numbered log does not tell about a case in the form it promises."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"row {position} of the numbered log cannot be shown: {problem}")
        self.position, self.problem = position, problem


class PatchesMissing(MapsError):
    """Patches must join on without a hole; this one starts too late."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"the next patch must be {expected}, not {got}: read the rows between")
        self.expected, self.got = expected, got


class UnknownLayer(MapsError):
    """No tile layer has this name."""

    def __init__(self, layer: str) -> None:
        super().__init__(f"there is no tile layer {layer!r}")
        self.layer = layer


class NoSuchTile(MapsError):
    """The tile numbers lie outside the world at this zoom."""

    def __init__(self, z: int, x: int, y: int) -> None:
        super().__init__(f"there is no tile {z}/{x}/{y}: x and y run from 0 to 2^z - 1, z to 22")
        self.z, self.x, self.y = z, x, y


class MapWithoutCity(MapsError):
    """No city pack is loaded: there is nothing to draw."""

    def __init__(self) -> None:
        super().__init__("no city is loaded: run `citygrid city load PACK` first")


class LogAway(MapsError):
    """The numbered log cannot be read now; it is tried again."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the numbered log cannot be read: {problem}")
        self.problem = problem


class ForeignAsset(MapsError):
    """A document would ask another host for a script or style that nobody expected."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(f"{name!r} would come from {url}: vendor it, or say that it is not needed")
        self.name, self.url = name, url


class VendoredFilesMissing(MapsError):
    """A third-party file that a document holds is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed: run `python setup/vendor.py` first")
        self.name = name


class NothingToDraw(MapsError):
    """A map was asked for where there is no cell."""

    def __init__(self) -> None:
        super().__init__("there is no cell to draw")
