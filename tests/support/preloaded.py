"""What forked processes begin with: all that takes long to import, and the built-in rules, compiled.

Compiling asks no engine, so no thread is begun that a forked process would lack (`tests/unit/test_forked.py`).
"""

from services.runtime import prepare

prepare()

import services.commands.run_gateway  # noqa: E402  (what comes before holds for what is imported)
import services.commands.run_recorder  # noqa: E402
import tests.support.stores  # noqa: E402
from services.context import builtin_rulebook  # noqa: E402

__all__ = ["services", "tests"]

builtin_rulebook()
