"""What a stage costs: wall time, and the time of all processor cores."""

import os
import time
from dataclasses import dataclass, field

from unfade.work.receipt import Cost


def _cpu_s() -> float:
    """Seconds of all cores that this process and its finished children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(frozen=True)
class Clock:
    """A clock that starts when it is made."""

    wall_start_s: float = field(default_factory=time.perf_counter)
    cpu_start_s: float = field(default_factory=_cpu_s)

    def cost(self) -> Cost:
        """The cost since the start."""
        return Cost(
            wall_s=round(time.perf_counter() - self.wall_start_s, 2),
            cpu_s=round(_cpu_s() - self.cpu_start_s, 2),
        )
