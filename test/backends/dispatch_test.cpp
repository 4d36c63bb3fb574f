#include <reel/backends/allocator.h>
#include <reel/backends/dispatch.h>
#include <reel/backends/registry.h>
#include <reel/reel.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using test::error_of;

namespace {

// A backend that computes nothing but copies, in the CPU's memory: everything else composes or goes
// to the CPU.
const char* bare_copy(const Call& call) {
  if (call.op == std::string("copy") && call.in[0].dtype != call.out[0].dtype) return "cast";
  const Backend& cpu = backends::backend_of(kCPU);
  return (*cpu.kernels.find(op_id(call.op)))(call);
}

void register_bare(Backend& backend) {
  backend.runtime = backends::backend_of(kCPU).runtime;
  for (const char* op : {"copy", "fill", "mm"}) backend.kernels.add(op, bare_copy);
}

Device bare() {
  static const DeviceType type = backends::register_backend("bare", register_bare);
  return {type, 0};
}

}  // namespace

TEST_CASE("a call goes to a kernel, else is composed, else runs on the CPU; the report tells") {
  backends::reset_report();
  const Tensor a = test::wave({3, 4}).to(bare());
  CHECK(a.device() == bare());
  CHECK(test::close(a.mm(a.t()).cpu(), a.cpu().mm(a.cpu().t())));
  CHECK(test::close(stack({a, a}).cpu(), stack({a.cpu(), a.cpu()})));
  CHECK(test::close(a.exp().cpu(), a.cpu().exp()));
  const std::string report = backends::report();
  CHECK_THAT(report, Catch::Matchers::Matches("(.|\n)*mm +bare +native(.|\n)*"));
  CHECK_THAT(report, Catch::Matchers::Matches("(.|\n)*cat +bare +composed(.|\n)*"));
  CHECK_THAT(report,
             Catch::Matchers::Matches("(.|\n)*exp +bare +cpu +1 +- +192 +no kernel(.|\n)*"));
}

TEST_CASE("gradients work on a backend that falls back") {
  const Tensor x = test::wave({4}).to(bare()).requires_grad_();
  (x * x).sum().backward();
  CHECK(x.grad().device() == bare());
  CHECK(test::close(x.grad().cpu(), 2 * x.detach().cpu()));
}

TEST_CASE("devices are named by their backends") {
  CHECK(Device("cpu:0") == Device(kCPU));
  CHECK(Device("reference").str() == "reference");
  CHECK_THAT(error_of([] { Device("gpu"); }),
             ContainsSubstring("expected one of the backends cpu, reference") &&
                 ContainsSubstring("got 'gpu'"));
  CHECK_THROWS_AS(Device("cpu:x"), Error);
  CHECK_THROWS_AS(Device(""), Error);
  CHECK_THAT(error_of([] { (void)ones({2}).add(ones({2}, Device("reference"))); }),
             ContainsSubstring("Expected all tensors to be on the same device"));
}

TEST_CASE("a guard places what is created in its scope") {
  const DeviceGuard guard("reference");
  CHECK(ones({2}).device() == Device("reference"));
}

TEST_CASE("more memory than there is, is an error that says what was asked for") {
  CHECK_THAT(error_of([] { empty({int64_t{1} << 48}); }), ContainsSubstring("out of memory"));
  CHECK_THROWS_AS(empty({int64_t{1} << 48}), OutOfMemoryError);
  CHECK_THROWS_AS(empty({int64_t{1} << 40, int64_t{1} << 40}), Error);
}

TEST_CASE("freed memory is used again, and given back on demand") {
  { const Tensor t = empty({1000000}); }
  const auto before = backends::memory_stats(kCPU);
  CHECK(before.cached >= 4000000);
  { const Tensor t = empty({999999}); }
  CHECK(backends::memory_stats(kCPU).system_calls == before.system_calls);
  backends::empty_cache(kCPU);
  CHECK(backends::memory_stats(kCPU).cached == 0);
}

TEST_CASE("what is no plugin is refused") {
  CHECK_THAT(error_of([] { load_backend("/no/such/library.so"); }),
             ContainsSubstring("cannot load '/no/such/library.so'"));
  CHECK_THAT(error_of([] { load_backend("libc.so.6"); }),
             ContainsSubstring("exports no reel_backend_plugin"));
}
