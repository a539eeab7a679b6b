#!/usr/bin/env bash
# Writes the reports of examples/ anew, into docs/examples/.
#
#     scripts/examples.sh [ABATE] [FOLDER]      # default: build/dev/bin/abate, docs/examples
#
# Nothing of this machine gets in: no settings, no runs, no overrides.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
abate="$(realpath "${1:-$root/build/dev/bin/abate}")"
folder="$(realpath -m "${2:-$root/docs/examples}")"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder"
cp "$root/examples/lab/lab.toml" "$scratch/"
cd "$scratch"
env -i PATH="$PATH" HOME="$scratch" LC_ALL=C.UTF-8 "$abate" inventory lab.toml --format markdown --what-if all --years 5 \
    --monte-carlo 10000 --seed 1 --output "$folder/lab.md" --svg-sankey "$folder/lab-sankey.svg" --svg-bars "$folder/lab-bars.svg" \
    --svg-waterfall "$folder/lab-what-if.svg"
# Below the title: the file, and how to make it again.
sed -i '1a\
\
Made from [lab.toml](../../examples/lab/lab.toml) by `abate inventory lab.toml --format markdown --what-if all --years 5 --monte-carlo 10000 --seed 1`.' "$folder/lab.md"
