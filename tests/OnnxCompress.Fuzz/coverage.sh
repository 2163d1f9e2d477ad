#!/usr/bin/env bash
# Fuzzes one target with coverage: coverage.sh FOLDER [TARGET] [SECONDS] [SEED]
# Needs afl-fuzz (Debian's afl++). FOLDER takes the instrumented build, the first inputs and what was found; findings lie in
# FOLDER/out/default/crashes and hangs, and `coverage --target TARGET --file FILE` of the plain build repeats one.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
target=${2:-model} seconds=${3:-1800} seed=${4:-1}
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$folder/instrumented"
dotnet publish "$here" -c Release -o "$folder/instrumented" -v q --nologo
# Instrumented, it runs under afl-fuzz alone.
dotnet "$folder/instrumented/OnnxCompress.Fuzz.dll" coverage --target "$target" --seed "$seed" --corpus "$folder/in"
[ -x "$folder/tools/sharpfuzz" ] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$folder/tools"
# Code of ours, and what reads the formats.
for assembly in OnnxCompress OnnxCompress.Numerics dotnet-onnx-compress Google.Protobuf; do
  "$folder/tools/sharpfuzz" "$folder/instrumented/$assembly.dll"
done

export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_IGNORE_SEED_PROBLEMS=1
nice afl-fuzz -i "$folder/in" -o "$folder/out" -s "$seed" -V "$seconds" -t 60000 -m none -- \
  dotnet "$folder/instrumented/OnnxCompress.Fuzz.dll" coverage --target "$target"
grep -E 'execs_done|corpus_count|edges_found|saved_crashes|saved_hangs|run_time' "$folder/out/default/fuzzer_stats"
