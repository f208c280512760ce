#!/bin/sh
# Measures the shipped model anew: every figure of models/evidence-map/MODEL_CARD.md, from the data that test tools read.
#   npm run build && sh scripts/model-figures.sh [OUT]      (about ten minutes on two cores)
# Each folder of OUT holds evaluation.html and evaluation.json. TUBERLENS_TEST_DATA says where the data is (../shared/data).
set -eu
out=${1:-model-figures}
data=${TUBERLENS_TEST_DATA:-../shared/data}
model=models/evidence-map
folds=models/evidence-map-folds
gliomas=$data/mr-nifti/lgg-flair
ms=$data/mr-nifti/open-ms
philips=$data/mr-dicom/philips-flair-axial

measure () {
  name=$1
  shift
  printf '\n== %s\n' "$name"
  node dist/cli/main.js evaluate "$@" --out "$out/$name"
}

measure implanted --model $model --canvases "$ms" --patients patient04 --repeats 3 --maps grad-cam,saliency,evidence --check-maps 3
measure left-out-patients --model $model --fold patient01=$folds/patient01 --fold patient03=$folds/patient03 \
  --fold patient09=$folds/patient09 --canvases "$ms" --repeats 3
measure calibration --model $model --fold patient01=$folds/patient01 --fold patient03=$folds/patient03 --fold patient09=$folds/patient09 \
  --tuber-free "$gliomas" --tuber-free "$ms" --specificity 0.95
measure gliomas-test --model $model --tuber-free "$gliomas" --part 2/2 --spoil 4 \
  --unlike "$data/mr-dicom/ge-pd-axial" --unlike "$data/mr-dicom/t1-axial-sparse-headers" --unlike "$data/mr-dicom/philips-t2star-epi" \
  --unlike "$data/mr-dicom/enhanced-mr-small" --unlike "$data/mr-dicom/vendor-headers-noise-pixels"
measure multiple-sclerosis --model $model --tuber-free "$ms" --patients patient04
measure philips-beside-the-lesion --model $model --tuber-free "$philips" --exclude-slices 5-13
measure philips --model $model --tuber-free "$philips"
measure label-maps --model $model --label-maps "$data/label-maps" --patients seg_17,seg_18,seg_19,seg_20 --count 400
