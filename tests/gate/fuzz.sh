#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs one fuzzer for a time, from the seeds in WORK/seeds/NAME and what earlier runs found in WORK/corpus/NAME. What it
# prints comes at its end, so that several may run side by side.
#
#   usage: fuzz.sh SECONDS WORK FUZZER
set -euo pipefail

seconds=$1 work=$2 fuzzer=$3
name=${fuzzer##*/pgregion_fuzz_}
mkdir -p -- "$work/corpus/$name" "$work/seeds/$name" "$work/crashes"
status=0
"$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$work/crashes/$name-" \
    "$work/corpus/$name" "$work/seeds/$name" >"$work/$name.log" 2>&1 || status=1
printf -- '-- %s, %s s\n%s\n' "$name" "$seconds" "$(cat -- "$work/$name.log")"
exit "$status"
