#!/usr/bin/env bash
# Compresses a model, proves it on data that nothing before has seen, and publishes it with its report. Stops at the first failure:
# a model that decides differently never reaches the folder.
#
#   ./release.sh MODEL CALIBRATION TEST LABELS OUT [more options of compress]
#
# ONNX_COMPRESS names the tool where it is not that of the tool manifest.
set -euo pipefail

if [ $# -lt 5 ]; then
  sed -n '5p' "$0" | cut -c3- >&2
  exit 2
fi

tool=${ONNX_COMPRESS:-dotnet onnx-compress}
model=$1 calibration=$2 test=$3 labels=$4 out=$5
shift 5
name=$(basename "$model" .onnx)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
small="$work/$name.onnx"

# 1. Compress. The guard fails the step (exit code 3) when fewer than 98 % of the held-out decisions stay the same.
$tool compress "$model" -o "$small" -d "$calibration" --report "$work/$name.compress.json" --report "$work/$name.md" --report "$work/$name.html" --min-agreement 0.98 "$@"

# 2. Verify, with labels, on the test set. What shapes the values must be said again: it belongs to the data, not to the model.
preprocessing=()
while [ $# -gt 0 ]; do
  case $1 in
    --scale | --mean | --std | --layout | --resize | --crop) preprocessing+=("$1" "$2") && shift 2 ;;
    *) shift ;;
  esac
done
$tool verify "$model" "$small" -d "$test" --labels "$labels" --min-agreement 0.98 --json "${preprocessing[@]}" > "$work/$name.verify.json"

# 3. Publish: the model, its reports, and a checksum to compare with what is deployed.
mkdir -p "$out"
cp "$work/$name".onnx* "$work/$name".*.json "$work/$name.md" "$work/$name.html" "$out/"
(cd "$out" && sha256sum "$name".onnx* > "$name.sha256")
echo "published $(cat "$out/$name.sha256")"
