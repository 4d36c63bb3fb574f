#!/usr/bin/env bash
# Installs the build into a scratch folder and uses it as other projects would: find_package with the
# static and the shared library, and pkg-config. Prints and bounds what users feel: the size of the
# stripped shared library and the time to compile a small program at -O0.
# usage: check.sh BUILD_DIR CXX
set -euo pipefail
build=$1 cxx=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
consumer=$here/consumer
max_library_bytes=10000000
max_compile_ms=3000

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
cmake --install "$build" --prefix "$prefix" >"$scratch/install.log"
failed=0

for kind in static shared; do
  cmake -S "$consumer" -B "$scratch/$kind" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DREEL_KIND=$kind \
    -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/log" && cmake --build "$scratch/$kind" >>"$scratch/log" ||
    { cat "$scratch/log"; exit 1; }
  "$scratch/$kind/consumer"
  echo "install: find_package, $kind: builds and runs"
done

libdir=$(dirname "$(find "$prefix" -name libreel.a)")
flags=$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --define-variable=prefix="$prefix" --cflags --libs reel)
# shellcheck disable=SC2086  # the flags are words
"$cxx" -std=c++20 "$consumer/main.cpp" $flags -o "$scratch/by_pkg_config"
LD_LIBRARY_PATH=$libdir "$scratch/by_pkg_config"
echo "install: pkg-config: builds and runs"

cmake -S "$here/plugin" -B "$scratch/plugin" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/log" && cmake --build "$scratch/plugin" >>"$scratch/log" ||
  { cat "$scratch/log"; exit 1; }
REEL_FALLBACK=allow "$scratch/plugin/use_plugin" "$scratch/plugin/libcounting.so"
echo "install: a backend built out of the tree loads and computes"

strip -o "$scratch/stripped.so" "$libdir/libreel.so"
bytes=$(stat -c %s "$scratch/stripped.so")
echo "install: stripped shared library: $bytes bytes (at most $max_library_bytes)"
[ "$bytes" -le $max_library_bytes ] || failed=1

# Processor time, the best of three: the bound is on the compiler's work, not on what else the
# machine does.
best=1000000
TIMEFORMAT='%3U %3S'
for _ in 1 2 3; do
  read -r user system < <({ time "$cxx" -std=c++20 -O0 -I"$prefix/include" -c "$consumer/main.cpp" -o "$scratch/main.o"; } 2>&1 | tail -n 1)
  took=$((10#${user/./} + 10#${system/./}))
  [ $took -ge $best ] || best=$took
done
lines=$("$cxx" -std=c++20 -E -P -I"$prefix/include" "$consumer/main.cpp" | wc -l)
echo "install: <reel/reel.h> and one addition at -O0: $best ms (at most $max_compile_ms), $lines lines"
[ $best -le $max_compile_ms ] || failed=1
exit $failed
