"""What forked processes begin with: all that takes long to import, and the built-in rules, compiled.

Compiling asks no engine, so no thread is begun that a forked process would lack (`tests/unit/test_forked.py`).
"""

import services.run_recorder
import tests.support.stores
from services.context import builtin_rulebook

__all__ = ["services", "tests"]

builtin_rulebook()
