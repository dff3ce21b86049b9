#!/bin/sh
# Prints the path of a Chromium that runs on this machine. With --install, gets one if there is none:
# the distribution's package where apt-get and root are there, else the one that Playwright brings.
set -eu
python="$(dirname "$0")/../.venv/bin/python"

# A launcher that does not start (a snap's in a container, a build without its libraries) is none.
runs() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; }

find_one() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        path="$(command -v "${name:-/none}" || true)"
        if runs "$path"; then echo "$path" && return 0; fi
    done
    path="$("$python" -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as p: print(p.chromium.executable_path)' 2>/dev/null || true)"
    if runs "$path"; then echo "$path" && return 0; fi
    return 1
}

find_one && exit 0
if [ "${1:-}" = --install ]; then
    as_root=""
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        as_root=--with-deps
        echo "Installing Chromium with apt-get" >&2
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } >&2 || true
        find_one && exit 0
    fi
    echo "Installing Playwright's Chromium" >&2
    "$python" -m playwright install $as_root chromium >&2 || true
    find_one && exit 0
fi
echo "No Chromium that runs was found, and the browser tests need one. Install one (on Debian and" >&2
echo "Ubuntu: sudo apt-get install chromium) or name its file: CHROMIUM=/path/to/chromium make test" >&2
exit 1
