"""Names, text, random intervals, hashes, slugs."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from prefect.exceptions import HashError
from prefect.utilities._words import ADJECTIVES, NOUNS
from prefect.utilities.hashing import file_hash, hash_objects, stable_hash
from prefect.utilities.math import (
    bounded_poisson_interval,
    clamped_poisson_interval,
    exponential_cdf,
    lower_clamp_multiple,
    poisson_interval,
)
from prefect.utilities.names import IGNORE_LIST, generate_slug, obfuscate, obfuscate_string
from prefect.utilities.slugify import slugify
from prefect.utilities.text import fuzzy_match_string, truncated_to


@pytest.fixture(autouse=True)
def _same_numbers_every_time() -> None:
    random.seed(7)


def test_words_are_plain_and_listed_once() -> None:
    words = ADJECTIVES + NOUNS
    assert len(set(words)) == len(words)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    assert not IGNORE_LIST & set(words)
    assert min(len(ADJECTIVES), len(NOUNS)) > 200


@pytest.mark.parametrize("n_words", [1, 2, 3, 5])
def test_slugs_have_as_many_words_as_asked(n_words: int) -> None:
    words = generate_slug(n_words).split("-")
    assert len(words) == n_words
    assert words[-1] in NOUNS
    assert set(words[:-1]) <= set(ADJECTIVES)


def test_slugs_need_a_word_and_ignore_the_seed_of_the_user() -> None:
    with pytest.raises(ValueError, match="n_words=0"):
        generate_slug(0)
    random.seed(1)
    first = [generate_slug(2) for _ in range(8)]
    random.seed(1)
    assert [generate_slug(2) for _ in range(8)] != first
    random.seed(1)
    expected = random.random()
    random.seed(1)
    generate_slug(2)
    assert random.random() == expected


def test_secrets_are_hidden_and_their_length_too() -> None:
    assert {obfuscate(value) for value in ("", "pw", "a long secret", None, SecretStr("x"))} == {"********"}
    assert obfuscate_string("short", show_tail=True) == "********"
    assert obfuscate_string("longsecretvalue", show_tail=True) == "****alue"
    assert obfuscate_string("12345678901", show_tail=True) == "*******1"
    assert obfuscate(SecretStr("longsecretvalue"), show_tail=True) == "****alue"


@pytest.mark.parametrize(
    ("length", "value", "shortened"),
    [
        (20, "a" * 50 + "b" * 50, "a" * 10 + "...80 additional characters..." + "b" * 10),
        (20, "a" * 40, "a" * 40),
        (20, "short", "short"),
        (20, None, ""),
        (0, "abc", "abc"),
    ],
)
def test_truncation(length: int, value: str | None, shortened: str) -> None:
    assert truncated_to(length, value) == shortened


def test_fuzzy_matching() -> None:
    assert fuzzy_match_string("flw", ["task", "flow"]) == "flow"
    assert fuzzy_match_string("zzz", ["task", "flow"]) is None


def test_clamped_intervals_stay_in_bounds_and_keep_the_average() -> None:
    intervals = [clamped_poisson_interval(10, 0.3) for _ in range(20_000)]
    assert min(intervals) > 7
    assert max(intervals) <= 13
    assert sum(intervals) / len(intervals) == pytest.approx(10, abs=0.05)
    assert clamped_poisson_interval(0) == 0
    with pytest.raises(ValueError, match="clamping_factor"):
        clamped_poisson_interval(10, 0)


def test_bounded_intervals_stay_in_bounds() -> None:
    intervals = [bounded_poisson_interval(10, 30) for _ in range(2_000)]
    assert 10 <= min(intervals) < 12
    assert 27 < max(intervals) <= 30


@pytest.mark.parametrize("k", [0.1, 0.5, 1.0, 1.3, 5.0, 51.0])
def test_the_lower_clamp_balances_the_upper(k: float) -> None:
    from math import exp

    other = lower_clamp_multiple(k)
    assert other * exp(-other) == pytest.approx(k * exp(-k), rel=1e-9)
    assert (other - 1) * (k - 1) <= 0


def test_quantiles_of_the_exponential_distribution() -> None:
    assert poisson_interval(10, lower=exponential_cdf(4, 10), upper=exponential_cdf(4, 10)) == pytest.approx(
        4
    )
    assert poisson_interval(10, lower=1, upper=1) > 200


def test_hashes_of_text_and_files(tmp_path: Path) -> None:
    assert stable_hash("a", b"b") == hashlib.md5(b"ab").hexdigest()
    assert stable_hash("ab", hash_algo=hashlib.sha256) == hashlib.sha256(b"ab").hexdigest()
    file = tmp_path / "file"
    file.write_bytes(b"x" * 3_000_000)
    assert file_hash(str(file)) == hashlib.md5(b"x" * 3_000_000).hexdigest()


def test_hashes_of_objects_tell_apart_what_is_different() -> None:
    values: list[Any] = [1, True, 1.0, "1", (1,), [1], {"a": 1}, {1}, None, object]
    assert len({hash_objects(value) for value in values}) == len(values)
    assert hash_objects(a=1, b=2) == hash_objects(b=2, a=1)
    assert hash_objects(1) != hash_objects(1, hash_algo=hashlib.sha256)


def test_objects_without_a_hash() -> None:
    numbers = (i for i in range(3))
    assert hash_objects(numbers) is None
    with pytest.raises(HashError, match="generator"):
        hash_objects(numbers, raise_on_failure=True)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello Wörld_x y", "hello-world-x-y"),
        ("  --a--b--  ", "a-b"),
        ("Straße", "strasse"),
        ("it's", "its"),
        ("", ""),
    ],
)
def test_slugs_of_text(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_slugs_by_other_rules() -> None:
    assert slugify("A b", separator="_", lowercase=False) == "A_b"
    assert slugify("hello big world", max_length=7) == "hello-b"
    assert slugify("hello big world", max_length=7, word_boundary=True) == "hello"
    assert slugify("hello big world", max_length=9, word_boundary=True) == "hello-big"
    assert slugify("a.b c", regex_pattern=r"[^a-z.]+") == "a.b-c"
