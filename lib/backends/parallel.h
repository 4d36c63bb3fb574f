#pragma once

#include <cstdint>

namespace reel {

/// The number of threads that kernels use, the caller among them. Default: REEL_NUM_THREADS, else
/// the cores this process may use.
int get_num_threads();
/// Takes effect with the next kernel; at least 1. Results do not depend on it.
void set_num_threads(int threads);

namespace detail {
using RangeFunction = void (*)(const void* context, int64_t begin, int64_t end);
void parallel_ranges(int64_t begin, int64_t end, int64_t grain, RangeFunction run,
                     const void* context);
}  // namespace detail

/// Calls body(b, e) for the chunks [b, e) of at most `grain` elements that [begin, end) is cut
/// into, on the pool's threads and the caller, each its share of them side by side, then what
/// others have left; returns when all are done. Chunks depend on the grain alone, so a result that
/// is combined per chunk is the same for any number of threads. A call from inside a body runs on
/// its own thread alone. The first exception is rethrown here.
template <class Body>
void parallel_for(int64_t begin, int64_t end, int64_t grain, const Body& body) {
  if (end <= begin) return;
  if (end - begin <= grain) {
    body(begin, end);
    return;
  }
  detail::parallel_ranges(
      begin, end, grain,
      [](const void* context, int64_t b, int64_t e) { (*static_cast<const Body*>(context))(b, e); },
      &body);
}

}  // namespace reel
