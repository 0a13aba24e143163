"""Words for times, numbers, names and states: short, narrow where columns need it, never wrong by a unit."""

from datetime import UTC, datetime, timedelta

import pytest

from prefect.cli import _wording as words
from prefect.schemas.states import StateType

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (0.000001, "1µs"), (0.000999, "999µs"), (0.0009996, "1.0ms"), (0.00994, "9.9ms"),
        (0.00996, "10ms"), (0.0994, "99ms"), (0.0996, "0.10s"), (0.5, "0.50s"), (9.99, "9.99s"),
        (9.996, "10.0s"), (59.94, "59.9s"), (59.96, "1m 00s"), (61, "1m 01s"), (3599.6, "1h 00m"),
        (7440, "2h 04m"), (86_399, "23h 59m"), (86_400, "1d 0h"), (273_600, "3d 4h"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == text


def test_durations_below_a_minute_fit_seven_columns() -> None:
    for exponent in range(-60, 18):
        assert len(words.duration(timedelta(seconds=10 ** (exponent / 10)))) <= 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"), (0.9, "just now"), (1, "1s ago"), (59.9, "59s ago"), (60, "1m ago"),
        (3600, "1h ago"),
        (86_400, "1d ago"), (29 * 86_400, "29d ago"), (31 * 86_400, "2026-02-01"), (-0.5, "just now"),
        (-90, "in 1m"), (-31 * 86_400, "2026-04-04"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_no_moment_has_no_age() -> None:
    assert words.ago(None, NOW) == ""


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "run", "0 runs"),
        (1, "run", "1 run"),
        (1234, "run", "1,234 runs"),
        (1, "retry", "1 retry"),
        (2, "retry", "2 retries"),
    ],
)
def test_numbers_with_nouns(number: int, noun: str, text: str) -> None:
    assert words.counted(number, noun) == text


@pytest.mark.parametrize(
    ("key", "run_name", "dynamic_key", "label"),
    [
        ("fn-0123abcd", "My task-4f2", "4f2-and-more", "My task"),
        ("fn-0123abcd", "clean-2012-01", "4f2", "fn"),
        ("fn-with-dashes-0123abcd", "custom", "4f2", "fn-with-dashes"),
        ("module.fn", "custom", "0", "module.fn"),
        ("child", "child-0", "0", "child"),
        ("fn-0123abcd", "-4f2", "4f2", "fn"),
        ("fn-0123abcd", "fn", "", "fn"),
    ],
)
def test_names_of_tasks(key: str, run_name: str, dynamic_key: str, label: str) -> None:
    assert words.task_label(key, run_name, dynamic_key) == label


def test_long_lists_are_cut() -> None:
    assert words.joined(["a", "b"], 2) == "a, b"
    assert words.joined(["a", "b", "c"], 2) == "a, b and 1 more"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, ""),
        ("Task run encountered an exception ValueError: no", "ValueError: no"),
        ("Flow run encountered an exception: ValueError: no", "ValueError: no"),
        ("two\n  lines", "two lines"),
        (
            "Upstream task run '01a202fe-add5-7f12-b869-6fca20e09ee0' did not; nor did "
            "'01a202fe-add5-7f12-b869-6fca20e09ee1'",
            "Upstream task run 'source-abc' did not; nor did '01a202fe-add5-7f12-b869-6fca20e09ee1'",
        ),
    ],
)
def test_reasons_say_names_and_do_not_repeat_the_state(message: str | None, reason: str) -> None:
    assert words.reason(message, {"01a202fe-add5-7f12-b869-6fca20e09ee0": "source-abc"}) == reason


def test_every_type_of_state_has_a_sign_a_colour_and_a_rank() -> None:
    for type in StateType:
        text = words.state_text(type, "Name")
        assert text.plain.endswith(" Name")
        assert len(text.plain) == len("x Name")
        assert words.urgency(type) >= 0
    assert words.state_text(StateType.RUNNING, None).plain == "▸ Running"
    assert words.state_text(None, None).plain == "○ no state"


def test_counts_begin_with_what_needs_attention() -> None:
    counts = {
        (StateType.COMPLETED, "Cached"): 3,
        (StateType.COMPLETED, "Completed"): 1234,
        (StateType.FAILED, "TimedOut"): 1,
        (StateType.RUNNING, "Running"): 2,
    }
    assert words.counts_text(counts).plain == "✗ 1 TimedOut, 2 Running, 1,234 Completed, 3 Cached"
