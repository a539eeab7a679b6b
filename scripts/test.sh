#!/usr/bin/env bash
# The checks of the project, in stages; all of them without --only.
#
#   format    clang-format over every C++ file
#   release   what users get: build, then all tests
#   asan      AddressSanitizer and UndefinedBehaviorSanitizer: build, then all tests but those of labels static, package
#   tsan      ThreadSanitizer: build and run the tests of label threads
#   tidy      clang-tidy, only over what changed since it was last clean
#   fuzz      libFuzzer, a few seconds a target, from the corpus
#
#   scripts/test.sh [--quick | --long] [--only STAGE]... [--fuzz-seconds N]
#
# --quick is the default; --long exports ABATE_LONG=1 (more kills, more seeds) and fuzzes 300 s a target, each time from another seed.
# Tests run beside a PostgreSQL of their own (scripts/with_postgres.sh); where it cannot be started, the stage fails.
# On a fresh Debian 12 it first installs the packages it needs, by name (scripts/packages.txt: build, test, demo).
# The last line is `N passed, M failed`: every ctest test once, however many stages ran it, and one for each other check.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

all_stages=(format release asan tsan tidy fuzz)
stages=()
fuzz_seconds=""
long=0
while [ $# -gt 0 ]; do
    case "$1" in
        --quick) long=0 ;;
        --long) long=1 ;;
        --only)
            case " ${all_stages[*]} " in
                *" ${2:-} "*) stages+=("$2") ;;
                *) fail "--only takes one of: ${all_stages[*]}" ;;
            esac
            shift ;;
        --fuzz-seconds)
            [[ "${2:-}" =~ ^[0-9]+$ ]] || fail "--fuzz-seconds takes a whole number"
            fuzz_seconds="$2"
            shift ;;
        -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) fail "unknown option '$1'. Try --help" ;;
    esac
    shift
done
[ ${#stages[@]} -gt 0 ] || stages=("${all_stages[@]}")
if [ "$long" -eq 1 ]; then export ABATE_LONG=1; else unset ABATE_LONG; fi
: "${fuzz_seconds:=$([ "$long" -eq 1 ] && echo 300 || echo 10)}"

cd "$root"
need_packages build test demo
results="$root/build/test-results"
rm -rf "$results"
mkdir -p "$results"

# note NAME passed|failed: one check that is not a ctest test.
note() { printf '%s\t%s\n' "$1" "$2" >>"$results/checks.tsv"; }

# build PRESET TARGET...: a failure counts as the failed check build_PRESET.
build() {
    local preset="$1"
    shift
    if configure "$preset" && ninja -C "build/$preset" -j "$jobs" --quiet "$@"; then return 0; fi
    note "build_$preset" failed
    return 1
}

# run_ctest PRESET ARGUMENT...: runs tests of that build, under `ctest_under`, and keeps their outcome for the tally.
ctest_under=()
run_ctest() {
    local preset="$1" status=0
    shift
    "${ctest_under[@]}" ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
        --output-junit "$results/$preset.xml" "$@" || status=$?
    grep -q '<testcase' "$results/$preset.xml" 2>/dev/null || note "ctest_$preset" failed
    # A case that skipped itself is said aloud.
    sed -n 's/^\[  SKIPPED \] \(.*\) (.*/skipped itself: \1/p' "build/$preset/Testing/Temporary/LastTest.log" | sort -u
    return "$status"
}

stage_format() {
    local outcome=passed
    git ls-files -co --exclude-standard '*.h' '*.cpp' | while read -r file; do
        if [ -f "$file" ]; then printf '%s\0' "$file"; fi
    done | xargs -0 -r -n 16 -P "$jobs" clang-format-14 --dry-run -Werror || outcome=failed
    note format "$outcome"
}

stage_release() {
    build release all || return 0
    ctest_under=(scripts/with_postgres.sh)
    run_ctest release || true
    ctest_under=()
}

stage_asan() {
    build asan all || return 0
    ctest_under=(scripts/with_postgres.sh)
    ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
        run_ctest asan -LE 'static|package' || true
    ctest_under=()
}

stage_tsan() {
    build tsan threads_tests || return 0
    ctest_under=(scripts/with_postgres.sh)
    # ThreadSanitizer of g++ 12 cannot live with more than 28 bits of address randomisation, which newer kernels use.
    if setarch "$(uname -m)" -R true 2>/dev/null; then ctest_under+=(setarch "$(uname -m)" -R); fi
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 run_ctest tsan -L threads || true
    ctest_under=()
}

stage_tidy() {
    local outcome=passed
    configure tidy || { note tidy failed; return 0; }
    python3 scripts/tidy.py --build build/tidy --jobs "$jobs" || outcome=failed
    note tidy "$outcome"
}

stage_fuzz() {
    build fuzz fuzzers || return 0
    python3 scripts/fuzz.py --build build/fuzz --seconds "$fuzz_seconds" --seed "$((1 - long))" --jobs "$jobs" \
        --results "$results/checks.tsv" || true
}

started=$SECONDS
for stage in "${stages[@]}"; do
    begun=$SECONDS
    printf '== %s\n' "$stage"
    "stage_$stage"
    printf '== %s took %d s\n' "$stage" "$((SECONDS - begun))"
done
printf '== all took %d s\n' "$((SECONDS - started))"
exec python3 scripts/tally.py "$results"
