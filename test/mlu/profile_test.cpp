#include <support/catch.h>

#include <reel/backends/mlu/runtime/clock.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/trace.h>

#include "sanitizer.h"

namespace {

constexpr int kCount = 1024;

// "correct" of sanitizer.mlu: 4 KB go from GDRAM to SRAM, four cores work on a quarter each.
double run_correct(int launches) {
  float* data = nullptr;
  REQUIRE(cnrtMalloc(reinterpret_cast<void**>(&data), kCount * sizeof(float)) == cnrtSuccess);
  REQUIRE(cnrtMemset(data, 0, kCount * sizeof(float)) == cnrtSuccess);
  const double before = bang::default_queue(0).device_time_us();
  for (int i = 0; i < launches; ++i) launch("correct", CNRT_FUNC_TYPE_UNION1, 4, data);
  REQUIRE(bang::default_queue(0).synchronize().empty());
  REQUIRE(cnrtFree(data) == cnrtSuccess);
  return bang::default_queue(0).device_time_us() - before;
}

}  // namespace

TEST_CASE("A kernel's profile counts its launches, bytes and time") {
  bang::clear_kernel_profiles();
  const double us = run_correct(3);
  const auto profiles = bang::kernel_profiles();
  REQUIRE(profiles.size() == 1);
  const bang::KernelProfile& profile = profiles[0];
  CHECK(profile.kernel == "correct");
  CHECK(profile.launches == 3);
  CHECK(profile.microseconds == Approx(us));
  CHECK(profile.work.bytes_read == 3 * 4096);
  CHECK(profile.work.bytes_written == 3 * 4096);
  CHECK(profile.work.vector_bytes == 3 * 4096);
  CHECK(profile.io_efficiency() > 0);
  CHECK(profile.io_efficiency() < 1);
  CHECK_THAT(bang::profile_table(), Catch::Matchers::ContainsSubstring("correct"));
}

TEST_CASE("The predicted time of a kernel does not depend on how its threads ran") {
  const double first = run_correct(1);
  CHECK(first > bang::Timing::kLaunchMicroseconds);
  for (int i = 0; i < 5; ++i) CHECK(run_correct(1) == Approx(first));
}

TEST_CASE("Copies run beside computations unless they are waited for") {
  bang::Clock clock;
  clock.copy(false, 1000, true);
  clock.compute(600);
  clock.join(bang::kAllQueues);
  CHECK(clock.now() == Approx(1000 + bang::Timing::kIssue));
  clock.copy(false, 1000, false);
  clock.compute(600);
  clock.join(bang::kAllQueues);
  CHECK(clock.now() == Approx(2600 + 3 * bang::Timing::kIssue));
}
