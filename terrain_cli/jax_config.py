"""How terrain configures JAX, and what its grounds share. Every numerical module imports this one first, before it uses JAX.

In float32 the time starts to rise by rounding around iteration 50 of the post's descent, so 64-bit floats are switched on for the
whole process (docs/decisions/0001-float64.md).
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import jax
import numpy as np

from terrain_cli.errors import shown

set_option = cast(Callable[[str, object], None], jax.config.update)
set_option("jax_enable_x64", True)
# Run compiled programs in the thread that calls them. JAX's own dispatch threads spin while they wait for more work, which
# costs most when batched.py already keeps every processor busy. The option has no effect once JAX has been used
# (docs/decisions/0003-many-in-blocks.md).
with contextlib.suppress(AttributeError):  # a later JAX may drop the option
    set_option("jax_cpu_enable_async_dispatch", False)

T = TypeVar("T")


def as_pytree(node: type[T]) -> type[T]:
    """Register a dataclass of arrays as a pytree, for use as a decorator.

    Unlike those that a caller passes, the leaves that JAX puts into it are not checked: derivatives are negative, and a
    transformation may put anything there.
    """
    names = [field.name for field in dataclasses.fields(cast(Any, node))]
    keys = [jax.tree_util.GetAttrKey(name) for name in names]

    def flatten(value: T) -> tuple[list[Any], None]:
        return [getattr(value, name) for name in names], None

    def flatten_with_keys(value: T) -> tuple[list[tuple[Any, Any]], None]:
        return [(key, getattr(value, name)) for key, name in zip(keys, names, strict=True)], None

    def unflatten(_: None, leaves: Iterable[Any]) -> T:
        made = object.__new__(node)
        for name, leaf in zip(names, leaves, strict=True):
            object.__setattr__(made, name, leaf)
        return made

    jax.tree_util.register_pytree_with_keys(node, flatten_with_keys, unflatten, flatten)
    return node


def to_array(value: Any, name: str) -> Any:
    """Numbers, in lists or arrays of any library, as a float64 array; a JAX array, traced or not, as it is.

    Raises TypeError, which calls the argument `name`, for anything else, and ValueError for rows of different lengths and for
    integers that are too large.
    """
    if isinstance(value, jax.Array):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must have rows of equal length, got {shown(value)}") from None
    if array.dtype.kind in "fiuO" and value is not None:
        try:
            return array.astype(np.float64, copy=False)
        except OverflowError:
            raise ValueError(f"{name} has a number that is too large, got {shown(value)}") from None
        except (TypeError, ValueError):
            pass
    raise TypeError(f"{name} must be a number or an array of numbers, got {shown(value)}")


def to_values(array: Any) -> np.ndarray | None:
    """The values of an array; None if it is traced, or on a device from which they would have to be fetched."""
    if isinstance(array, jax.Array) and (
        isinstance(array, jax.core.Tracer) or any(device.platform != "cpu" for device in array.devices())
    ):
        return None
    return np.asarray(array)


def check_values(array: Any, name: str, fits: Callable[[np.ndarray], np.ndarray], what: str) -> None:
    """Raises ValueError, which names the first value that does not fit, if the values are known. what: they must be."""
    values = to_values(array)
    if values is None:
        return
    wrong = ~fits(values)
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0].tolist())
        place = f"[{', '.join(map(str, index))}]" if index else ""
        raise ValueError(f"{name}{place} must be {what}, got {float(values[index])}")


READY = True  # interrupts.py looks whether anything can have been computed
