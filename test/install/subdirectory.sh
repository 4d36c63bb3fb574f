#!/usr/bin/env bash
# Builds the example project with reel as a subfolder of it. With the release preset's flags and in
# a folder beside its own, so that ccache has what that preset's build made.
# usage: subdirectory.sh REPOSITORY CXX
set -euo pipefail
build=$1/build/subfolder
rm -rf "$build"
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER="env;CCACHE_BASEDIR=$1;CCACHE_NOHASHDIR=true;ccache")
fi
cmake -S "$1/test/install/consumer" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$2" \
  -DREEL_SOURCE_DIR="$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
  "${launcher[@]}"
cmake --build "$build" --target consumer
"$build/consumer"
echo "install: add_subdirectory: builds and runs"
