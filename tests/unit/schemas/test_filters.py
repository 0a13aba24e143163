"""Filters: plain data, what they refuse, what they say when nothing is asked for."""

import datetime
from uuid import uuid4

import pytest
from pydantic import ValidationError

from prefect.schemas import filters
from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters import (
    BlockDocumentFilter,
    FilterSet,
    FlowFilter,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    LogFilterTextSearch,
    Operator,
    TaskRunFilter,
)

ALL_FILTERS = [
    found
    for name in filters.__all__
    if isinstance(found := getattr(filters, name), type) and issubclass(found, PrefectBaseModel)
]


def test_filters_survive_json() -> None:
    asked = FlowRunFilter(
        operator=Operator.or_,
        id={"any_": [uuid4()]},
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["RUNNING"])),
        start_time={"after_": "2026-01-01T00:00:00Z", "is_null_": False},
    )
    assert FlowRunFilter.model_validate_json(asked.model_dump_json()) == asked


def test_misspelt_criteria_of_flow_runs_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        FlowRunFilter.model_validate({"nmae": {"any_": ["x"]}})
    with pytest.raises(ValidationError, match="Extra inputs"):
        FlowRunFilter.model_validate({"name": {"any": ["x"]}})


def test_moments_without_zone_are_utc() -> None:
    asked = TaskRunFilter.model_validate({"start_time": {"before_": "2026-01-01T00:00:00"}})
    assert asked.start_time is not None
    assert asked.start_time.before_ == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_block_documents_without_name_must_be_asked_for() -> None:
    asked = BlockDocumentFilter()
    assert asked.is_anonymous is not None
    assert asked.is_anonymous.eq_ is False
    assert BlockDocumentFilter(is_anonymous=None).is_anonymous is None


def test_a_filter_set_asks_for_nothing_by_default() -> None:
    nothing = FilterSet()
    assert nothing.flows == FlowFilter()
    assert nothing.model_dump(exclude_none=True)["flow_runs"] == {"operator": Operator.and_}


def test_search_texts_are_bounded() -> None:
    assert LogFilterTextSearch(query="x" * 200)
    with pytest.raises(ValidationError, match="200"):
        LogFilterTextSearch(query="x" * 201)


@pytest.mark.parametrize("found", ALL_FILTERS, ids=lambda found: found.__name__)
def test_every_filter_says_what_it_selects(found: type[PrefectBaseModel]) -> None:
    assert found.__doc__
    required = {name for name, field in found.model_fields.items() if field.is_required()}
    assert required <= {"query", "task_keys"}, "a filter that is not filled in asks for nothing"
