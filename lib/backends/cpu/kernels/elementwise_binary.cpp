#include <algorithm>

#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/kernels/num.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::cpu::REEL_ISA {
namespace {

template <class Op, class T>
void binary_loop(const void* attrs, void* out, const void* const* in, int64_t n) {
  const Op op = *static_cast<const Op*>(attrs);
  auto* y = static_cast<T*>(out);
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  if constexpr (Op::scalar) {
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(op.f(a[i], b[i]));
  } else {
    map(
        y, n, [&](const auto& left, const auto& right) { return op.f(left, right); }, a, b);
  }
}

// y = f(a, b).
template <class Op>
const char* binary(const Call& call) {
  // Bytes of 0 and 1 stay that under these.
  constexpr bool kKeepsBool = std::is_same_v<Op, ops::Mul> || std::is_same_v<Op, ops::Maximum> ||
                              std::is_same_v<Op, ops::Minimum>;
  constexpr int64_t kGrain = std::is_same_v<Op, ops::Pow> || Op::scalar ? kMathGrain : kCheapGrain;
  const ScalarType dtype = call.out[0].dtype;
  switch (dtype) {
    case kFloat:
      return run_elementwise(call, binary_loop<Op, float>, kGrain);
    case kDouble:
      return run_elementwise(call, binary_loop<Op, double>, kGrain);
    case kHalf:
    case kBFloat16:
      return run_widened(call, binary_loop<Op, float>, kGrain);
    default:
      break;
  }
  if constexpr (!Op::floating) {
    switch (dtype) {
      case kByte:
        return run_elementwise(call, binary_loop<Op, uint8_t>, kGrain);
      case kInt:
        return run_elementwise(call, binary_loop<Op, int32_t>, kGrain);
      case kLong:
        return run_elementwise(call, binary_loop<Op, int64_t>, kGrain);
      default:
        break;
    }
    if constexpr (kKeepsBool) {
      if (dtype == kBool) return run_elementwise(call, binary_loop<Op, uint8_t>, kGrain);
    }
  }
  return kNoDtype;
}

template <class Op>
const char* integer(const Call& call) {
  switch (call.out[0].dtype) {
    case kByte:
    case kBool:
      return run_elementwise(call, binary_loop<Op, uint8_t>, kCheapGrain);
    case kInt:
      return run_elementwise(call, binary_loop<Op, int32_t>, kCheapGrain);
    case kLong:
      return run_elementwise(call, binary_loop<Op, int64_t>, kCheapGrain);
    default:
      return kNoDtype;
  }
}

template <class Op, class T>
void compare_loop(const void*, void* out, const void* const* in, int64_t n) {
  const Op op;
  auto* y = static_cast<uint8_t*>(out);
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  for (int64_t i = 0; i < n; ++i) y[i] = op.f(a[i], b[i]) ? 1 : 0;
}

template <class Op>
const char* compare(const Call& call) {
  switch (call.in[0].dtype) {
    case kFloat:
      return run_elementwise(call, compare_loop<Op, float>, kCheapGrain);
    case kDouble:
      return run_elementwise(call, compare_loop<Op, double>, kCheapGrain);
    case kBool:
    case kByte:
      return run_elementwise(call, compare_loop<Op, uint8_t>, kCheapGrain);
    case kInt:
      return run_elementwise(call, compare_loop<Op, int32_t>, kCheapGrain);
    case kLong:
      return run_elementwise(call, compare_loop<Op, int64_t>, kCheapGrain);
    default:
      return kNoDtype;
  }
}

template <class Op, class T>
void ternary_loop(const void* attrs, void* out, const void* const* in, int64_t n) {
  const Op op = *static_cast<const Op*>(attrs);
  map(
      static_cast<T*>(out), n,
      [&](const auto& a, const auto& b, const auto& c) { return op.f(a, b, c); },
      static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<const T*>(in[2]));
}

template <class Op>
const char* ternary(const Call& call) {
  switch (call.out[0].dtype) {
    case kFloat:
      return run_elementwise(call, ternary_loop<Op, float>, kCheapGrain);
    case kDouble:
      return run_elementwise(call, ternary_loop<Op, double>, kCheapGrain);
    default:
      return kNoDtype;
  }
}

// Values are only moved: one loop for each size of an element.
template <class T>
void where_loop(const void*, void* out, const void* const* in, int64_t n) {
  auto* y = static_cast<T*>(out);
  const auto* condition = static_cast<const uint8_t*>(in[0]);
  const auto* a = static_cast<const T*>(in[1]);
  const auto* b = static_cast<const T*>(in[2]);
  for (int64_t i = 0; i < n; ++i) {
    const T yes = a[i];
    const T no = b[i];
    y[i] = condition[i] != 0 ? yes : no;
  }
}

const char* where(const Call& call) {
  switch (element_size(call.out[0].dtype)) {
    case 1:
      return run_elementwise(call, where_loop<uint8_t>, kCheapGrain);
    case 2:
      return run_elementwise(call, where_loop<uint16_t>, kCheapGrain);
    case 4:
      return run_elementwise(call, where_loop<uint32_t>, kCheapGrain);
    case 8:
      return run_elementwise(call, where_loop<uint64_t>, kCheapGrain);
    default:
      return kNoDtype;
  }
}

template <class T>
void fill_loop(const void* attrs, void* out, const void* const*, int64_t n) {
  std::fill_n(static_cast<T*>(out), n, static_cast<const ops::Fill*>(attrs)->value.to<T>());
}

const char* fill(const Call& call) {
  switch (call.out[0].dtype) {
    case kFloat:
      return run_elementwise(call, fill_loop<float>, kCheapGrain);
    case kDouble:
      return run_elementwise(call, fill_loop<double>, kCheapGrain);
    case kByte:
      return run_elementwise(call, fill_loop<uint8_t>, kCheapGrain);
    case kInt:
      return run_elementwise(call, fill_loop<int32_t>, kCheapGrain);
    case kLong:
      return run_elementwise(call, fill_loop<int64_t>, kCheapGrain);
    case kBool:
      return run_elementwise(call, fill_loop<bool>, kCheapGrain);
    default:
      return kNoDtype;
  }
}

}  // namespace

void register_binary(KernelTable& table) {
  ops::BinaryOps::for_each([&]<class Op>() { table.add(Op::name, binary<Op>); });
  ops::IntegerOps::for_each([&]<class Op>() { table.add(Op::name, integer<Op>); });
  ops::CompareOps::for_each([&]<class Op>() { table.add(Op::name, compare<Op>); });
  ops::TernaryOps::for_each([&]<class Op>() { table.add(Op::name, ternary<Op>); });
  table.add(ops::Where::name, where);
  table.add(ops::Fill::name, fill);
}

}  // namespace reel::cpu::REEL_ISA
