"""Units as SensorThings tells them: a name, a symbol, and the code in UCUM where it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "m": ("metre", "m"),
    "cm": ("centimetre", "cm"),
    "mm": ("millimetre", "mm"),
    "m/s": ("metre per second", "m/s"),
    "m3/s": ("cubic metre per second", "m3/s"),
    "mm/h": ("millimetre per hour", "mm/h"),
    "°C": ("degree Celsius", "Cel"),
    "℃": ("degree Celsius", "Cel"),
    "C": ("degree Celsius", "Cel"),
    "Cel": ("degree Celsius", "Cel"),
    "%": ("percent", "%"),
    "Pa": ("pascal", "Pa"),
    "hPa": ("hectopascal", "hPa"),
    "kPa": ("kilopascal", "kPa"),
    "MPa": ("megapascal", "MPa"),
    "ug/m3": ("microgram per cubic metre", "ug/m3"),
    "µg/m³": ("microgram per cubic metre", "ug/m3"),
    "μg/m3": ("microgram per cubic metre", "ug/m3"),
    "mg/m3": ("milligram per cubic metre", "mg/m3"),
    "mg/L": ("milligram per litre", "mg/L"),
    "ppm": ("parts per million", "[ppm]"),
    "ppb": ("parts per billion", "[ppb]"),
    "dB": ("decibel", "dB"),
    "dB(A)": ("A-weighted decibel", "dB[SPL]"),
    "V": ("volt", "V"),
    "A": ("ampere", "A"),
    "kW": ("kilowatt", "kW"),
    "kWh": ("kilowatt hour", "kW.h"),
    "deg": ("degree of arc", "deg"),
    "lx": ("lux", "lx"),
    "": ("one", "1"),
}
_PREFIX: Final = "ucum:"


def unit_of_measurement(unit: str) -> dict[str, str | None]:
    """The unit of a sensor; without a definition where nobody has told what it is in UCUM."""
    name, code = _NAMES.get(unit, (unit, None))
    return {"name": name, "symbol": unit, "definition": None if code is None else _PREFIX + code}


def unit_meant(told: Mapping[str, object]) -> str:
    """The unit that a `unitOfMeasurement` names: its code in UCUM, else its symbol."""
    definition, symbol = told.get("definition"), told.get("symbol")
    if isinstance(definition, str) and definition.startswith(_PREFIX):
        return definition.removeprefix(_PREFIX)
    return symbol if isinstance(symbol, str) else ""


def is_same(one: str, other: str) -> bool:
    """Whether two ways to write a unit mean the same."""
    return _code(one) == _code(other)


def _code(unit: str) -> str:
    return _NAMES.get(unit, (unit, unit))[1]
