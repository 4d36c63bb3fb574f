#!/usr/bin/env bash
# Runs a program, which checks itself; given the same program built with LibTorch, runs it too and
# holds the outputs against each other: words alike, numbers within 1 in 1000 (training amplifies
# the rounding of the first step). usage: compare.sh PROGRAM [LIBTORCH_PROGRAM]
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

"$1" >ours.txt || { cat ours.txt; echo "$1 failed"; exit 1; }
cat ours.txt
[ $# -ge 2 ] || exit 0
"$2" >theirs.txt || { cat theirs.txt; echo "$2 failed"; exit 1; }

awk '
function complain(text) { printf "line %d: %s\n", FNR, text; bad = 1 }
function is_number(word) { return word ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/ }
function abs(x) { return x < 0 ? -x : x }
NR == FNR { theirs[FNR] = $0; lines = FNR; next }
{
  if (FNR > lines) { complain("only reel prints: " $0); next }
  n = split($0, ours_words); m = split(theirs[FNR], words)
  same = n == m
  for (i = 1; same && i <= n; ++i) {
    a = ours_words[i]; b = words[i]
    if (is_number(a) && is_number(b)) same = abs(a - b) <= 1e-3 * abs(b) + 1e-4
    else same = a == b
  }
  if (!same) complain("reel prints \"" $0 "\", LibTorch \"" theirs[FNR] "\"")
}
END {
  if (FNR < lines) complain("LibTorch prints more")
  exit bad
}' theirs.txt ours.txt
echo "examples: LibTorch prints the same"
