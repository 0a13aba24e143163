"""`PrefectBaseSettings`: what every group of settings can do.

A group is declared as a class whose body is a table of `setting()` rows. Defaults live on the class and
given values on the instance, so reading `settings.api.url` is a plain attribute access. Instances never
change: use `temporary_settings` or `copy_with_update` to get other values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import get_annotations
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar

from prefect.settings.errors import Origin
from prefect.settings.fields import SettingField

GroupT = TypeVar("GroupT", bound="PrefectBaseSettings")


class Given(NamedTuple):
    """A checked value that something other than a default gave, before `adjust` had its say."""

    value: Any
    origin: Origin


class PrefectBaseSettings:
    """A group of settings. Keyword arguments win over every other source of values.

    Raises:
        InvalidSettingError: a value cannot be used.
    """

    model_fields: ClassVar[dict[str, SettingField]]
    """The settings of this group, by name (subgroups are in `subgroups`)."""
    subgroups: ClassVar[dict[str, type[PrefectBaseSettings]]]
    path: ClassVar[str]

    _given: Mapping[str, Given]

    def __init_subclass__(cls, path: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.path = path
        cls.model_fields = {}
        cls.subgroups = {}
        for name, annotation in get_annotations(cls).items():
            row = cls.__dict__.get(name)
            if isinstance(row, SettingField):
                row.name = name
                row.path = f"{path}.{name}" if path else name
                row.annotation = annotation
                cls.model_fields[name] = row
                setattr(cls, name, row.default)
            elif isinstance(annotation, type) and issubclass(annotation, PrefectBaseSettings):
                cls.subgroups[name] = annotation
                setattr(cls, name, assemble(annotation, {}, {}))

    def __init__(self, **values: Any) -> None:
        from prefect.settings.loading import load_group

        self.__dict__.update(load_group(type(self), values).__dict__)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"settings cannot be changed in place (tried to set {name!r}); use "
            f"`with temporary_settings({{...}})`, an environment variable or `prefect config set`"
        )

    @property
    def model_fields_set(self) -> set[str]:
        """Names in this group that something other than a default gave a value."""
        given = {name for name in self.subgroups if getattr(self, name).model_fields_set}
        return given | set(self._given)

    def items(self) -> Iterator[tuple[SettingField, Any]]:
        """Every setting of this group and its subgroups, with its value."""
        for name, row in self.model_fields.items():
            yield row, getattr(self, name)
        for name in self.subgroups:
            yield from getattr(self, name).items()

    def given_values(self) -> Iterator[tuple[str, Given]]:
        """Path and given value of every setting here that something other than a default gave a value."""
        for name, given in self._given.items():
            yield self.model_fields[name].path, given
        for name in self.subgroups:
            yield from getattr(self, name).given_values()

    def origin_of(self, path: str) -> Origin | None:
        """Where the value of the setting at `path` came from; None if it is a default."""
        group, _, name = path.removeprefix(f"{self.path}.").rpartition(".")
        holder: PrefectBaseSettings = self
        for step in group.split(".") if group else ():
            holder = getattr(holder, step)
        given = holder._given.get(name)
        return given.origin if given else None

    def to_environment_variables(
        self, exclude_unset: bool = False, include_secrets: bool = True, include_aliases: bool = False
    ) -> dict[str, str]:
        """Spell the settings as environment variables, for a child process. What is None is left out."""
        from prefect.settings.spelling import to_text

        variables: dict[str, str] = {}
        for row, value in self.items():
            if value is None or (exclude_unset and self.origin_of(row.path) is None):
                continue
            text = to_text(value, reveal=include_secrets)
            for name in row.env_names if include_aliases else (row.env_name,):
                variables[name] = text
        return variables

    def model_dump(self, *, mode: str = "python", exclude_unset: bool = False) -> dict[str, Any]:
        """Return the settings as nested dictionaries; with `mode="json"` as JSON values, secrets masked."""
        from prefect.settings.spelling import to_json_value

        dumped: dict[str, Any] = {}
        for name in self.model_fields:
            if not exclude_unset or name in self._given:
                value = getattr(self, name)
                dumped[name] = to_json_value(value) if mode == "json" else value
        for name in self.subgroups:
            group = getattr(self, name)
            if not exclude_unset or group.model_fields_set:
                dumped[name] = group.model_dump(mode=mode, exclude_unset=exclude_unset)
        return dumped

    def model_dump_json(self, *, exclude_unset: bool = False) -> str:
        """Return the settings as JSON text, secrets masked."""
        import json

        return json.dumps(self.model_dump(mode="json", exclude_unset=exclude_unset))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        from prefect.settings.spelling import to_text

        return hash(tuple(to_text(value, reveal=True) for _, value in self.items()))

    def __repr__(self) -> str:
        names = (*self.model_fields, *self.subgroups)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


def assemble(group: type[GroupT], values: Mapping[str, Any], given: Mapping[str, Any]) -> GroupT:
    """Make a group from nested mappings of effective values and of given ones, all known to be right."""
    instance = object.__new__(group)
    attributes = instance.__dict__
    own: dict[str, Given] = {}
    for name, value in values.items():
        subgroup = group.subgroups.get(name)
        if subgroup is not None:
            attributes[name] = assemble(subgroup, value, given.get(name, {}))
        else:
            attributes[name] = value
            if name in given:
                own[name] = given[name]
    attributes["_given"] = own
    return instance
