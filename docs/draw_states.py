"""Draws `docs/states.md` from the transition table in `prefect.schemas.states`; a test holds it current.

Run it with `make pages`. Nothing here knows a transition: change the table, then draw.
"""

from pathlib import Path

from prefect.schemas.states import TERMINAL_STATES, TRANSITIONS, StateType

PAGE = Path(__file__).with_name("states.md")
ENDED = "ENDED"
NO_STATE = "[*]"

TEXT = """\
# States

<!-- Drawn by docs/draw_states.py from the table in src/prefect/schemas/states.py: `make pages`. -->

A state has a type, one of nine, and a name. What the system does follows from the type; the name says more to
people (`AwaitingRetry` is a name of SCHEDULED, `TimedOut` one of FAILED).

## The drawing

From one type to the next, unless a change is forced. `ENDED` stands for the four types a run ends in:
{ended}.
Staying in a type (Pending, then Submitting) and leaving an ended run to run it again are left out here; they
stand in the table below.

```mermaid
stateDiagram-v2
{edges}
```

## The table

Down: the type a run is in. Across: the types that may follow. The rules of orchestration allow less where
they look at more than the type: a completed run whose result is stored is not run again, a run is not
submitted twice, a scheduled time is waited for.

{matrix}
"""


def edges() -> list[str]:
    """The lines of the drawing."""
    lines = []
    for source, targets in TRANSITIONS.items():
        if source in TERMINAL_STATES:
            continue
        name = NO_STATE if source is None else source.value
        lines += [
            f"    {name} --> {target.value}" for target in ordered(targets - TERMINAL_STATES - {source})
        ]
        if targets >= TERMINAL_STATES:
            lines.append(f"    {name} --> {ENDED}")
        else:
            lines += [f"    {name} --> {target.value}" for target in ordered(targets & TERMINAL_STATES)]
    lines.append(f"    state {ENDED} {{")
    lines += [f"        {target.value}" for target in ordered(TERMINAL_STATES)]
    return [*lines, "    }"]


def matrix() -> list[str]:
    """The lines of the table."""
    types = list(StateType)
    lines = [
        "| | " + " | ".join(target.value for target in types) + " |",
        "|---" * (len(types) + 1) + "|",
    ]
    for source, targets in TRANSITIONS.items():
        marks = ["●" if target in targets else "" for target in types]
        lines.append(
            f"| **{'(none yet)' if source is None else source.value}** | " + " | ".join(marks) + " |"
        )
    return lines


def ordered(types: frozenset[StateType]) -> list[StateType]:
    """In the order in which `StateType` names them: sets have none, and the page must not vary by itself."""
    return [each for each in StateType if each in types]


def page() -> str:
    """The whole page."""
    ended = ", ".join(each.value for each in ordered(TERMINAL_STATES))
    return TEXT.format(ended=ended, edges="\n".join(edges()), matrix="\n".join(matrix()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
