"""Objects of a script's own classes, in a process that has loaded the script under another name.

Such classes are pickled whole, because nobody can import `__main__`. Read back, they would be strangers to the
classes of the same script: no `isinstance`, no equality, no identity of enum members. A process that goes on
with what a script has begun lets the script's module stand for `__main__`. Not here: serializers.
"""

from __future__ import annotations

import io
import pickle
import sys
from types import FunctionType, ModuleType
from typing import Any

_MAIN = "__main__"
_stand_in: ModuleType | None = None


def stand_for_main(module: ModuleType) -> None:
    """Let a script that was loaded as a module be `__main__` from here on."""
    global _stand_in
    loaded_as = module.__name__
    for value in list(vars(module).values()):
        if isinstance(value, type | FunctionType) and value.__module__ == loaded_as:
            value.__module__ = _MAIN
    module.__name__ = _MAIN
    sys.modules[_MAIN] = _stand_in = module


def main_has_stand_in() -> bool:
    """Whether some script stands for `__main__` in this process."""
    return _stand_in is not None


def loads(data: bytes) -> Any:
    """The value of a cloudpickle; classes that were `__main__`'s are those of the script, if it has them."""
    return _Unpickler(io.BytesIO(data)).load()


class _Unpickler(pickle.Unpickler):
    """Hands out the script's own classes where the pickle says how to make them."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        if not module.startswith("cloudpickle"):
            return found
        if name == "_make_skeleton_class":
            return lambda *parts: _own_class(parts[1], parts[3].get("__module__")) or found(*parts)
        if name == "_make_skeleton_enum":
            return lambda *parts: _own_class(parts[1], parts[4]) or found(*parts)
        if name == "_class_setstate":
            return lambda kind, state: (
                kind if _own_class(kind.__name__, kind.__module__) is kind else found(kind, state)
            )
        return found


def _own_class(name: str, module: str | None) -> type | None:
    own = vars(_stand_in).get(name) if _stand_in is not None and module == _MAIN else None
    return own if isinstance(own, type) and own.__module__ == _MAIN else None
