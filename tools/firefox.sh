#!/bin/sh
# Prints the path of a Firefox that runs on this machine, or nothing. With --install, gets one if there is
# none, where apt-get and root are there. Never fails: without Firefox its tests are skipped.
set -eu

# The tests give it a home of its own; a launcher that wants the user's (a snap's) does not start there.
runs() { [ -n "$1" ] && HOME=/nonexistent "$1" --version >/dev/null 2>&1; }

find_one() {
    for name in "${FIREFOX:-}" firefox-esr firefox; do
        path="$(command -v "${name:-/none}" || true)"
        if runs "$path"; then echo "$path" && return 0; fi
    done
    return 1
}

find_one && exit 0
if [ "${1:-}" = --install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Firefox with apt-get" >&2
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends firefox-esr; } >&2 || true
    find_one || echo "There is none to be had: its tests will be skipped" >&2
fi
