#pragma once

#include <type_traits>
#include <utility>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// Calls body(0), ..., body(kCount - 1) with constants: the tile must be unrolled from the first
/// load to the last store or it is not kept in registers.
template <int kCount, class Body>
[[gnu::always_inline]] inline void unroll(const Body& body) {
  [&]<int... kI>(std::integer_sequence<int, kI...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, kI>{}), ...);
  }
  (std::make_integer_sequence<int, kCount>{});
}

}  // namespace reel::cpu::REEL_ISA
