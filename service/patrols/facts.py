"""The facts that a phone reports, as they are kept: times corrected, positions in WGS-84."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from geo.tracks import Fixes


class MomentFact(NamedTuple):
    """A patrol began or ended."""

    id: UUID
    patrol_id: UUID
    kind: str
    mode: str | None
    recorded_at: datetime
    phone_at: datetime
    received_at: datetime


class TrackFact(NamedTuple):
    """Some fixes of a patrol: N corrected fixes, and N unix milliseconds of the phone's own clock."""

    id: UUID
    patrol_id: UUID
    received_at: datetime
    fixes: Fixes
    phone_at: NDArray[np.int64]
    speed_mps: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    battery_pct: NDArray[np.float64]


class CheckInFact(NamedTuple):
    """A deliberate "I am here", graded and placed."""

    id: UUID
    patrol_id: UUID
    recorded_at: datetime
    phone_at: datetime
    received_at: datetime
    position: tuple[float, float] | None
    accuracy_m: float | None
    method: str
    proof: str | None
    note: str | None
    photos: list[str]
    marks: list[str]
    grade: str
    grid_id: int | None
    checkpoint_id: UUID | None = None
