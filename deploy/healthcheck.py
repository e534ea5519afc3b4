"""Health of the process in this container: exit code 0 if ``HEALTH_URL`` answers with 200 in time, else 1.

It asks a port of its own container, so a certificate that names another host is no reason to restart.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request
from typing import Final

SECONDS: Final = 3
DEFAULT: Final = "http://127.0.0.1:9464/healthz"


def why_not(url: str) -> str:
    """Return why the process is not healthy; empty if it is."""
    if not url.startswith(("http://", "https://")):
        return "HEALTH_URL is no http:// or https:// address"
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return "" if answer.status == 200 else f"it answers {answer.status}"
    except OSError as error:  # refused, timed out, or a status that says no
        return str(error)


if __name__ == "__main__":
    sys.exit(why_not(os.environ.get("HEALTH_URL", DEFAULT)) or 0)
