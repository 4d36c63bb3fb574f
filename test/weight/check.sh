#!/usr/bin/env bash
# What the public headers cost a user's file: lines after the preprocessor and processor time at
# -O0. Given LibTorch's include folders, holds both against <torch/torch.h>, measured in turns in the
# same run.
# usage: check.sh REPOSITORY CXX [LIBTORCH_INCLUDE_DIR...]
set -euo pipefail
repository=$(realpath "$1") cxx=$2
shift 2
max_lines=60000         # <reel/reel.h>; of which the C++ library's headers are 51,000
max_tensor_lines=43000  # <reel/tensor/ops.h>, which needs no owners
min_times_lighter=8

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
echo '#include <reel/reel.h>' >reel.cpp
echo '#include <reel/tensor/ops.h>' >tensor.cpp
echo '#include <torch/torch.h>' >torch.cpp
reel=("$cxx" -std=c++20 -I"$repository/include")
torch=("$cxx" -std=c++20)
for folder in "$@"; do
  # The compiler knows this one, and named again it would come before the C++ library's own.
  [ "$folder" = /usr/include ] || torch+=(-isystem "$folder")
done
failed=0

lines() { "$@" -E -o preprocessed && wc -l <preprocessed; }
TIMEFORMAT='%3U %3S'
milliseconds() {
  local user system
  { time "$@" -O0 -c -o out.o; } 2>log || { cat log >&2; return 1; }
  read -r user system < <(tail -n 1 log)
  echo $((10#${user/./} + 10#${system/./}))
}
check() {  # check WHAT VALUE BOUND
  echo "weight: $1: $2 (at most $3)"
  [ "$2" -le "$3" ] || failed=1
}

count=$(lines "${reel[@]}" reel.cpp)
check "<reel/reel.h>, lines" "$count" $max_lines
count=$(lines "${reel[@]}" tensor.cpp)
check "<reel/tensor/ops.h>, lines" "$count" $max_tensor_lines

# The best of three: the bound is on the compiler's work, not on what else the machine does.
best=1000000 best_torch=1000000
for _ in 1 2 3; do
  took=$(milliseconds "${reel[@]}" reel.cpp)
  [ "$took" -ge $best ] || best=$took
  if [ $# -gt 0 ]; then
    took=$(milliseconds "${torch[@]}" torch.cpp)
    [ "$took" -ge $best_torch ] || best_torch=$took
  fi
done
if [ $# -gt 0 ]; then
  count=$(lines "${torch[@]}" torch.cpp)
  echo "weight: <torch/torch.h>: $best_torch ms, $count lines"
  check "<reel/reel.h>, ms" "$best" $((best_torch / min_times_lighter))
else
  echo "weight: <reel/reel.h>: $best ms"  # which says nothing without a peer on the same machine
fi
exit $failed
