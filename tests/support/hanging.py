# SPDX-License-Identifier: Apache-2.0
"""One thread of a running program stops, as if it hung, and the others go on: ptrace(2), without any help by the
program. Whatever happens to the test, the kernel lets the thread go with the process that holds it."""

import contextlib
import ctypes
import os
import subprocess
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of thread {thread}")


def threads(pid, name):
    """The ids of a process's threads of that name; of the first one by the name "main"."""
    if name == "main":
        return [pid]
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()
            if (task / "comm").read_text().strip() == name]


class Hung:
    """Threads of that name hang from now on, until release(). All calls from one thread."""

    def __init__(self, pid, name):
        self.ids = threads(pid, name)
        if not self.ids:
            raise AssertionError(f"process {pid} has no thread {name}")
        for thread in self.ids:
            _ptrace(SEIZE, thread)
            _ptrace(INTERRUPT, thread)
            os.waitpid(thread, WALL)

    def release(self):
        """Idempotent; a thread that is gone needs none."""
        for thread in self.ids:
            with contextlib.suppress(OSError):
                _ptrace(DETACH, thread)
        self.ids = []


def why_not():
    """Why no thread can be hung here; None when one can."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as waiting:
        try:
            Hung(waiting.pid, "main").release()
        except OSError as error:
            return f"ptrace is not allowed here: {error}"
        finally:
            waiting.stdin.close()
    return None
