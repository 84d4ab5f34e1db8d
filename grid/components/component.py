"""A component by the attribute table of GB/T 47678.5: eighteen attributes and a shape."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

REPORTED_IN = "component"
"""The attribute of a report that names the component it is about."""


class ComponentState(StrEnum):
    """What a component is like, 管理部件状态. A removed one stays in the table."""

    INTACT = "intact"
    BROKEN = "broken"
    MISSING = "missing"
    DISUSED = "disused"
    REMOVED = "removed"

    @property
    def zh(self) -> str:
        """The word of the standard."""
        return _STATES[self]


_STATES = {
    ComponentState.INTACT: "完好",
    ComponentState.BROKEN: "破损",
    ComponentState.MISSING: "丢失",
    ComponentState.DISUSED: "废弃",
    ComponentState.REMOVED: "移除",
}


class Origin(StrEnum):
    """Where the position comes from, 数据来源."""

    UNKNOWN = ""
    SURVEYED = "surveyed"
    TOPOGRAPHIC = "topographic"
    BASE = "base"
    OTHER = "other"

    @property
    def zh(self) -> str:
        """The word of the standard; empty when unknown."""
        return _ORIGINS[self]


_ORIGINS = {
    Origin.UNKNOWN: "",
    Origin.SURVEYED: "实测",
    Origin.TOPOGRAPHIC: "地形图",
    Origin.BASE: "基础地理数据",
    Origin.OTHER: "其他",
}


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation by its unified social credit code (18) and name; both may be empty."""

    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One component. *geometry* is a point, line or area in lon/lat degrees WGS84.

    *category* is the component category, also where ids follow no standard. *manager* answers for
    it (主管部门), *owner* owns it (权属单位), *maintainer* looks after it (养护单位). *accuracy* is
    the survey's class A, B or C, empty when not said.
    """

    id: str
    category: str
    name: str
    manager: Body
    cell: str
    state: ComponentState
    initial_on: date
    geometry: BaseGeometry
    owner: Body = Body()
    maintainer: Body = Body()
    changed_on: date | None = None
    origin: Origin = Origin.UNKNOWN
    note: str = ""
    street: Body = Body()
    community: Body = Body()
    accuracy: str = ""

    def facts(self) -> tuple[object, ...]:
        """Everything but the shape, flat, in the order of the table ``component``."""
        return (
            self.id, self.category, self.name,
            self.manager.code, self.manager.name, self.owner.code, self.owner.name,
            self.maintainer.code, self.maintainer.name, self.cell, self.state.value,
            self.initial_on, self.changed_on, self.origin.value, self.note,
            self.street.code, self.street.name, self.community.code, self.community.name,
            self.accuracy,
        )  # fmt: skip

    def digest(self) -> bytes:
        """SHA-256 of all that is stored: two that differ in anything differ in it."""
        told = json.dumps(self.facts(), ensure_ascii=False, default=str).encode()
        shape = shapely.to_wkb(self.geometry, byte_order=1)
        return hashlib.sha256(len(told).to_bytes(8, "big") + told + shape).digest()
