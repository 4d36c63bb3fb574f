// A backend "counting" in the CPU's memory: about nine entry points, each a scalar loop over the
// formulas that the ops declare. What it has no kernel for is composed or runs on the CPU.

#include <cstdlib>
#include <cstring>

#include <reel/backends/backend.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/elementwise_list.h>
#include <reel/tensor/ops/matmul.h>
#include <reel/tensor/ops/reduce.h>

namespace {

using reel::Call;
using reel::View;

class HostMemory final : public reel::Runtime {
 public:
  void* allocate(int, size_t bytes) override {
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void release(int, void* data) override { std::free(data); }
  void copy(int, void* to, const void* from, size_t bytes, reel::CopyKind) override {
    std::memcpy(to, from, bytes);
  }
};

// The place in memory of element number i of a view, counted in logical order.
int64_t place(const View& v, int64_t i) {
  int64_t at = 0;
  for (int d = v.rank - 1; d >= 0; --d) {
    at += i % v.sizes[d] * v.strides[d];
    i /= v.sizes[d];
  }
  return at;
}

float& element(const View& v, int64_t i) { return v.as<float>()[place(v, i)]; }

bool all_float(const Call& call) {
  for (int i = 0; i < call.num_in; ++i) {
    if (call.in[i].defined() && call.in[i].dtype != reel::kFloat) return false;
  }
  return call.out[0].dtype == reel::kFloat;
}

constexpr const char* kOnlyFloat = "only Float";

template <class Op>
const char* unary(const Call& call) {
  if (!all_float(call)) return kOnlyFloat;
  const Op& op = call.as<Op>();
  for (int64_t i = 0; i < call.out[0].numel; ++i) {
    element(call.out[0], i) = static_cast<float>(op.f(element(call.in[0], i)));
  }
  return nullptr;
}

template <class Op>
const char* binary(const Call& call) {
  if (!all_float(call)) return kOnlyFloat;
  const Op& op = call.as<Op>();
  for (int64_t i = 0; i < call.out[0].numel; ++i) {
    element(call.out[0], i) =
        static_cast<float>(op.f(element(call.in[0], i), element(call.in[1], i)));
  }
  return nullptr;
}

const char* copy(const Call& call) {
  if (!all_float(call)) return kOnlyFloat;
  for (int64_t i = 0; i < call.out[0].numel; ++i) element(call.out[0], i) = element(call.in[0], i);
  return nullptr;
}

const char* fill(const Call& call) {
  if (!all_float(call)) return kOnlyFloat;
  const float value = call.as<reel::ops::Fill>().value.toFloat();
  for (int64_t i = 0; i < call.out[0].numel; ++i) element(call.out[0], i) = value;
  return nullptr;
}

const char* mm(const Call& call) {
  if (!all_float(call)) return kOnlyFloat;
  const View& a = call.in[0];
  const View& b = call.in[1];
  for (int64_t i = 0; i < a.sizes[0]; ++i) {
    for (int64_t j = 0; j < b.sizes[1]; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < a.sizes[1]; ++k) {
        sum += a.as<float>()[i * a.strides[0] + k * a.strides[1]] *
               b.as<float>()[k * b.strides[0] + j * b.strides[1]];
      }
      call.out[0].as<float>()[i * call.out[0].strides[0] + j * call.out[0].strides[1]] = sum;
    }
  }
  return nullptr;
}

void register_counting(reel::Backend& backend) {
  static HostMemory memory;
  backend.runtime = &memory;
  backend.kernels.add("copy", copy);
  backend.kernels.add("fill", fill);
  backend.kernels.add("mm", mm);
  reel::ops::UnaryOps::for_each([&]<class Op>() { backend.kernels.add(Op::name, unary<Op>); });
  reel::ops::BinaryOps::for_each([&]<class Op>() { backend.kernels.add(Op::name, binary<Op>); });
}

}  // namespace

extern "C" const reel::BackendPlugin* reel_backend_plugin() {
  static const reel::BackendPlugin plugin{reel::kBackendAbi, "counting", register_counting};
  return &plugin;
}
