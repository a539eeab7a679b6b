#!/usr/bin/env bash
# Builds abate and tells its whole story (examples/story/story.sh): a small model is trained and then serves, and both are metered; what they
# needed goes into a monitoring report, is owed, allocated, auctioned, traded, surrendered and audited.
# On a fresh Debian 12 it first installs the packages it needs, by name (scripts/packages.txt: build, demo).
# Arguments are passed on to `abate demo`; with --json it is the two runs alone. ABATE_STORY=FOLDER keeps the scheme's books.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_packages build demo
mkdir -p "$root/build"
folder="$root/build/release"
if [ ! -f "$folder/build.ninja" ]; then
    # No developer's build here: the program alone, without tests and what they need.
    folder="$root/build/demo"
    if [ ! -f "$folder/build.ninja" ]; then
        launcher=()
        if command -v ccache >/dev/null; then launcher=("-DCMAKE_CXX_COMPILER_LAUNCHER=env;CCACHE_BASEDIR=$root;CCACHE_NOHASHDIR=1;ccache"); fi
        cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 \
            "${launcher[@]}" >"$root/build/configure-demo.log" 2>&1 ||
            { cat "$root/build/configure-demo.log" >&2; fail "cmake failed; its output is above"; }
    fi
fi
ninja -C "$folder" -j "$jobs" --quiet abate || fail "the build failed; its output is above"
ABATE="$folder/bin/abate" exec "$root/examples/story/story.sh" "$@"
