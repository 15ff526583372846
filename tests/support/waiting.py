# SPDX-License-Identifier: Apache-2.0
"""Waiting for events: the one place of the end-to-end tests that lets time pass."""

import select
import time

# Generous: only a broken server makes a test wait this long.
PATIENCE_S = 20.0


class Timeout(AssertionError):
    """What was waited for did not happen."""


def wait_until(condition, what, timeout=PATIENCE_S, every=0.01):
    """Calls `condition` until it returns something true, and returns that; Timeout names `what` and the last value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"waited {timeout:g} s for {what}; at the end it was {value!r}")
        pause(every)


def pause(seconds):
    """Lets other processes run. For loops that watch something or keep a pace, never for "surely done by now"."""
    select.select([], [], [], seconds)


def stays(condition, what, seconds):
    """Holds that `condition` is true all the time for `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if not value:
            raise AssertionError(f"{what} did not stay: {value!r}")
        pause(0.02)
