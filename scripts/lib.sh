# Shared by scripts/test.sh and scripts/demo.sh; sourced, not run.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
jobs="$(nproc)"

# ccache keeps within 5 GB; the presets set the rest, so that one cache serves every preset and every clone.
export CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-5G}"

# fail LINE: says why and ends.
fail() {
    printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# packages_of SECTION...: the names in those sections of packages.txt, one a line.
packages_of() {
    local section
    for section in "$@"; do
        awk -v wanted="[$section]" \
            '/^#/ || NF == 0 { next } /^\[/ { inside = ($1 == wanted); next } inside { print $1 }' \
            "$root/scripts/packages.txt"
    done
}

# missing_packages NAME...: those that dpkg does not have installed, on one line.
missing_packages() {
    local have
    have="$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
        awk '$1 == "ii" || $1 == "hi" { print $2 }' | sort -u)"
    comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$have") | paste -sd' '
}

# as_root COMMAND...: runs it as root; asks first when a person is there, and never otherwise.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 0 ] && [ -z "${CI:-}" ]; then
        sudo "$@"
    else
        sudo -n "$@" 2>/dev/null
    fi
}

# need_packages SECTION...: installs by name what is missing, and only then needs root.
need_packages() {
    local names missing
    mapfile -t names < <(packages_of "$@")
    if ! command -v dpkg-query >/dev/null; then
        printf 'No dpkg here, so packages are not checked. Needed (Debian 12 names): %s\n' "${names[*]}"
        return 0
    fi
    missing="$(missing_packages "${names[@]}")"
    [ -n "$missing" ] || return 0
    printf 'Missing packages: %s\n' "$missing"
    if [ "$(id -u)" -ne 0 ] && [ -t 0 ] && [ -z "${CI:-}" ]; then
        local answer
        read -r -p "Install them with sudo apt-get? [Y/n] " answer
        case "$answer" in [nN]*) fail "packages are missing. Run: sudo apt-get install $missing" ;; esac
    fi
    # shellcheck disable=SC2086  # names are words
    if ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >&2; then
        fail "could not install packages. As root, run: apt-get install $missing"
    fi
}

# configure PRESET: runs cmake when there is no build folder yet or the presets changed; ninja does the rest itself.
configure() {
    local folder="$root/build/$1"
    if [ ! -f "$folder/build.ninja" ] || [ "$root/CMakePresets.json" -nt "$folder/configured" ]; then
        mkdir -p "$root/build"
        (cd "$root" && cmake --preset "$1" >"$root/build/configure-$1.log" 2>&1) ||
            { cat "$root/build/configure-$1.log" >&2; return 1; }
        touch "$folder/configured"
    fi
}
