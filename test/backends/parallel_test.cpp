#include <atomic>
#include <chrono>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <reel/backends/parallel.h>
#include <reel/tensor/error.h>

#include "support/catch.h"

using namespace reel;

namespace {

// Restores the number of threads.
struct Threads {
  int before = get_num_threads();
  explicit Threads(int threads) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before); }
};

bool sums_up() {
  std::atomic<int64_t> sum{0};
  parallel_for(3, 1000, 7, [&](int64_t begin, int64_t end) {
    for (; begin < end; ++begin) sum += begin;
  });
  return sum == 499500 - 3;
}

}  // namespace

TEST_CASE("parallel_for runs every chunk once, cut by the grain alone") {
  for (const int threads : {1, 2, 5}) {
    const Threads use(threads);
    std::vector<std::atomic<int>> hits(1000);
    std::atomic<int> uneven{0};
    parallel_for(0, 1000, 64, [&](int64_t begin, int64_t end) {
      if (begin % 64 != 0 || (end != begin + 64 && end != 1000)) ++uneven;
      for (; begin < end; ++begin) ++hits[static_cast<size_t>(begin)];
    });
    CHECK(uneven == 0);
    for (const auto& hit : hits) REQUIRE(hit == 1);
  }
}

TEST_CASE("what a thread has left of its share, others take") {
  const Threads use(2);
  std::atomic<int> others{0};
  std::atomic<bool> taken{false};
  parallel_for(0, 8, 1, [&](int64_t chunk, int64_t) {
    if (chunk > 0) {
      ++others;
      return;
    }
    // The first chunks are the caller's share: none of them would come after this one.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (others < 7 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    taken = others == 7;
  });
  CHECK(taken);
}

TEST_CASE("parallel_for survives thousands of short calls, nested calls and an empty range") {
  const Threads use(3);
  for (int i = 0; i < 3000; ++i) REQUIRE(sums_up());
  std::atomic<int> nested{0};
  parallel_for(0, 8, 1, [&](int64_t, int64_t) {
    parallel_for(0, 10, 1, [&](int64_t begin, int64_t end) { nested += int(end - begin); });
  });
  CHECK(nested == 80);
  parallel_for(5, 5, 1, [](int64_t, int64_t) { FAIL("an empty range has no chunk"); });
}

TEST_CASE("parallel_for wakes workers that went to sleep") {
  const Threads use(4);
  REQUIRE(sums_up());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // ten times as long as they spin
  CHECK(sums_up());
}

TEST_CASE("parallel_for rethrows what a chunk throws and works on") {
  const Threads use(3);
  CHECK_THROWS_AS(parallel_for(0, 100, 1,
                               [](int64_t begin, int64_t) {
                                 if (begin == 37) throw std::runtime_error("37");
                               }),
                  std::runtime_error);
  CHECK(sums_up());
}

TEST_CASE("parallel_for may be called from several threads at once") {
  const Threads use(3);
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 500; ++k) right += sums_up() ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(right == 2000);
}

TEST_CASE("parallel_for works in the child of a fork") {
  const Threads use(3);
  REQUIRE(sums_up());
  const pid_t child = fork();
  if (child == 0) _exit(sums_up() ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("set_num_threads expects a positive number") {
  CHECK_THROWS_AS(set_num_threads(0), Error);
  CHECK_THROWS_AS(set_num_threads(-3), Error);
}
