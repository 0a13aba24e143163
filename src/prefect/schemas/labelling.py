"""Label-value mappings of events, and reading them as attributes."""

from collections.abc import Iterable, Iterator

from pydantic import ConfigDict, Field, RootModel


class LabelDiver:
    """Labels such as `prefect.resource.id` as attributes: `labels.prefect.resource.id`, for templates.

    Raises:
        AttributeError: no label begins so.
        KeyError: `labels["…"]`, and there is no such label.
    """

    def __init__(self, labels: dict[str, str], value: str = "") -> None:
        branches: dict[str, dict[str, str]] = {}
        values: dict[str, str] = {}
        for label, text in labels.items():
            first, _, rest = label.partition(".")
            branch = branches.setdefault(first, {})
            if rest:
                branch[rest] = text
            else:
                values[first] = text
        self._value = value
        self._labels = labels
        self._divers = {first: LabelDiver(rest, values.get(first, "")) for first, rest in branches.items()}

    def __getattr__(self, name: str) -> "LabelDiver":
        # Names with an underscore are not labels: copying and pickling ask for them before there is a state.
        if name.startswith("_") or name not in self._divers:
            raise AttributeError(name)
        return self._divers[name]

    def __getitem__(self, key: str) -> str:
        return self._labels[key]

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._labels.items())

    def __str__(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"LabelDiver(divers={self._divers!r}, value={self._value!r})"


class Labelled(RootModel[dict[str, str]]):
    """A mapping of labels to values."""

    model_config = ConfigDict(defer_build=True)

    root: dict[str, str] = Field(default_factory=dict)

    def keys(self) -> Iterable[str]:
        """The labels."""
        return self.root.keys()

    def items(self) -> Iterable[tuple[str, str]]:
        """Labels with their values."""
        return self.root.items()

    def __getitem__(self, label: str) -> str:
        return self.root[label]

    def __setitem__(self, label: str, value: str) -> str:
        self.root[label] = value
        return value

    def __contains__(self, key: str) -> bool:
        return key in self.root

    def get(self, label: str, default: str | None = None) -> str | None:
        """The value of a label, or `default`."""
        return self.root.get(label, default)

    def as_label_value_array(self) -> list[dict[str, str]]:
        """The labels as a list of `{"label": …, "value": …}`."""
        return [{"label": label, "value": value} for label, value in self.root.items()]

    def has_all_labels(self, labels: dict[str, str]) -> bool:
        """Whether these labels are here, with these values."""
        return all(self.root.get(label) == value for label, value in labels.items())

    @property
    def labels(self) -> LabelDiver:
        """The labels as attributes."""
        return LabelDiver(self.root)
