"""The doors of the management grid: releases, cells, areas, components and figures as JSON."""

from __future__ import annotations

from typing import Final

from app.http.grid import cells, components, locating, profiles, releases

ROUTES: Final = [
    *releases.ROUTES,
    *profiles.ROUTES,  # before the cells: a code may have slashes in it
    *cells.ROUTES,
    *locating.ROUTES,
    *components.ROUTES,
]
