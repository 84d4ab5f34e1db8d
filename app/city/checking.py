"""Checking a city pack: everything is looked at, and all faults are told at once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from app.city import (
    calendars,
    catalogue,
    institutions,
    ladders,
    patrols,
    routing,
    rules,
    sensing,
    severity,
    situations,
)
from app.city.archives import opened
from app.city.codes import all_codes, codes_of, component_codes, matter_codes
from app.city.components import read_components
from app.city.dispatching import check_held_back
from app.city.divisions import check_divisions
from app.city.drawings import read_drawings
from app.city.faults import BrokenPack, Fault, Faults
from app.city.figures import Ground, read_figures
from app.city.layers import read_layer
from app.city.lines import Line
from app.city.merging import check_families
from app.city.pack import CityPack
from app.city.packing import packed
from app.city.profile import FILE as PROFILE
from app.city.profile import Profile, Tolerance, read_profile
from app.city.reading import Sheet, read_rules, read_sheet, read_toml
from app.city.rule_checks import Town, check_rules
from app.city.territory import (
    AREAS,
    CELLS,
    EVERYWHERE,
    Areas,
    Cells,
    areas_below_the_city,
    bounds_of,
    read_areas,
    read_cells,
)
from app.city.tessellation import Plane, check_tessellation
from dispatch.case import Move
from grid.catalogue import MATTER
from grid.divisions import Register
from grid.profile.figures import summary


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found: a pack, or faults. Never both, never neither; and perhaps hints."""

    pack: CityPack | None
    faults: tuple[Fault, ...]
    hints: tuple[Fault, ...] = ()

    def sound(self) -> CityPack:
        """The pack; BrokenPack when it has faults."""
        if self.pack is None:
            raise BrokenPack(self.faults)
        return self.pack


def check_pack(path: Path, register: Register | None = None) -> Checked:
    """Check the pack in a folder or zip; NotAPack when *path* is neither.

    With a *register* of divisions the codes of its areas are held against that too.
    """
    with opened(path) as folder:
        return _Check(folder, register).run()


class _Check:
    """One run over one folder; a file that cannot be read makes its own fault, not others'."""

    def __init__(self, folder: Path, register: Register | None) -> None:
        self.folder, self.register = folder, register
        self.faults = Faults()

    def run(self) -> Checked:
        content = read_toml(self.folder, PROFILE, self.faults)
        profile = read_profile(content, self.faults) if content is not None else None
        departments = self._departments()
        areas, cells = self._territory(profile, codes_of(departments))
        drawings = read_drawings(self.folder, _source_crs(profile), self.faults)
        zone = _zone(profile)
        rule_lines, expect_lines = self._routing()
        parts = {
            "departments": departments,
            "catalogue": self._catalogue(profile, codes_of(departments)),
            "calendar": self._calendar(profile, codes_of(departments)),
            "routing": routing.routing_rules(rule_lines, codes_of(departments), zone),
            "sensors": self._sensors(areas),
            **self._severity(profile, areas),
        }
        parts |= self._duties_and_limits(parts, areas, cells)
        if profile:
            check_families(profile.city["merge"], matter_codes(parts), self.faults)
        parts |= self._sensor_rules(parts, zone)
        people = self._people(codes_of(departments), areas)
        parts |= self._patrols(areas, cells, people)
        parts |= self._ladders(profile, parts, areas, people)
        parts |= self._situations(parts, areas)
        components = read_components(
            self.folder, profile, component_codes(parts), cells, self.faults
        )
        ground = Ground.of(areas, cells) if areas and cells and _hold(areas, cells) else None
        figures = read_figures(self.folder, ground, _source_crs(profile), self.faults)
        if figures is not None:
            parts["profile"] = summary(figures)
        if self.faults.found or profile is None or areas is None or cells is None:
            return Checked(None, tuple(self.faults.found), tuple(self.faults.hints))
        check_held_back(profile.city.get("dispatch"), all_codes(parts, areas), self.faults)
        check_rules(rule_lines, expect_lines, Town.of(parts, areas, cells, zone))
        if self.faults.found:
            return Checked(None, tuple(self.faults.found), tuple(self.faults.hints))
        pack = packed(profile, parts, areas, cells, drawings, people)
        pack = replace(pack, components=components, figures=figures or ())
        return Checked(pack, (), tuple(self.faults.hints))

    def _sheet(
        self, file: str, columns: tuple[str, ...], *, optional: bool = False
    ) -> Sheet | None:
        return read_sheet(self.folder, file, columns, self.faults, optional=optional)

    def _departments(self) -> rules.Part | None:
        sheet = self._sheet("departments.csv", institutions.DEPARTMENTS)
        return institutions.departments(sheet) if sheet else None

    def _territory(
        self, profile: Profile | None, departments: set[str] | None
    ) -> tuple[Areas | None, Cells | None]:
        crs = _source_crs(profile)
        layer = read_layer(self.folder, "areas", AREAS, crs, self.faults)
        areas = read_areas(layer, profile, departments) if layer else None
        if areas and self.register:
            check_divisions(areas, self.register)
        layer = read_layer(self.folder, "cells", CELLS, crs, self.faults)
        cells = read_cells(layer, profile, areas.codes if areas else None) if layer else None
        if areas and cells:
            tolerance = profile.tolerance if profile else Tolerance()
            plane = Plane(bounds_of(areas))
            check_tessellation(areas, cells, tolerance, plane, self.faults)
        return areas, cells

    def _catalogue(
        self, profile: Profile | None, departments: set[str] | None
    ) -> dict[str, Any] | None:
        sheet = self._sheet(catalogue.FILE, catalogue.COLUMNS)
        questions = self._sheet(catalogue.QUESTIONS_FILE, catalogue.QUESTIONS, optional=True)
        if sheet is None:
            return None
        standard = profile.standard if profile else ""
        categories = catalogue.categories(sheet, standard, departments)
        if questions:
            catalogue.ask(questions, categories)
        return {"standard": standard, "categories": categories}

    def _calendar(self, profile: Profile | None, departments: set[str] | None) -> dict[str, Any]:
        sheet = self._sheet(calendars.FILE, calendars.COLUMNS)
        working_time = profile.working_time if profile else {}
        timezone = profile.city["timezone"] if profile else ""
        whole = Line(PROFILE, None, {}, self.faults)
        return calendars.calendar(sheet, working_time, timezone, departments, whole)

    def _routing(self) -> tuple[list[Line], list[Line]]:
        """The rules, and what is expected of them."""
        content = read_toml(self.folder, routing.FILE, self.faults, optional=True) or {}
        routing.refuse_unknown(content, self.faults)
        rule_lines = read_rules(content, routing.FILE, self.faults)
        return rule_lines, routing.expect_lines(content, self.faults)

    def _severity(self, profile: Profile | None, areas: Areas | None) -> dict[str, Any]:
        bounds = bounds_of(areas) if areas else None
        sites = severity.read_sites(self.folder, _source_crs(profile), bounds, self.faults)
        content = read_toml(self.folder, severity.FILE, self.faults, optional=True)
        lines = read_rules(content or {}, severity.FILE, self.faults)
        return {"sites": sites, "severity": severity.severity_rules(lines, sites)}

    def _sensors(self, areas: Areas | None) -> rules.Part | None:
        sheet = self._sheet(sensing.FILE, sensing.SENSORS, optional=True)
        if sheet is None:
            return None if (self.folder / sensing.FILE).exists() else []
        if areas is None:
            return sensing.sensors(sheet, EVERYWHERE, lambda lon_lat: [""] * len(lon_lat))
        return sensing.sensors(
            sheet, bounds_of(areas), lambda lon_lat: areas_below_the_city(areas, lon_lat)
        )

    def _sensor_rules(self, parts: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        content = read_toml(self.folder, sensing.RULES_FILE, self.faults, optional=True) or {}
        whole = Line(sensing.RULES_FILE, None, content, self.faults)
        lines = read_rules(content, sensing.RULES_FILE, self.faults)
        listed = parts["catalogue"]
        reportable = rules.reportable_codes(listed["categories"]) if listed else None
        known = sensing.Known(parts["sensors"], reportable, parts["limits"], zone)
        return {
            "sensing": sensing.settings(whole),
            "sensor_rules": sensing.sensor_rules(lines, whole, known),
        }

    def _people(
        self, departments: set[str] | None, areas: Areas | None
    ) -> list[institutions.Person]:
        sheet = self._sheet("people.csv", institutions.PEOPLE)
        codes = areas.codes if areas else None
        return institutions.people(sheet, departments, codes) if sheet else []

    def _patrols(
        self, areas: Areas | None, cells: Cells | None, people: list[institutions.Person]
    ) -> dict[str, Any]:
        """Duty grids and shifts; nothing of what the pack does not bring, which then stays."""
        sheet = self._sheet(patrols.GRIDS_FILE, patrols.GRIDS, optional=True)
        walked = self._sheet(patrols.SHIFTS_FILE, patrols.SHIFTS, optional=True)
        homes = patrols.Homes.of(areas, cells) if areas and cells and _hold(areas, cells) else None
        is_unread = sheet is None and (self.folder / patrols.GRIDS_FILE).exists()
        grids = patrols.duty_grids(sheet, homes) if sheet else None if is_unread else []
        found: dict[str, Any] = {"duty_grids": grids} if sheet else {}
        if walked:
            found["duty_shifts"] = patrols.duty_shifts(walked, grids, people, homes)
        return found

    def _ladders(
        self,
        profile: Profile | None,
        parts: Mapping[str, Any],
        areas: Areas | None,
        people: list[institutions.Person],
    ) -> dict[str, Any]:
        """Ladders of escalation; nothing when the pack does not bring any, which then stay."""
        content = read_toml(self.folder, ladders.FILE, self.faults, optional=True)
        if content is None:
            return {}
        listed = parts["catalogue"]
        known = ladders.Known(
            categories=ladders.beginnings(listed["categories"]) if listed else None,
            areas=areas.codes if areas else None,
            departments=codes_of(parts["departments"]),
            people=people,
            supervises=profile is None or Move.SUPERVISE not in profile.city["workflow"]["off"],
        )
        return {"escalation": ladders.read_ladders(content, known, self.faults)}

    def _situations(self, parts: Mapping[str, Any], areas: Areas | None) -> dict[str, Any]:
        """What is one situation; nothing when the pack does not say, which then stays."""
        content = read_toml(self.folder, situations.FILE, self.faults, optional=True)
        if content is None:
            return {}
        listed, sensors = parts["catalogue"], parts["sensors"]
        known = situations.Known(
            categories=ladders.beginnings(listed["categories"]) - {"*"} if listed else None,
            properties=None if sensors is None else {one["property"] for one in sensors},
            areas=areas.codes if areas else None,
        )
        return {situations.PART: situations.read_situations(content, known, self.faults)}

    def _duties_and_limits(
        self, parts: dict[str, Any], areas: Areas | None, cells: Cells | None
    ) -> dict[str, Any]:
        """What leans on the catalogue; checked against nothing where that could not be read."""
        listed = parts["catalogue"]
        categories = listed["categories"] if listed else []
        matters = {c["code"] for c in categories if c["kind"] == MATTER} if listed else None
        reportable = rules.reportable_codes(categories)
        if listed and not reportable:
            problem, remedy = "nothing can be reported", "Make some matters reportable"
            self.faults.add(catalogue.FILE, None, "reportable", problem, remedy)
        duties, limits = [], []
        if sheet := self._sheet("jurisdiction.csv", rules.JURISDICTION):
            codes = areas.codes if areas else None
            known = codes_of(parts["departments"])
            duties = rules.jurisdiction(sheet, matters, codes, known)
            duties += catalogue.default_duties(categories)
            if areas and cells and _hold(areas, cells):
                of_cells = Counter(row["area"] for row in cells.rows)
                rules.check_everybody_has_somebody(sheet, duties, reportable, areas.rows, of_cells)
        if sheet := self._sheet("limits.csv", rules.LIMITS):
            limits = rules.limits(sheet, matters, reportable)
        return {"jurisdiction": duties, "limits": limits}


def _hold(areas: Areas, cells: Cells) -> bool:
    """Whether the areas form a tree that holds every cell."""
    return areas.is_tree and set(cells.areas_used) <= areas.codes


def _zone(profile: Profile | None) -> ZoneInfo:
    """The zone of the city's clocks; any where the name is a fault, for then nothing is loaded."""
    name = profile.city["timezone"] if profile else ""
    return ZoneInfo(name if name in available_timezones() else "UTC")


def _source_crs(profile: Profile | None) -> str:
    return profile.source_crs if profile else ""
