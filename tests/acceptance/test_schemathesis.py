"""Every route of our OpenAPI document under requests made from it: no 5xx, no hang, no answer outside its schema.

The same requests every time; SCHEMATHESIS_EXAMPLES makes more of each (the default is made for CI), TESTS_SEED
others.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from prefect.testing.server import running_server

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))
SEED = int(os.environ.get("TESTS_SEED", "1"))
PATIENCE_SECONDS = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a running server, which knows where the server is."""
    with running_server(f"sqlite:///{tmp_path_factory.mktemp('server')}/server.db") as url:
        document = httpx.get(f"{url}/openapi.json", timeout=PATIENCE_SECONDS, trust_env=False).json()
        yield schemathesis.openapi.from_dict(document), url


def test_no_request_made_from_the_document_breaks_the_server(schema: Any) -> None:
    described, url = schema
    faults: list[str] = []
    answers: Counter[int] = Counter()
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 150
    for operation in operations:
        if not operation.path.endswith("/admin/database/clear"):
            faults += faults_of(operation, url, answers)
    assert not faults, "\n\n".join(faults)
    assert answers[200] > len(operations) / 4, f"hardly a request was understood: {answers}"


def faults_of(operation: Any, url: str, answers: Counter[int]) -> list[str]:
    """What went wrong with requests to one route; each kind of fault once."""
    found: dict[str, str] = {}

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, timeout=PATIENCE_SECONDS)
        answers[answer.status_code] += 1
        if answer.status_code >= 500:
            found["error"] = f"{answer.status_code} {answer.text[:300]}\n{case.as_curl_command()}"
            return
        try:
            case.operation.validate_response(answer)
        except Exception as error:
            found[type(error).__name__] = f"{str(error)[:600]}\n{case.as_curl_command()}"

    ask()
    return [f"{operation.label}: {fault}" for fault in found.values()]
