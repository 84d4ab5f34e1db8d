"""Everything a decision is made by, at fixed versions; deciding again by another is what-if."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.auto_dispatch import AutoDispatch
from dispatch.calendar import WorkingCalendar
from dispatch.deadlines import Limits
from dispatch.matching import Matching
from dispatch.routing import Router
from dispatch.sensing.alarms import AlarmRules
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Sensors
from dispatch.severity import Grading
from dispatch.workflow.variant import Variant
from grid.catalogue import Catalogue
from grid.department import Departments
from grid.locate import Grid


@dataclass(frozen=True)
class Rulebook:
    """One city at one version of grid, catalogue, routing, limits and calendar.

    *versions* names the version of each part and is stored with every case. *auto_file* says
    whether reports become filed cases without a person. *variant* is what the city has made of the
    workflow, *auto_dispatch* what it leaves to its rules.
    """

    city: str
    grid: Grid
    catalogue: Catalogue
    departments: Departments
    router: Router
    limits: Limits
    calendar: WorkingCalendar
    versions: Mapping[str, int]
    auto_file: bool = True
    matching: Matching = field(default_factory=Matching)
    grading: Grading = field(default_factory=Grading)
    variant: Variant = field(default_factory=Variant)
    auto_dispatch: AutoDispatch = field(default_factory=AutoDispatch)
    alarms: AlarmRules = field(default_factory=lambda: AlarmRules(Sensors(), ()))
    sensor_rules: SensorRules = field(default_factory=SensorRules)
