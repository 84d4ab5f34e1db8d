"""Who and what is in the cells of the demo city: invented figures, aggregates only."""

from typing import Final

import numpy as np

from app.city.yunxi.catalogue import Line
from app.city.yunxi.tiling import Tiling

SOURCE: Final = "演示数据 / invented"
AS_OF: Final = "2026-01-01"
PEOPLE_PER_CELL: Final = 150.0
PEOPLE_PER_HOUSEHOLD: Final = 2.6
PLACES_PER_SHELTER: Final = 400


def figures(tiling: Tiling, rng: np.random.Generator) -> list[Line]:
    """One line per cell; some cells are empty, some crowded."""
    count = len(tiling.cells)
    people = rng.negative_binomial(1.3, 1.3 / (1.3 + PEOPLE_PER_CELL), count)
    shelters = rng.binomial(1, 0.03, count)
    columns = {
        "population": people,
        "households": np.round(people / PEOPLE_PER_HOUSEHOLD).astype(int),
        "legal_units": rng.poisson(people / 40),
        "buildings": rng.poisson(1 + people / 30),
        "key_sites": rng.binomial(2, 0.05, count),
        "shelters": shelters,
        "shelter_places": shelters * PLACES_PER_SHELTER,
        "cameras": rng.poisson(1.2, count),
    }
    return [
        {
            "code": code,
            "source": SOURCE,
            "as_of": AS_OF,
            **{name: str(values[number]) for name, values in columns.items()},
        }
        for number, code in enumerate(tiling.cells["code"].tolist())
    ]
