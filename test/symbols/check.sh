#!/usr/bin/env bash
# Code for newer CPUs must not leak: reads the merged kernel objects and the library's other code.
#   - a merged object exports its registration function and nothing else, and has no COMDAT group
#     through which the linker could choose one of its inline functions for the whole program
#   - no function outside the kernels that others can reach uses AVX registers (ymm, zmm)
# usage: check.sh BUILD_DIR
set -euo pipefail
cd "$1"
failed=0
complain() {
  echo "symbols: $*"
  failed=1
}

merged=(kernels/*.o)
[ -e "${merged[0]}" ] || complain "no merged kernels in $1/kernels"
for object in "${merged[@]}"; do
  isa=$(basename "$object" .o)
  # AddressSanitizer's own marker is in every object that it instruments.
  exported=$(nm -g --defined-only "$object" | awk '$3 !~ /^_*asan_/ { print $3 }' | sort | tr '\n' ' ')
  [ "$exported" = "reel_cpu_register_$isa " ] || complain "$object exports: $exported"
  ! readelf -g -W "$object" | grep -q COMDAT || complain "$object has COMDAT groups"
done

# Prints the functions that use a register of this kind and that other objects can reach. A local
# function may: it is chosen at run time by the function beside it.
users_of() {
  local register=$1
  shift
  { nm -A -g --defined-only "$@" && objdump -d --no-show-raw-insn "$@"; } |
    awk -v register="$register" '
      /file format/ { file = $1 }
      /^[0-9a-f]+ <.*>:$/ { name = file substr($2, 2, length($2) - 3) }
      !/file format/ && $1 ~ /\.o:[0-9a-f]+$/ { sub(/[0-9a-f]+$/, "", $1); global[$1 $3] = 1 }
      $0 ~ register && name in global && !seen[name]++ { print name }'
}

if [ -e kernels/avx512.o ]; then
  objdump -d --no-show-raw-insn kernels/avx512.o | awk '/%zmm/ { used = 1 } END { exit !used }' ||
    complain "kernels/avx512.o uses no zmm register: was it built for AVX-512?"
  mapfile -t plain < <(find CMakeFiles/reel_objects.dir -name '*.o')
  wide=$(users_of '%[yz]mm' kernels/baseline.o "${plain[@]}")
  [ -z "$wide" ] || complain "uses AVX registers: $wide"
fi

[ $failed = 0 ] && echo "symbols: each instruction set exports its table only"
exit $failed
