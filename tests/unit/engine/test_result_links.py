"""Results remembered by identity: what can be remembered, for how long, and whose it is."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from prefect.engine.inputs import task_input
from prefect.engine.links import ResultLinks, trackable
from prefect.schemas.bases import uuid7


class Thing:
    """Something that can be referred to weakly."""


def source() -> Any:
    return task_input(uuid7())


@pytest.mark.parametrize("value", [None, True, False, ..., NotImplemented, -5, 0, 256])
def test_what_python_shares_says_nothing(value: Any) -> None:
    links = ResultLinks()
    links.remember(value, source())
    assert not trackable(value)
    assert not links
    assert links.source_of(value) is None


OTHERS = [-6, 257, 0.0, "", b"", (), [], {}, Thing(), Thing]


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_other_objects_are_remembered(value: Any) -> None:
    links, made_by = ResultLinks(), source()
    links.remember(value, made_by)
    assert trackable(value)
    assert links.source_of(value) is made_by
    assert len(links) == 1


def test_an_equal_object_is_another_one() -> None:
    links = ResultLinks()
    links.remember([1000], source())
    assert links.source_of([1000]) is None


@pytest.mark.parametrize("wrap", [list, tuple, frozenset, set, lambda items: dict(enumerate(items))])
def test_items_are_remembered_one_level_deep(wrap: Any) -> None:
    links, made_by = ResultLinks(), source()
    deep = Thing()
    items = (Thing(), (deep,), 7)
    links.remember(wrap(items), made_by)
    assert [links.source_of(item) for item in items] == [made_by, made_by, None]
    assert links.source_of(deep) is None


def test_keys_are_not_items() -> None:
    links, key = ResultLinks(), "a key"
    links.remember({key: Thing()}, source())
    assert links.source_of(key) is None


def test_of_huge_containers_only_the_container_is_remembered() -> None:
    links, made_by = ResultLinks(), source()
    huge = [Thing() for _ in range(1001)]
    links.remember(huge, made_by)
    assert links.source_of(huge) is made_by
    assert links.source_of(huge[0]) is None
    assert len(links) == 1


def test_the_latest_maker_counts() -> None:
    links, thing, latest = ResultLinks(), Thing(), source()
    links.remember(thing, source())
    links.remember(thing, latest)
    assert links.source_of(thing) is latest


def test_sources_among_many_are_told_once_each() -> None:
    links, first, second = ResultLinks(), source(), source()
    things = [Thing() for _ in range(6)]
    for thing, made_by in zip(things, [first, first, second, second, first], strict=False):
        links.remember(thing, made_by)
    assert set(links.sources_among(things)) == {first, second}
    assert len(links.sources_among(things)) == 2
    assert links.sources_among([Thing()]) == []


def test_a_remembered_object_keeps_its_identity_to_itself() -> None:
    """As long as an identity is remembered no other object can have it."""
    links = ResultLinks()
    identities = set()
    for _ in range(100):
        thing = Thing()
        identities.add(id(thing))
        links.remember(thing, source())
        del thing
    assert len(identities) == 100


def test_an_entry_of_another_object_does_not_count() -> None:
    """Were an identity reused all the same, the object found under it would not be taken for the new one."""
    links, thing = ResultLinks(), Thing()
    links._links[id(thing)] = (Thing(), source())
    assert links.source_of(thing) is None


def test_what_nobody_else_refers_to_is_forgotten() -> None:
    links = ResultLinks()
    wanted = [Thing() for _ in range(10)]
    for thing in wanted:
        links.remember(thing, source())
    unwanted = []
    for _ in range(20_000):
        thing = Thing()
        unwanted.append(weakref.ref(thing))
        links.remember([thing], source())
    del thing
    gc.collect()
    assert all(links.source_of(thing) is not None for thing in wanted)
    assert len(links) <= 2500
    assert sum(reference() is not None for reference in unwanted) <= 2500


def test_containers_do_not_keep_their_items_from_being_forgotten() -> None:
    links = ResultLinks()
    for _ in range(1000):
        links.remember([Thing(), Thing()], source())
    links._sweep()
    assert len(links) <= 1


def test_only_one_thread_sweeps_at_a_time() -> None:
    from prefect.engine import links as module

    links = ResultLinks()
    links.remember(Thing(), source())
    with module._sweeping:
        links._sweep()
    assert len(links) == 1
    links._sweep()
    assert len(links) == 0
