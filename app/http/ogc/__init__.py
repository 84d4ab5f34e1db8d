"""OGC API - Features, Part 1 (OGC 17-069r4): the ground and its cases for any GIS, read only."""

from __future__ import annotations

from typing import Final

from app.http.ogc import items, pages

ROUTES: Final = [*items.ROUTES, *pages.ROUTES]
