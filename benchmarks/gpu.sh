#!/usr/bin/env bash
# The training step on one GPU, hodu beside the loop people write by hand (TextBrewer too where it is installed); under 8 minutes, the table last.
# Needs no data: random pieces in texts of SST-2's lengths. Runs on torch 2.11 and transformers 5.17 too.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="src:benchmarks${PYTHONPATH:+:$PYTHONPATH}"
run() { timeout 150 python benchmarks/step.py random --table gpu --steps 60 --turns 3 "$@" || echo "stopped: $*"; }
run --teacher 12x768 --student 6x384 --vocabulary 30000 --batch 128
run --family gpt2 --objectives soft --teacher 12x768 --student 6x384 --vocabulary 50000 --batch 128
run --teacher 6x384 --student 3x192 --vocabulary 14000 --batch 128
python - <<'TABLE'
import json
for row in json.load(open("results/gpu.json")):
    if row["metric"] == "tokens_per_second":
        print(f"{row['data'][:46]:46s} {row['system']:34s} {row['value']:12,.0f} tokens/s")
TABLE
