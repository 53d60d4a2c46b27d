#!/usr/bin/env bash
# Korean: NSMC, a teacher trained from scratch with its own WordPiece, a student of a quarter of its size, its undistilled baseline; three seeds.
set -euo pipefail
data=${1:-../shared/data/nsmc}
mkdir -p runs
[ -d runs/nsmc-teacher ] || hodu train 4x256 --data "$data" --out runs/nsmc-teacher --epochs 2 --vocabulary 12000
for seed in 0 1 2; do
  [ -d "runs/nsmc-$seed" ] || hodu distill runs/nsmc-teacher --data "$data" --student 3x144 --out "runs/nsmc-$seed" --seed "$seed" --epochs 1 --cache
  hodu measure runs/nsmc-teacher "runs/nsmc-$seed" --baseline --data "$data" --rows results/nsmc.json
done
python benchmarks/tables.py
