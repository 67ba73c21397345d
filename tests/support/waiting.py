"""Waiting for what is asserted: a browser shows, plays and stores things some time after it was told to."""

import time


def becomes(read, expected, seconds: float = 20):
    """Waits until `read()` gives what is expected, or something in it if that is a range, and asserts it. Returns what it gave."""

    def is_expected(found) -> bool:
        return found in expected if isinstance(expected, range) else found == expected

    end = time.monotonic() + seconds
    while not is_expected(found := read()) and time.monotonic() < end:
        time.sleep(0.05)
    assert is_expected(found), f"{found!r} is not {expected!r}"
    return found
