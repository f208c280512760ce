#!/bin/sh
# Trains the paper's three networks on the slices of the shipped one and measures all four alike: the table of architectures in
# models/evidence-map/MODEL_CARD.md.
#   npm run build && sh scripts/compare-architectures.sh [OUT]      (hours: each network about 40 minutes of one CPU core, or a GPU)
# Needs TensorFlow (npm run install-tensorflow), python3 with scripts/pytorch/requirements.txt (PYTHON names another), and the data that
# TUBERLENS_TEST_DATA names (../shared/data). What is there already is not made again.
set -eu
out=${1:-compared-architectures}
data=${TUBERLENS_TEST_DATA:-../shared/data}
python=${PYTHON:-python3}
ms=$data/mr-nifti/open-ms
mkdir -p "$out"

draw () {
  folder=$1
  shift
  [ -f "$out/$folder/labels.csv" ] || node dist/cli/main.js synthesize "$@" --out "$out/$folder"
}

train () {
  name=$1
  shift
  [ -d "$out/start-$name" ] || node --import=@tapjs/typescript/import scripts/pytorch/untrained.ts "$name" "$out/start-$name"
  [ -d "$out/$name" ] || $python scripts/pytorch/train.py --model "$out/start-$name" --slices "$out/c1" "$out/c2" "$out/m1" \
    --validate seg_17,seg_18,seg_19,seg_20,patient09 --leave-out patient04 --batch 32 --seed 2 --threads 1 --validation-slices 600 \
    --log "$out/$name.json" --out "$out/$name" "$@"
}

measure () {
  printf '\n== %s\n' "$1"
  node dist/cli/main.js evaluate --model "$2" --canvases "$ms" --patients patient04 --repeats 3 --out "$out/evaluated-$1"
}

draw c1 --canvases "$ms" --count 12000 --seed 201
draw c2 --canvases "$ms" --count 12000 --seed 202
draw m1 --label-maps "$data/label-maps" --count 9000 --seed 203
train inception-v3 --mask-layer mixed2 --images 36000 --epoch-images 4000 --learning-rate 0.001
train resnet-50 --mask-layer conv3_block4_out --images 20000 --epoch-images 4000 --learning-rate 0.001
train tsc-cnn --mask-layer block4_conv2 --images 20000 --epoch-images 2500 --learning-rate 0.00025
for name in inception-v3 resnet-50 tsc-cnn; do measure $name "$out/$name"; done
measure evidence-map models/evidence-map
