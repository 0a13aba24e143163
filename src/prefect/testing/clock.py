"""Time under the control of a test: retry delays and scheduled starts without waiting.

>>> with use_clock(VirtualClock()) as clock:
...     my_flow()
>>> clock.slept
[10.0, 20.0]

Not here: time limits on running code; those are real.
"""

from __future__ import annotations

from prefect._clock import Clock, VirtualClock, clock, use_clock

__all__ = ["Clock", "VirtualClock", "clock", "use_clock"]
