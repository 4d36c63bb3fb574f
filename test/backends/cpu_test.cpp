// The CPU backend's memory and its choice of an instruction set.

#include <cstdint>
#include <limits>
#include <string>

#include <reel/backends/cpu/cpu.h>

#include "support/catch.h"

TEST_CASE("the CPU's memory is aligned, writable and refused where there is none") {
  reel::Backend backend;
  reel::register_cpu(backend);
  REQUIRE(backend.runtime != nullptr);
  reel::Runtime& runtime = *backend.runtime;
  // One below and one above the size from which huge pages are asked for.
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{9} << 20}) {
    auto* data = static_cast<char*>(runtime.allocate(0, bytes));
    REQUIRE(data != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(data) % 64 == 0);
    if (bytes > 0) {
      data[0] = 1;
      data[bytes - 1] = 2;
      char copied = 0;
      runtime.copy(0, &copied, data + bytes - 1, 1, reel::CopyKind::DeviceToHost);
      CHECK(copied == 2);
    }
    runtime.release(0, data);
  }
  CHECK(runtime.allocate(0, std::numeric_limits<size_t>::max()) == nullptr);
  CHECK(runtime.allocate(0, size_t{1} << 62) == nullptr);
  CHECK(runtime.host_accessible());
}

TEST_CASE("the CPU names its instruction set") {
  const std::string isa = reel::cpu_isa();
  CAPTURE(isa);
  CHECK((isa == "avx512" || isa == "avx2" || isa == "baseline" || isa == "neon" ||
         isa == "reference"));
  reel::Backend backend;
  reel::register_cpu(backend);
  const reel::DeviceInfo info = backend.runtime->info(0);
  CHECK(std::string(info.description).find(isa) != std::string::npos);
  CHECK(info.memory_bytes > (int64_t{1} << 28));
  CHECK((backend.kernels.find(reel::op_id("add")) != nullptr) == (isa != "reference"));
}
