"""Histories of runs in the form that the API gives them."""

from __future__ import annotations

from collections.abc import Iterable

from prefect.schemas.responses import HistoryResponse, HistoryResponseState
from prefect.server.models.histories import Interval


def history_response(intervals: Iterable[Interval]) -> list[HistoryResponse]:
    """The intervals, each with its states."""
    return [
        HistoryResponse(
            interval_start=interval.interval_start,
            interval_end=interval.interval_end,
            states=[HistoryResponseState.model_validate(count._asdict()) for count in interval.states],
        )
        for interval in intervals
    ]
