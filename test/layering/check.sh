#!/usr/bin/env bash
# Arrows point down only: reads the includes of lib/ and apps/ and holds them against the floors.
#   apps -> data, io, optim -> nn -> tensor/ops -> autograd -> tensor core -> backends/*.h
# A backend's folder sees backends/*.h, tensor core headers, the op structs and itself.
# Public headers are light. usage: check.sh REPOSITORY
set -euo pipefail
cd "$1"

find lib apps \( -name '*.h' -o -name '*.cpp' \) -not -path 'apps/bench/peers/*' -print0 |
  xargs -0 awk '
# The room of a file, given by its path below lib/.
function room(path,   part) {
  if (path ~ /^tensor\/(array_ref|check|complex|device|dtype|error|free_list|half|pointer|shape|storage)\.h$/) return "words"
  if (path ~ /\.def$/) return "words"  # a bare list of names
  if (path ~ /^tensor\/ops\//) return "ops"  # tensor/ops.h only declares: it is the core
  if (path ~ /^compat\/(eigen|xtensor)\.h$/) return "interop"  # optional, names what it needs
  if (path == "backends/builtin.cpp") return "builtin"  # the list of the built-in backends
  if (path ~ /^backends\/[^\/]+$/) return "backends"
  if (path ~ /^backends\//) { split(path, part, "/"); return "backends/" part[2] }
  if (path !~ /\//) return "umbrella"
  sub(/\/.*/, "", path)
  return path
}

function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; ++bad }

BEGIN {
  # What each room may include besides itself.
  core = "words backends tensor"
  may["words"] = ""
  may["backends"] = "words"
  may["builtin"] = "words backends backends/reference backends/cpu backends/mlu"
  may["tensor"] = "words backends"
  may["autograd"] = core
  may["ops"] = core " autograd"
  may["nn"] = core " autograd ops"
  may["optim"] = may["nn"] " nn"
  may["io"] = may["optim"]
  may["data"] = may["optim"] " io"
  may["debug"] = may["data"] " data optim"
  may["interop"] = may["debug"]
  may["umbrella"] = may["debug"] " debug"
  may["compat"] = may["umbrella"] " umbrella"
  may["apps"] = may["compat"]
  heavy = "^(atomic|iostream|functional|regex|algorithm|complex|Eigen/.*|xtensor/.*|xsimd/.*|fmt/.*|nlohmann/.*|zlib.h|stb.*|.*intrin.h|arm_neon.h)$"
}

FNR == 1 {
  path = FILENAME
  if (sub(/^lib\//, "", path)) here = room(path)
  else here = "apps"
  is_backend = here ~ /^backends\//
  is_public = FILENAME ~ /^lib\/.*\.h$/ && !is_backend && here != "interop"
}

# Internal headers say so in their first lines; they may use what public headers may not.
FNR <= 5 && /^\/\/ Internal/ { is_public = 0; internal[path] = 1 }

/^[ \t]*#[ \t]*include[ \t]*<reel\// {
  match($0, /<reel\/[^>]*>/)
  target = substr($0, RSTART + 6, RLENGTH - 7)
  there = room(target)
  if (is_public) seen[FILENAME ":" FNR] = target
  if (there == here) next
  if (is_backend) {
    op_struct = target ~ /^tensor\/ops\/[^\/]*\.h$/
    if (there !~ /^(words|backends|tensor)$/ && !op_struct) complain("a backend may not include <reel/" target ">")
  } else if (index(" " may[here] " ", " " there " ") == 0) {
    complain("the room " here " may not include <reel/" target "> of the room " there)
  }
  next
}

is_public && here != "compat" && /^[ \t]*#[ \t]*include[ \t]*</ {
  match($0, /<[^>]*>/)
  target = substr($0, RSTART + 1, RLENGTH - 2)
  if (target ~ heavy) complain("a public header may not include <" target ">")
}

is_public && /^[ \t]*#[ \t]*define[ \t]/ {
  if ($0 !~ /define[ \t]+REEL_/ && here != "compat") complain("a public macro must begin with REEL_")
}

is_public && /_mm(256|512)?_[a-z]|__m(128|256|512)|__AVX|__SSE|__FMA__/ {
  complain("a public header may not depend on the instruction set")
}

END {
  for (place in seen)
    if (seen[place] in internal) {
      printf "%s: a public header may not include the internal <reel/%s>\n", place, seen[place]
      ++bad
    }
  exit bad > 0
}'
echo "layering: every include points down"
