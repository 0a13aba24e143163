"""The block types that are always there are registered when a server starts, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from prefect.server.database.store import Store, open_store
from prefect.server.database.tables import block_schema, block_type
from prefect.server.models.block_types import PROTECTED_SLUGS
from prefect.server.services import server_services
from prefect.server.services.block_registrar import BlockRegistrar
from prefect.settings import PREFECT_SERVER_REGISTER_BLOCKS_ON_START, get_current_settings, temporary_settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'blocks.db'}")
    yield store
    store.close()


def slugs(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(connection.execute(sa.select(block_type.c.slug)).scalars())


def schemas(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(block_schema)).scalar_one()


def test_types_are_registered_once(store: Store) -> None:
    registrar = BlockRegistrar(store)
    assert registrar.step() > 3600
    assert slugs(store) >= PROTECTED_SLUGS
    before = schemas(store)
    assert registrar.step() > 3600
    assert schemas(store) == before


def test_what_is_missing_is_registered_again(store: Store) -> None:
    BlockRegistrar(store).step()
    before = schemas(store)
    with store.writing() as connection:
        connection.execute(sa.delete(block_type).where(block_type.c.slug == "secret"))
    BlockRegistrar(store).step()
    assert (slugs(store) >= PROTECTED_SLUGS, schemas(store)) == (True, before)


def test_another_server_may_be_quicker(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = BlockRegistrar(store)
    target = "prefect.server.services.block_registrar.do"

    def refused(store: Store, request: object) -> None:
        raise sa.exc.IntegrityError("INSERT", {}, Exception("unique"))

    with monkeypatch.context() as patched:
        patched.setattr(target, refused)
        assert registrar.step() < 60
    assert registrar.step() > 3600


def test_servers_register_blocks_unless_told_not_to(store: Store) -> None:
    def registers() -> bool:
        return any(isinstance(one, BlockRegistrar) for one in server_services(store, get_current_settings()))

    assert registers()
    with temporary_settings({PREFECT_SERVER_REGISTER_BLOCKS_ON_START: False}):
        assert not registers()
