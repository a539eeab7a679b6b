#include "abate/cli/admin_script.h"

namespace abate::cli {

std::string admin_script() {
    return R"script(#!/bin/sh
# Opens this machine's energy counters to abate. Written by `abate doctor --admin`. Read it, then run it as root:
#
#     sh open-counters.sh --dry-run     # print the steps, change nothing
#     sh open-counters.sh               # do them
#     sh open-counters.sh --undo        # take them back
#
# What it does
#   1. gives the abate program the capability CAP_PERFMON, so that it (and no other program) may read the CPU's energy
#      counters through perf;
#   2. lets the group `power-readers` read /sys/class/powercap/*/energy_uj, for machines whose kernel has no perf counters,
#      now and after each boot (a tmpfiles.d rule).
#
# What it risks
#   Fine-grained readings of CPU energy leak what other programs compute (PLATYPUS, CVE-2020-8694); that is why kernels closed
#   them in 2020. On machines shared with people you do not trust, do step 1 only, or neither.
#
# What works without it
#   NVIDIA and AMD accelerators, power supplies, batteries, Redfish and Cray counters need no grant. CPU and DRAM energy is then
#   modelled from load, within the limits that `abate doctor` prints. Nothing else changes.
set -eu

GROUP=power-readers
RULE=/etc/tmpfiles.d/abate-powercap.conf
ABATE=$(command -v abate || true)
MODE=${1:-}

say() { printf '%s\n' "$*"; }
run() {
    say "+ $*"
    [ "$MODE" = --dry-run ] || "$@"
}

if [ "$MODE" != --dry-run ] && [ "$(id -u)" != 0 ]; then
    say "This script must be run as root (or with --dry-run)." >&2
    exit 1
fi

if [ "$MODE" = --undo ]; then
    [ -z "$ABATE" ] || setcap -r "$ABATE" 2>/dev/null || true
    rm -f "$RULE"
    for file in /sys/class/powercap/*/energy_uj; do
        [ -e "$file" ] || continue
        chown root:root "$file" && chmod 0400 "$file"
    done
    say "Undone. The group $GROUP is left in place."
    exit 0
fi

if [ -z "$ABATE" ]; then
    say "abate is not on the PATH; step 1 is left out."
elif ! command -v setcap >/dev/null 2>&1; then
    say "setcap is missing (package libcap2-bin); step 1 is left out."
else
    run setcap cap_perfmon=ep "$ABATE"
fi

if [ -d /sys/class/powercap ]; then
    getent group "$GROUP" >/dev/null 2>&1 || run groupadd --system "$GROUP"
    if [ "$MODE" = --dry-run ]; then
        say "+ write $RULE"
    else
        {
            say "# Energy counters readable by the group $GROUP; written by abate."
            say "z /sys/class/powercap/*/energy_uj 0440 root $GROUP - -"
            say "z /sys/class/powercap/*/*/energy_uj 0440 root $GROUP - -"
        } >"$RULE"
    fi
    for file in /sys/class/powercap/*/energy_uj; do
        [ -e "$file" ] || continue
        run chgrp "$GROUP" "$file"
        run chmod 0440 "$file"
    done
    say "Add people with: usermod -aG $GROUP NAME (they log in anew)."
else
    say "This machine has no /sys/class/powercap; step 2 is left out."
fi
say "Done. Check with: abate doctor"
)script";
}

}  // namespace abate::cli
