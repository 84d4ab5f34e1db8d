"""Open311 GeoReport v2: the same intake, in the words and errors of that standard."""

from __future__ import annotations

from typing import Final

from app.http.open311 import requests, services

ROUTES: Final = [*requests.ROUTES, *services.ROUTES]
