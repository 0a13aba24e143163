"""What block schemas are known by, and which values of a block are secret."""

from typing import Any

import pytest

from prefect.schemas.block_fields import MASK, masked, schema_checksum, unmasked, with_used_definitions

A = {"title": "A", "type": "object", "properties": {"x": {"type": "string"}}}
B = {"title": "B", "type": "object", "properties": {"a": {"$ref": "#/definitions/A"}}}
BASE: dict[str, Any] = {"title": "T", "type": "object", "properties": {}}
REFERRING = {**BASE, "properties": {"b": {"anyOf": [{"$ref": "#/definitions/B"}, {"type": "null"}]}}}


def test_checksums_are_those_that_other_programs_compute() -> None:
    # observed with the original's server
    assert schema_checksum({}).startswith("sha256:f8e6e96abbc38")
    assert schema_checksum(BASE).startswith("sha256:88288903bbd9b7d8b031cfd36847d334")
    assert schema_checksum({**BASE, "description": "x"}).startswith("sha256:20e67c8013a41")


@pytest.mark.parametrize(
    "same",
    [
        {**BASE, "secret_fields": ["a"]},
        {**BASE, "definitions": {"A": A}},
        dict(reversed(BASE.items())),
    ],
)
def test_what_does_not_change_a_checksum(same: dict[str, Any]) -> None:
    assert schema_checksum(same) == schema_checksum(BASE)


def test_secrets_of_a_definition_do_not_change_a_checksum_and_its_fields_do() -> None:
    def told(**of_a: Any) -> str:
        return schema_checksum({**REFERRING, "definitions": {"A": {**A, **of_a}, "B": B}})

    assert told(secret_fields=["x"]) == told()
    assert told(title="other") != told()


def test_definitions_that_nothing_refers_to_are_left_out() -> None:
    fields = with_used_definitions({**REFERRING, "definitions": {"A": A, "B": B, "Z": A}})
    assert list(fields["definitions"]) == ["A", "B"]
    assert with_used_definitions({**BASE, "definitions": {"Z": A}}) == BASE
    circle = {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}}
    assert with_used_definitions({**REFERRING, "definitions": circle})["definitions"] == circle


DATA = {
    "plain": 1,
    "pw": "secret",
    "deep": {"pw": "secret", "user": "me"},
    "map": {"k": "secret", "inner": {"z": ["secret", None]}},
    "list": [{"k": "secret", "j": 1}, {"j": 2}],
    "nothing": None,
}
SECRET = ["pw", "deep.pw", "map.*", "list.*.k", "nothing", "absent.pw", "plain.deeper"]


def test_secret_values_are_masked_wherever_they_lie() -> None:
    assert masked(DATA, SECRET) == {
        "plain": 1,
        "pw": MASK,
        "deep": {"pw": MASK, "user": "me"},
        "map": {"k": MASK, "inner": {"z": [MASK, None]}},
        "list": [{"k": MASK, "j": 1}, {"j": 2}],
        "nothing": None,
    }
    assert masked({"all": DATA}, ["all"])["all"]["plain"] == MASK
    assert DATA["pw"] == "secret"


def test_what_comes_back_masked_is_what_was_stored() -> None:
    assert unmasked(masked(DATA, SECRET), DATA) == DATA
    changed = {**masked(DATA, SECRET), "pw": "new"}
    assert unmasked(changed, DATA) == {**DATA, "pw": "new"}


def test_a_mask_without_a_stored_value_is_a_text_like_others() -> None:
    assert unmasked({"new": MASK, "list": [MASK, MASK]}, {"list": ["x"]}) == {
        "new": MASK,
        "list": ["x", MASK],
    }
