#include "bench/ceiling.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <latch>
#include <thread>
#include <vector>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAccumulators = 12;  // enough to hide 4 cycles of latency on 2 ports

/// Runs `kAccumulators` independent chains of multiply-adds, `count` long. In assembly, because the
/// ceiling must not depend on what the compiler thinks of a loop.
struct FmaLoop {
  const char* unit;
  int lanes;
  void (*run)(int64_t count);
};

#if defined(__x86_64__)
void fma_avx512(int64_t count) {
  const float value = 1e-3F;
  asm volatile(
      "vbroadcastss %[value], %%zmm0\n vbroadcastss %[value], %%zmm1\n"
      "1:\n"
      ".irp r,2,3,4,5,6,7,8,9,10,11,12,13\n vfmadd231ps %%zmm0, %%zmm1, %%zmm\\r\n .endr\n"
      "dec %[count]\n jnz 1b\n vzeroupper\n"
      : [count] "+r"(count)
      : [value] "m"(value)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13");
}

void fma_avx2(int64_t count) {
  const float value = 1e-3F;
  asm volatile(
      "vbroadcastss %[value], %%ymm0\n vbroadcastss %[value], %%ymm1\n"
      "1:\n"
      ".irp r,2,3,4,5,6,7,8,9,10,11,12,13\n vfmadd231ps %%ymm0, %%ymm1, %%ymm\\r\n .endr\n"
      "dec %[count]\n jnz 1b\n vzeroupper\n"
      : [count] "+r"(count)
      : [value] "m"(value)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13");
}

void mul_add_sse(int64_t count) {
  asm volatile(
      "xorps %%xmm0, %%xmm0\n"
      "1:\n"
      ".irp r,2,3,4,5,6,7\n mulps %%xmm0, %%xmm\\r\n .endr\n"
      ".irp r,8,9,10,11,12,13\n addps %%xmm0, %%xmm\\r\n .endr\n"
      ".irp r,2,3,4,5,6,7\n addps %%xmm0, %%xmm\\r\n .endr\n"
      ".irp r,8,9,10,11,12,13\n mulps %%xmm0, %%xmm\\r\n .endr\n"
      "dec %[count]\n jnz 1b\n"
      : [count] "+r"(count)
      :
      : "cc", "xmm0", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13");
}

FmaLoop best_loop() {
  if (__builtin_cpu_supports("avx512f")) return {"AVX-512", 16, fma_avx512};
  if (__builtin_cpu_supports("fma")) return {"AVX2+FMA", 8, fma_avx2};
  return {"SSE2", 4, mul_add_sse};
}
#elif defined(__aarch64__)
void fma_neon(int64_t count) {
  asm volatile(
      "fmov v0.4s, #0.125\n fmov v1.4s, #0.125\n"
      "1:\n"
      ".irp r,2,3,4,5,6,7,16,17,18,19,20,21\n fmla v\\r\\().4s, v0.4s, v1.4s\n .endr\n"
      "subs %[count], %[count], #1\n b.ne 1b\n"
      : [count] "+r"(count)
      :
      : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20",
        "v21");
}

FmaLoop best_loop() { return {"NEON", 4, fma_neon}; }
#else
#error "reel-bench: no multiply-add loop for this processor; add one to ceiling.cpp"
#endif

/// Seconds from the first start to the last end of body(thread) on as many threads at once. Each
/// thread reads the clock itself: the caller may be woken long after they began.
template <class Body>
double timed(int threads, const Body& body) {
  std::latch ready(threads);
  std::vector<std::thread> pool;
  std::vector<Clock::time_point> starts(static_cast<size_t>(threads)), ends(starts);
  for (size_t thread = 0; thread < starts.size(); ++thread) {
    pool.emplace_back([&, thread] {
      ready.arrive_and_wait();
      starts[thread] = Clock::now();
      body(thread);
      ends[thread] = Clock::now();
    });
  }
  for (auto& worker : pool) worker.join();
  return std::chrono::duration<double>(*std::max_element(ends.begin(), ends.end()) -
                                       *std::min_element(starts.begin(), starts.end()))
      .count();
}

/// The least of five.
template <class Body>
double least(int threads, const Body& body) {
  double best = timed(threads, body);
  for (int i = 1; i < 5; ++i) best = std::min(best, timed(threads, body));
  return best;
}

constexpr size_t kBytes = size_t{256} << 20;  // of memory: larger than most caches

}  // namespace

double measure_gflops(int threads) {
  const FmaLoop loop = best_loop();
  constexpr int64_t kCount = 4'000'000;
  const double best = least(threads, [&](size_t) { loop.run(kCount); });
  return 2e-9 * static_cast<double>(kCount) * kAccumulators * loop.lanes * threads / best;
}

double measure_read_gbs(int threads) {
  static const std::vector<char> source(kBytes, 1);
  const size_t part = kBytes / static_cast<size_t>(threads);
  const void* volatile keep = nullptr;
  // memchr for a byte that is not there: the C library's fastest way of reading memory.
  return 1e-9 * kBytes / least(threads, [&](size_t thread) {
           keep = std::memchr(source.data() + part * thread, 0, part);
         });
}

Ceiling measure_ceiling(int threads) {
  const std::vector<char> source(kBytes, 1);
  std::vector<char> target(kBytes, 2);
  const size_t part = kBytes / static_cast<size_t>(threads);
  const double copy = least(threads, [&](size_t thread) {
    const size_t begin = part * thread;
    std::memcpy(target.data() + begin, source.data() + begin, part);
  });
  return {measure_gflops(threads), measure_read_gbs(threads), 1e-9 * kBytes / copy,
          best_loop().unit};
}

}  // namespace bench
