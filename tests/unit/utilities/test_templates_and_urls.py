"""Placeholders in templates; URLs of objects."""

import asyncio
import logging
import socket
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings
from prefect.utilities import urls
from prefect.utilities.annotations import NotSet
from prefect.utilities.templating import (
    Placeholder,
    PlaceholderType,
    apply_values,
    find_placeholders,
    resolve_block_document_references,
    resolve_variables,
)
from prefect.utilities.urls import convert_class_to_name, url_for, validate_restricted_url

# --- Placeholders ---


def test_placeholders_are_found_with_their_types() -> None:
    template = {"a": ["{{ b }}", "{{c.d[0]}} and {{ $E }}"], "f": "{{ prefect.blocks.g.h }}", "i": 1}
    found = {(placeholder.name, placeholder.type.name) for placeholder in find_placeholders(template)}
    assert found == {
        ("b", "STANDARD"),
        ("c.d[0]", "STANDARD"),
        ("$E", "ENV_VAR"),
        ("prefect.blocks.g.h", "BLOCK_DOCUMENT"),
    }
    assert find_placeholders("{{ prefect.variables.v }}") == {
        Placeholder("{{ prefect.variables.v }}", "prefect.variables.v", PlaceholderType.VARIABLE)
    }


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{ n }}", 1),
        ("n={{ n }}, n={{ n }}", "n=1, n=1"),
        ("{{ dct.list[1] }}", "b"),
        ("{{ dct }}", {"list": ["a", "b"]}),
        ("{{ none }}", None),
        ("{{ missing }}", NotSet),
        ("x {{ missing }}", "x "),
        ({"k": "{{ missing }}", "l": ["{{ missing }}", "{{ n }}"]}, {"l": [1]}),
        ({"{{ n }}": "{{ n }}"}, {"{{ n }}": 1}),
        ("{{ $SET }}", "from the environment"),
        ("{{ $UNSET }}", ""),
        ("{{ prefect.blocks.a.b }} {{ n }}", "{{ prefect.blocks.a.b }} 1"),
        ("{{ prefect.variables.a }}", "{{ prefect.variables.a }}"),
        ("{{ again }}", "{{ n }}"),
        ([5, None, 1.5, True], [5, None, 1.5, True]),
    ],
)
def test_filling_in(monkeypatch: pytest.MonkeyPatch, template: Any, filled: Any) -> None:
    monkeypatch.setenv("SET", "from the environment")
    monkeypatch.delenv("UNSET", raising=False)
    values = {"n": 1, "dct": {"list": ["a", "b"]}, "none": None, "again": "{{ n }}"}
    assert apply_values(template, values) == filled


def test_what_has_no_value_can_be_kept() -> None:
    template = {"k": "{{ missing }}", "l": ["{{ missing }}"], "t": "x {{ missing }}"}
    assert apply_values(template, {}, remove_notset=False) == template


def test_prefixes_can_be_skipped() -> None:
    assert (
        apply_values("{{ ctx.a }} {{ a }}", {"a": 1, "ctx": {"a": 2}}, skip_prefixes=["ctx."])
        == "{{ ctx.a }} 1"
    )


def test_missing_values_can_be_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("prefect.utilities.templating")
    logger.addHandler(caplog.handler)
    try:
        apply_values("{{ missing }}", {}, warn_on_notset=True)
    finally:
        logger.removeHandler(caplog.handler)
    assert "'missing'" in caplog.text


def test_other_objects_are_no_templates() -> None:
    with pytest.raises(ValueError, match="tuple"):
        apply_values(("{{ a }}",), {"a": 1})


class FakeClient:
    """Knows one variable and two blocks."""

    async def read_variable_by_name(self, name: str) -> Any:
        return SimpleNamespace(value={"deep": 1}) if name == "known" else None

    async def read_block_document_by_name(self, name: str, block_type_slug: str) -> Any:
        blocks = {("secret", "pw"): {"value": "hidden"}, ("json", "conf"): {"host": {"port": 5}, "value": 1}}
        return SimpleNamespace(data=blocks[(block_type_slug, name)])

    async def read_block_document(self, block_document_id: str) -> Any:
        return SimpleNamespace(data={"nested": "{{ prefect.blocks.secret.pw }}", "id": block_document_id})


CLIENT: Any = FakeClient()


@pytest.mark.parametrize(
    ("template", "resolved"),
    [
        ("{{ prefect.variables.known }}", {"deep": 1}),
        ("v: {{ prefect.variables.known }}", "v: {'deep': 1}"),
        ({"a": ["{{ prefect.variables.unknown }}"]}, {"a": [""]}),
        ("{{ other }}", "{{ other }}"),
        (5, 5),
    ],
)
def test_variables_are_resolved(template: Any, resolved: Any) -> None:
    assert asyncio.run(resolve_variables(template, CLIENT)) == resolved


@pytest.mark.parametrize(
    ("template", "resolved"),
    [
        ("{{ prefect.blocks.secret.pw }}", "hidden"),
        ("{{ prefect.blocks.json.conf.host.port }}", 5),
        ({"a": ["{{ prefect.blocks.json.conf.host }}", "{{ other }}"]}, {"a": [{"port": 5}, "{{ other }}"]}),
        ({"$ref": {"block_document_id": "7"}}, {"nested": "hidden", "id": "7"}),
        ({"$ref": "elsewhere"}, {"$ref": "elsewhere"}),
        (None, None),
    ],
)
def test_blocks_are_resolved(template: Any, resolved: Any) -> None:
    assert asyncio.run(resolve_block_document_references(template, CLIENT)) == resolved


def test_values_of_blocks_can_be_transformed() -> None:
    def shout(name: str, value: Any) -> str:
        return f"{name}={value}"

    resolved = asyncio.run(resolve_block_document_references("{{ prefect.blocks.secret.pw }}", CLIENT, shout))
    assert resolved == "prefect.blocks.secret.pw=hidden"


@pytest.mark.parametrize(
    "template", ["x {{ prefect.blocks.secret.pw }}", "{{ prefect.blocks.json.conf.nothing }}"]
)
def test_references_to_blocks_that_mean_nothing(template: str) -> None:
    with pytest.raises(ValueError, match="block"):
        asyncio.run(resolve_block_document_references(template, CLIENT))


# --- URLs ---

ID = UUID(int=5)


@pytest.fixture
def _known_server() -> Any:
    with temporary_settings({PREFECT_API_URL: "http://host:4200/api", PREFECT_UI_URL: "http://host:4200/"}):
        yield


class FlowRun(BaseModel):
    id: UUID
    name: str = "run"


class WorkPool(BaseModel):
    id: UUID
    name: str


class ResourceLike(BaseModel):
    root: dict[str, str]


@pytest.mark.usefixtures("_known_server")
@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("flow-run", ID), f"runs/flow-run/{ID}"),
        (("flow-run", ID, "api"), f"api/flow_runs/{ID}"),
        (("work-pool", "mine"), "work-pools/work-pool/mine"),
        ((FlowRun(id=ID),), f"runs/flow-run/{ID}"),
        ((WorkPool(id=ID, name="mine"),), "work-pools/work-pool/mine"),
        ((SimpleNamespace(task_run_id=ID),), f"runs/task-run/{ID}"),
        ((SimpleNamespace(flow_run_id=ID),), f"runs/flow-run/{ID}"),
        ((SimpleNamespace(_block_document_id=ID),), f"blocks/block/{ID}"),
        ((ResourceLike(root={"prefect.resource.id": f"prefect.flow-run.{ID}"}),), f"runs/flow-run/{ID}"),
        (
            ({"prefect.resource.id": f"prefect.work-pool.{ID}", "prefect.resource.name": "mine"},),
            "work-pools/work-pool/mine",
        ),
    ],
)
def test_urls_of_objects(arguments: tuple[Any, ...], path: str) -> None:
    assert url_for(*arguments) == f"http://host:4200/{path}"


@pytest.mark.usefixtures("_known_server")
def test_urls_with_more_parts() -> None:
    url = url_for("worker", "w", work_pool_name="mine")
    assert url == "http://host:4200/work-pools/work-pool/mine/worker/w"
    with pytest.raises(ValueError, match="work_pool_name"):
        url_for("worker", "w")


@pytest.mark.usefixtures("_known_server")
@pytest.mark.parametrize(
    ("obj", "url_type"),
    [
        ("variable", "ui"),
        ("worker", "api"),
        ("nothing", "ui"),
        (object(), "ui"),
        ({"prefect.resource.id": "x.y"}, "ui"),
    ],
)
def test_objects_without_a_url(obj: Any, url_type: Any) -> None:
    assert url_for(obj, "id", url_type) is None


@pytest.mark.usefixtures("_known_server")
def test_arguments_that_make_no_url() -> None:
    with pytest.raises(ValueError, match="object ID"):
        url_for("flow-run")
    with pytest.raises(ValueError, match="'ui' or 'api'"):
        url_for("flow-run", ID, "somewhere")  # type: ignore[arg-type]


def test_without_a_server_there_is_no_url_but_the_default() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL, PREFECT_UI_URL}):
        assert url_for("flow-run", ID, "api") is None
        assert url_for("flow-run", ID, "api", default_base_url="http://d/") == f"http://d/flow_runs/{ID}"


def test_names_of_classes() -> None:
    assert convert_class_to_name(FlowRun(id=ID)) == "flow-run"


def fake_resolver(address: str) -> Any:
    """Stands in for the `socket` module."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
    return SimpleNamespace(getaddrinfo=lambda host, port: found)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_urls_into_private_networks_are_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(urls, "socket", fake_resolver(address))
    with pytest.raises(ValueError, match="private address"):
        validate_restricted_url("https://innocent.example/hook")


def test_public_urls_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "socket", fake_resolver("93.184.216.34"))
    validate_restricted_url("https://example.com/hook")


def test_other_urls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(host: str, port: object) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(urls, "socket", SimpleNamespace(getaddrinfo=nothing))
    for url, why in [("ftp://x", "HTTP"), ("x", "HTTP"), ("http://", "valid"), ("http://x", "resolved")]:
        with pytest.raises(ValueError, match=why):
            validate_restricted_url(url)
