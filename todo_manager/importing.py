"""Large clients are imported when they are first used, by one thread alone, whichever kind asks first.

Their parts import each other in circles, which Python resolves for one thread only; the Docker SDK and
our own HTTP share urllib3, so they share the lock.
"""

from __future__ import annotations

import threading

_one = threading.RLock()


def http_client() -> None:
    """Import urllib3 as far as requests need it; after that it is imported as anything else."""
    with _one:
        import urllib3.connection
        import urllib3.exceptions  # noqa: F401 - used by whoever comes after


def docker_client() -> None:
    """Import the Docker SDK, and with it urllib3."""
    with _one:
        import docker.errors  # noqa: F401 - as above
        import requests  # noqa: F401 - as above
