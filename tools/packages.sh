#!/bin/sh
# Says whether nginx and Redis (or Valkey) are on this machine, which `make serve-cluster` and the benchmarks
# (`make bench`, `make bench-upstream`, `make bench-chaos`) start. With --tests Java too, which the HTML checker of
# the tests runs on; with --bench wrk too, with which `make bench` and `make bench-load` ask. With --install, gets
# them from the distribution where apt-get and root are there.
set -eu
options="$*"
PATH="$PATH:/usr/sbin:/sbin" # Debian has nginx there, which is in the PATH of root alone

there() { command -v "$1" >/dev/null; }

missing() {
    there nginx || echo nginx
    there redis-server || there valkey-server || echo redis-server
    case "$options" in *--tests*) there java || echo default-jre-headless ;; esac
    case "$options" in *--bench*) there wrk || echo wrk ;; esac
}

[ -z "$(missing)" ] && exit 0
case "$options" in *--install*) wanted=yes ;; *) wanted="" ;; esac
if [ "$wanted" ] && [ "$(id -u)" = 0 ] && there apt-get; then
    echo "Installing $(missing | tr '\n' ' ')with apt-get" >&2
    # Only the programs are wanted. The packages would also start each as a service, which this forbids
    # (/usr/share/doc/sysv-rc/README.policy-rc.d); it is not put where there is such a rule already.
    rule=/usr/sbin/policy-rc.d
    if [ ! -e "$rule" ]; then
        trap 'rm -f "$rule"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$rule" && chmod 755 "$rule"
    fi
    # shellcheck disable=SC2046
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $(missing); } >&2 || true
    [ -z "$(missing)" ] && exit 0
fi
echo "There is no $(missing | tr '\n' ' ')here. Install what is missing (on Debian and Ubuntu:" >&2
echo "sudo apt-get install nginx redis-server default-jre-headless wrk; Valkey does as well as Redis)." >&2
exit 1
