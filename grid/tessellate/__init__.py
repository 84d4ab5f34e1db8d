"""From communities and lines to unit cells: drawn, numbered, named and proven to cover.

All vertices lie on a lattice of a billionth of a degree, about 0.1 mm, from the first step to the
last. Nothing is rounded at the end, so neighbours share their vertices exactly and nothing comes
apart. `docs/grid.md` tells how cells are made.
"""

from grid.tessellate.account import Account
from grid.tessellate.communities import Ground
from grid.tessellate.measures import Measures
from grid.tessellate.tessellation import Tessellation, tessellate

__all__ = ["Account", "Ground", "Measures", "Tessellation", "tessellate"]
