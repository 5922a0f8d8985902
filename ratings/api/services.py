"""What controllers work with. It is handed to them; nothing is global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from ratings.api.authorisation import Policy
from ratings.api.combining import Combiner
from ratings.api.spooling import Spooling
from ratings.core.discrepancies import Watch
from ratings.exporters import Exports
from ratings.metrics.service import ServiceMetrics
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.settling import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """One process's share of the system.

    policy: who may do what. region: of events whose format names none. clock: the present, in UTC.
    watch: how patient reconciliation is. metrics: what this process tells of itself.
    spooling: where what the database does not take is kept; None for nowhere.
    secured: whether requests must say who sends them.
    """

    engine: Engine
    settings: Settings
    rater: Rater
    reader: Reader
    combiner: Combiner
    exports: Exports
    policy: Policy
    region: str
    clock: Callable[[], datetime]
    watch: Watch
    metrics: ServiceMetrics
    spooling: Spooling | None = None
    secured: bool = False
