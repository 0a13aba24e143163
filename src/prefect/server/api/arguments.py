"""The arguments of an operation, read from a request: path, query and body, by its declaration.

Each operation has a model of its body and one of its query, made when the first request comes (or when the
API is described): what is checked is what is documented. Not here: routes, errors as answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property, partial
from inspect import isclass
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    create_model,
)

from prefect.schemas.operations import Argument, Operation

_MOST_QUERY_FIELDS = 1000
_OTHER_NAMES = {"work_pool_queues": "work_queues"}
"""Members of bodies that existing clients call otherwise."""


class InvalidRequest(Exception):
    """A request does not fit the declaration.

    Args:
        details: what is wrong where, as pydantic says it; each location begins with path, query or body.
    """

    def __init__(self, details: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in details))
        self.details = details


class ArgumentReader:
    """Reads the arguments of requests for one operation."""

    def __init__(self, operation: Operation[Any, Any]) -> None:
        self.operation = operation
        self._places: dict[str, list[Argument]] = {"path": [], "query": [], "body": [], "whole": []}
        for argument in operation.arguments.values():
            self._places[argument.place].append(argument)

    def read(self, path: Mapping[str, Any], query: bytes, body: bytes) -> dict[str, Any]:
        """The arguments by their Python names, with defaults.

        Raises:
            InvalidRequest: they do not fit.
        """
        arguments: dict[str, Any] = {}
        if self._places["path"]:
            arguments.update(self._validated(self.path, "path", path))
        if self._places["query"]:
            arguments.update(self._validated(self.query, "query", self._given(query)))
        if self._places["body"]:
            arguments.update(self._members(body))
        for argument in self._places["whole"]:
            arguments[argument.name] = self._whole(argument, body)
        return arguments

    # --- models ----------------------------------------------------------------------------------------

    @property
    def operation_id(self) -> str:
        """The name of the operation in the API's document, in the form that generated clients know."""
        path = "".join(character if character.isalnum() else "_" for character in self.operation.path)
        return f"{self.operation.name}{path}_{self.operation.method.lower()}"

    @cached_property
    def path(self) -> type[BaseModel]:
        """What the path holds."""
        return self._model("Path", self._places["path"], extra="ignore")

    @cached_property
    def query(self) -> type[BaseModel]:
        """What the query may hold; unknown names are ignored."""
        return self._model("Query", self._places["query"], extra="ignore")

    @cached_property
    def members(self) -> type[BaseModel] | None:
        """What the body may hold, where arguments are its members. A misspelt filter must not be lost."""
        if not self._places["body"]:
            return None
        return self._model("Body", self._places["body"], extra="forbid")

    @cached_property
    def whole(self) -> TypeAdapter[Any] | None:
        """What the body is, where it is one argument."""
        return next((TypeAdapter(one.type) for one in self._places["whole"]), None)

    @property
    def body_is_required(self) -> bool:
        """Whether there must be a body."""
        return any(one.required for one in (*self._places["body"], *self._places["whole"]))

    def _model(self, kind: str, arguments: list[Argument], extra: Any) -> type[BaseModel]:
        fields: dict[str, Any] = {one.name: _field(one) for one in arguments}
        config = ConfigDict(extra=extra, ser_json_timedelta="float", protected_namespaces=())
        return create_model(f"{kind}_{self.operation_id}", __config__=config, **fields)

    # --- reading ---------------------------------------------------------------------------------------

    def _given(self, query: bytes) -> dict[str, Any]:
        """The query, with lists where lists are expected."""
        if not query:
            return {}
        try:
            given = parse_qs(
                query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_QUERY_FIELDS
            )
        except ValueError as error:
            raise InvalidRequest([{"type": "value_error", "loc": ("query",), "msg": str(error)}]) from None
        lists = {one.wire_name for one in self._places["query"] if _is_list(one.type)}
        return {name: values if name in lists else values[-1] for name, values in given.items()}

    def _members(self, body: bytes) -> dict[str, Any]:
        model = self.members
        assert model is not None
        if not self.body_is_required and body.strip() in (b"", b"null"):
            body = b"{}"
        try:
            return _fields_of(_from_json(model.__pydantic_validator__.validate_json, body))
        except InvalidRequest:
            told = _without_nulls(body)
            if told is None:
                raise
        return _fields_of(_from_json(model.__pydantic_validator__.validate_json, told))

    def _whole(self, argument: Argument, body: bytes) -> Any:
        assert self.whole is not None
        if not argument.required and body.strip() in (b"", b"null"):
            return argument.default
        return _from_json(self.whole.validate_json, body)

    def _validated(self, model: type[BaseModel], place: str, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return _fields_of(model.model_validate(given))
        except ValidationError as error:
            raise _invalid(error, place) from None


def _from_json(validate: Any, body: bytes) -> Any:
    if not body:
        raise InvalidRequest([{"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}])
    try:
        return validate(body)
    except ValidationError as error:
        raise _invalid(error, "body") from None


def _without_nulls(body: bytes) -> bytes | None:
    """A body without the members that are null; None: it has none. What is null asks for nothing.

    Clients send null for what was not given, also where a value is expected, and for members of their own.
    """
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(members, dict) or None not in members.values():
        return None
    return orjson.dumps({name: value for name, value in members.items() if value is not None})


def _invalid(error: ValidationError, place: str) -> InvalidRequest:
    details = error.errors(include_url=False, include_context=False)
    return InvalidRequest([{**detail, "loc": (place, *detail["loc"])} for detail in details])


def _fields_of(model: BaseModel) -> dict[str, Any]:
    return dict(model.__dict__)


def _field(argument: Argument) -> tuple[Any, Any]:
    travels = argument.travels
    default = ... if argument.required else argument.default
    if default is None and travels.default is not None:
        default = travels.default
    bounds: dict[str, Any] = {"ge": travels.at_least, "le": travels.at_most}
    if _is_duration(argument.type):
        bounds = {name: None if size is None else timedelta(seconds=size) for name, size in bounds.items()}
    elif _is_list(argument.type):
        bounds = {"min_length": travels.at_least, "max_length": travels.at_most}
    name = argument.wire_name
    names = AliasChoices(name, _OTHER_NAMES[name]) if name in _OTHER_NAMES else name
    return Annotated[_wire_type(argument.type), Field(validation_alias=names, **bounds)], default


def _wire_type(type: Any) -> Any:
    """What is expected on the wire, where that is not what Python code may give."""
    if type == UUID | str:
        return UUID
    filter = next((one for one in get_args(type) if _ignores_unknown(one)), None)
    return type if filter is None else Annotated[type, WrapValidator(partial(_without_unknown, filter))]


def _ignores_unknown(type: Any) -> bool:
    return isclass(type) and issubclass(type, BaseModel) and type.model_config.get("extra") == "ignore"


def _without_unknown(filter: type[BaseModel], given: Any, validate: Any) -> Any:
    """A misspelt criterion must not be lost either: what is left of such a filter would ask for everything."""
    if isinstance(given, dict):
        return filter.model_validate(given, extra="forbid")
    return validate(given)


def _is_duration(type: Any) -> bool:
    return type is timedelta or timedelta in get_args(type)


def _is_list(type: Any) -> bool:
    return any(get_origin(one) in (list, set) for one in (type, *get_args(type)))
