"""What number a rule judges: the signals. Each is a fold over the samples of its members.

To add one (a forecast, say): write the class, name it in `KINDS` and in `rules.SIGNALS`, and read
its settings in `app.city.sensing_rules`. A signal whose samples cross nothing must be asked all the
same, so its devices are always busy; see `courses.Courses`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from dispatch.sensing.rules import SensorRule
from dispatch.sensing.signals.alone import Measured, Rate, Silence, Stuck
from dispatch.sensing.signals.among import Neighbours, Together
from dispatch.sensing.signals.base import Judged, Signal, Timeless, Values
from dispatch.sensing.signals.past import Deviation

__all__ = ["KINDS", "Judged", "Signal", "Timeless", "Values"]

KINDS: Final[dict[str, Callable[[SensorRule, ZoneInfo], Signal]]] = {
    "value": Measured,
    "rate": Rate,
    "deviation": Deviation,
    "neighbours": Neighbours,
    "together": Together,
    "stuck": Stuck,
    "silence": Silence,
}
