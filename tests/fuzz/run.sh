#!/usr/bin/env bash
# Runs the fuzz targets with the stable compiler and nothing beside it: the project's own crates are built with
# coverage, what they depend on is taken from the release build as it is.
#
# Usage: tests/fuzz/run.sh [SECONDS] [TARGET...]
#
# SECONDS is for each target (60); without names all of them run, one after another. Each begins with the
# samples of its format and what earlier runs found worth keeping. The first input that fails ends the run,
# and is kept in tests/fuzz/artifacts.

set -euo pipefail

# As cargo's wrapper of the compiler.
if [ "${FUZZ_WRAPPER:-}" = yes ]; then
    case " $* " in
        *" --crate-name breachscope "* | *" --crate-name breachscope_fuzz "*)
            exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                -Cllvm-args=-sanitizer-coverage-pc-table \
                -Cllvm-args=-sanitizer-coverage-trace-compares ;;
        *) exec "$@" ;;
    esac
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
seconds=60
case "${1:-}" in
    [0-9]*) seconds=$1; shift ;;
    -*) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(sed -n '/^\[\[bin\]\]/,/^name/s/^name = "\(.*\)"/\1/p' "$here/Cargo.toml")
fi

build=${CARGO_TARGET_DIR:-$top/target}
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
FUZZ_WRAPPER=yes RUSTC_WRAPPER=$here/run.sh CARGO_TARGET_DIR=$build \
    cargo build --quiet --release --manifest-path "$here/Cargo.toml" "${bins[@]}"

mkdir -p "$here/artifacts"
for target in "${targets[@]}"; do
    corpus=$here/corpus/$target
    mkdir -p "$corpus"
    # A sample's folder may name a variant of the format.
    find "$top/tests/samples" -path "*/$target*/*" -type f -exec cp -n {} "$corpus/" \;
    if ! "$build/release/$target" "$corpus" -max_total_time="$seconds" -max_len=4096 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$here/artifacts/$target-" 2>"$here/artifacts/$target.log"; then
        tail -n 40 "$here/artifacts/$target.log" >&2
        exit 1
    fi
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$here/artifacts/$target.log") inputs, none fails"
done
