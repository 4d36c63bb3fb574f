#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/copy.h>

namespace reel::reference {
namespace {

// As PyTorch casts: complex to real drops the imaginary part, a fraction is cut off, what does not
// fit wraps around (through int64, so that -1.0 becomes 255 as uint8).
template <class To, class From>
To cast(From value) {
  if constexpr (std::same_as<To, From>) {
    return value;
  } else if constexpr (is_complex_number<From> && is_complex_number<To>) {
    return To(value);
  } else if constexpr (is_complex_number<From> && std::same_as<To, bool>) {
    return value.real() != 0 || value.imag() != 0;
  } else if constexpr (is_complex_number<From>) {
    return cast<To>(value.real());
  } else if constexpr (is_complex_number<To>) {
    return To(cast<typename To::value_type>(value));
  } else if constexpr (std::same_as<To, bool>) {
    return convert<Compute<From>>(value) != 0;
  } else if constexpr (is_float<From> && std::integral<To>) {
    return static_cast<To>(convert<int64_t>(value));
  } else {
    return convert<To>(value);
  }
}

const char* copy(const Call& call) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  bool known = false;
  AllTypes::visit(x.dtype, [&]<class From>() {
    known = AllTypes::visit(y.dtype, [&]<class To>() {
      walk_all(x, y).for_each(
          [&](const auto& at) { y.as<To>()[at[1]] = cast<To>(x.as<const From>()[at[0]]); });
    });
  });
  if (known) return nullptr;
  // Quantised values move as the integers they are stored as.
  if (x.dtype != y.dtype) return kNoDtype;
  const auto move = [&](auto type) {
    using T = decltype(type);
    walk_all(x, y).for_each([&](const auto& at) { y.as<T>()[at[1]] = x.as<const T>()[at[0]]; });
  };
  if (x.dtype == kQInt8) return move(int8_t()), nullptr;
  if (x.dtype == kQInt16) return move(int16_t()), nullptr;
  return kNoDtype;
}

const char* fill(const Call& call) {
  const View& y = call.out[0];
  const Scalar value = call.as<ops::Fill>().value;
  const bool done = AllTypes::visit(y.dtype, [&]<class T>() {
    const T element = value.to<T>();
    walk_all(y).for_each([&](const auto& at) { y.as<T>()[at[0]] = element; });
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_copy(KernelTable& table) {
  table.add(ops::Copy::name, copy);
  table.add(ops::Fill::name, fill);
}

}  // namespace reel::reference
