"""The package's face: what `import prefect` offers without loading it."""

from __future__ import annotations

import pytest

import prefect


def test_submodules_are_attributes() -> None:
    assert prefect.runtime.flow_run.id is None
    assert prefect.states.Completed().is_completed()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = prefect.nonsense


def test_every_name_in_all_is_there() -> None:
    assert [name for name in prefect.__all__ if not hasattr(prefect, name)] == []
