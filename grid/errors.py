"""What can be wrong about the management grid and the people who answer for it."""


class GridError(Exception):
    """Base of every error of this package."""


class BadCellCode(GridError):
    """A text is not a code of a cell."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code!r} is not a cell code: {reason}")
        self.code, self.reason = code, reason


class BadCategoryCode(GridError):
    """A text is not a category code of its vintage."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code!r} is not a category code: {reason}")
        self.code, self.reason = code, reason


class BadMatterCode(GridError):
    """A text is not the code of a matter in a division."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code!r} is not a matter code: {reason}")
        self.code, self.reason = code, reason


class BadComponentId(GridError):
    """A text is not the id of a component."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code!r} is not the id of a component: {reason}")
        self.code, self.reason = code, reason


class BadCodePattern(GridError):
    """A city's pattern for cell codes is not a regular expression that could match a code."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"{pattern!r} cannot be used as a pattern of cell codes: {reason}")
        self.pattern, self.reason = pattern, reason


class UnknownArea(GridError):
    """No area of this grid version has the code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no area has the code {code!r}")
        self.code = code


class UnknownCell(GridError):
    """No cell of a grid version has the code."""

    def __init__(self, code: str, version: int) -> None:
        super().__init__(f"grid version {version} has no cell {code!r}")
        self.code, self.version = code, version


class BrokenHierarchy(GridError):
    """The areas do not form a tree: a parent is missing, or an area is above itself."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"area {code!r} {reason}")
        self.code, self.reason = code, reason


class UnknownDepartment(GridError):
    """No department of the city has the code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no department has the code {code!r}")
        self.code = code


class UnknownCategory(GridError):
    """The catalogue has no category with the code that a report could name."""

    def __init__(self, code: str, standard: str) -> None:
        super().__init__(f"{standard} has no category {code!r} that a report can name")
        self.code, self.standard = code, standard


class UnknownGridVersion(GridError):
    """No grid was stored under the version."""

    def __init__(self, version: int) -> None:
        super().__init__(f"no grid has the version {version}; load a city pack first")
        self.version = version


class CellsDoNotMatchIndex(GridError):
    """A point index and a list of cells that should describe one grid have different lengths."""

    def __init__(self, indexed: int, listed: int) -> None:
        super().__init__(f"the index holds {indexed} cells, the list of their areas {listed}")
        self.indexed, self.listed = indexed, listed
