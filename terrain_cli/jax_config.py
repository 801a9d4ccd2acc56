"""How terrain configures JAX. Every numerical module imports this one first, before it uses JAX.

In float32 the time starts to rise by rounding around iteration 50 of the post's descent, so 64-bit floats are switched on for the
whole process (docs/decisions/0001-float64.md).
"""

import contextlib
from collections.abc import Callable
from typing import cast

import jax

set_option = cast(Callable[[str, object], None], jax.config.update)
set_option("jax_enable_x64", True)
# Run compiled programs in the thread that calls them. JAX's own dispatch threads spin while they wait for more work, which
# costs most when batched.py already keeps every processor busy. The option has no effect once JAX has been used
# (docs/decisions/0003-many-in-blocks.md).
with contextlib.suppress(AttributeError):  # a later JAX may drop the option
    set_option("jax_cpu_enable_async_dispatch", False)

READY = True  # interrupts.py looks whether anything can have been computed
