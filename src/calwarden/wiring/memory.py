"""How the memory of a long-lived process is handed back.

glibc gives each thread a heap of its own and, once a large block was freed, takes the next ones from a heap that it
never returns. A server that was sent a hundred megabytes would keep what they took for ever.
"""

import ctypes
from typing import Final

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # malloc.h
_LARGE: Final = 128 * 1024  # bytes; stated, it no longer grows with what is freed
_HEAPS: Final = 2


def hand_memory_back() -> bool:
    """Have large blocks returned when they are freed, and few heaps. False where the C library is another one."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_ARENA_MAX, _HEAPS))
