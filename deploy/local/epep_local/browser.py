"""The Chromium that the browser tests drive.

`python -m epep_local.browser` makes sure that there is one: as root on Debian and Ubuntu it
installs it, elsewhere it says what to do.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys

from epep_local.problem import LocalError

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The path of the browser: `EPEP_CHROMIUM`, or the first found. Raises LocalError."""
    found = os.environ.get("EPEP_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None or not os.access(found, os.X_OK):
        raise LocalError(
            "Chromium is needed for the browser tests and is not installed. Install it "
            "(on Debian: sudo apt-get install chromium libpango-1.0-0 libpangoft2-1.0-0), or "
            "set EPEP_CHROMIUM to its path."
        )
    return found


def install() -> None:
    """Install what is missing, if we are root on Debian or its kin. Raises LocalError."""
    missing = [] if any(map(shutil.which, _NAMES)) else ["chromium"]
    if ctypes.util.find_library("pangoft2-1.0") is None:
        missing += ["libpango-1.0-0", "libpangoft2-1.0-0"]
    if os.environ.get("EPEP_CHROMIUM") or not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(missing)}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-qq", *words], env=quiet, capture_output=True, text=True, check=False
            )
            if done.returncode:
                told = done.stderr.strip()[-500:]
                raise LocalError(f"apt-get {' '.join(words)} failed: {told}")
    chromium()


if __name__ == "__main__":
    try:
        install()
    except LocalError as problem:
        sys.exit(str(problem))
