#!/usr/bin/env bash
# Builds the example project with reel as a subfolder of it, the whole library anew.
# usage: subdirectory.sh REPOSITORY CXX
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake -S "$1/test/install/consumer" -B "$scratch" -G Ninja -DCMAKE_CXX_COMPILER="$2" \
  -DREEL_SOURCE_DIR="$1" -DCMAKE_CXX_FLAGS=-O0
cmake --build "$scratch" --target consumer
"$scratch/consumer"
echo "install: add_subdirectory: builds and runs"
