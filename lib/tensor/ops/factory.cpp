#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include <reel/autograd/grad_mode.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/scalar_cast.h>
#include <reel/tensor/visit.h>

namespace reel {
namespace {

constexpr int64_t kGrain = 1 << 16;

/// Bytes from the first to the last element.
size_t span_bytes(const char* op, IntArrayRef sizes, IntArrayRef strides, ScalarType type) {
  if (sizes.size() != strides.size()) {
    fail("{}: mismatch in length of strides and shape (sizes {}, strides {})", op, sizes, strides);
  }
  if (element_size(type) == 0) fail("{}: expected a dtype, got {}", op, type);
  const bool empty = numel_of(sizes) == 0;
  int64_t last = 0, bytes = 0;
  bool overflow = false;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (strides[d] < 0) {
      fail("{}: Negative strides are not supported at the moment, got strides: {}", op, strides);
    }
    int64_t reach = 0;
    overflow |= !empty && __builtin_mul_overflow(sizes[d] - 1, strides[d], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  overflow |= __builtin_add_overflow(last, 1, &last);
  overflow |= __builtin_mul_overflow(last, static_cast<int64_t>(element_size(type)), &bytes);
  if (overflow) fail("{}: Storage size calculation overflowed with sizes={}", op, sizes);
  return empty ? 0 : static_cast<size_t>(bytes);
}

Tensor wrap_storage(Storage storage, IntArrayRef sizes, IntArrayRef strides, ScalarType type) {
  auto impl = IntrusivePtr<TensorImpl>::adopt(
      new TensorImpl(std::move(storage), type, sizes, strides, /*offset=*/0));
  if (is_quantized(type)) impl->quant = std::make_unique<QuantParams>();
  impl->is_inference = InferenceMode::is_enabled();
  return Tensor(std::move(impl));
}

Tensor allocate(const char* op, IntArrayRef sizes, IntArrayRef strides, ScalarType type,
                Device device) {
  return wrap_storage(allocate_storage(span_bytes(op, sizes, strides, type), device), sizes,
                      strides, type);
}

Tensor finish(Tensor tensor, const TensorOptions& options) {
  if (options.requires_grad()) tensor.requires_grad_(true);
  return tensor;
}

/// The options as they are for the values' making: on the CPU, not yet a leaf.
TensorOptions host(const TensorOptions& options) {
  return options.device(kCPU).requires_grad(false);
}

/// Where tensors made on the CPU belong.
Tensor deliver(Tensor tensor, const TensorOptions& options) {
  if (!options.device().is_cpu()) tensor = tensor.to(options.device());
  return finish(std::move(tensor), options);
}

/// Options of a *_like function with the input's properties where they are silent.
TensorOptions options_like(const Tensor& self, TensorOptions options) {
  if (!options.has_dtype()) options = options.dtype(self.dtype());
  if (!options.has_device()) options = options.device(self.device());
  return options;
}

TensorOptions with_format(const TensorOptions& options, MemoryFormat format) {
  return format == MemoryFormat::Preserve ? options : options.memory_format(format);
}

/// The dtype that a number has as a tensor.
ScalarType type_of_number(ScalarType kind) {
  if (is_floating_point(kind)) return get_default_dtype();
  if (is_complex(kind)) return get_default_dtype() == kDouble ? kComplexDouble : kComplexFloat;
  return kind;
}

/// Writes element(i), i = 0, 1, ..., into a contiguous tensor on the CPU.
template <class T, class Element>
void generate(const Tensor& tensor, const Element& element) {
  T* data = static_cast<T*>(tensor.data_ptr());
  parallel_for(0, tensor.numel(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) data[i] = static_cast<T>(element(i));
  });
}

void fill_host(const char* op, const Tensor& tensor, const Scalar& value) {
  visit_dtype(tensor.dtype(), [&]<class T>() {
    const T element = checked_cast<T>(op, value);
    T* data = static_cast<T*>(tensor.data_ptr());
    const T zero{};
    const bool is_zero = std::memcmp(&element, &zero, sizeof(T)) == 0;
    parallel_for(0, tensor.numel(), kGrain, [&](int64_t begin, int64_t end) {
      // memset does not read what it overwrites, if there is much of it.
      if (is_zero) {
        std::memset(static_cast<void*>(data + begin), 0,
                    static_cast<size_t>(end - begin) * sizeof(T));
      } else {
        std::fill(data + begin, data + end, element);
      }
    });
  });
}

/// A new tensor holds values from its birth: that is no write, which `fill_` would count.
Tensor filled(const char* op, Tensor tensor, const Scalar& value, const TensorOptions& options) {
  if (tensor.device().is_cpu()) {
    fill_host(op, tensor, value);
  } else {
    tensor.fill_(value);
  }
  return finish(std::move(tensor), options);
}

Tensor empty_like_named(const char* op, const Tensor& self, const TensorOptions& given) {
  const TensorOptions options = options_like(self, given);
  const IntArrayRef sizes = self.sizes();
  Shape strides;
  switch (options.memory_format()) {
    case MemoryFormat::Contiguous:
      strides = contiguous_strides(sizes);
      break;
    case MemoryFormat::ChannelsLast:
      strides = channels_last_strides(sizes);
      break;
    case MemoryFormat::Preserve:
      strides = is_dense_layout(sizes, self.strides()) ? Shape(self.strides())
                                                       : dense_strides_like(sizes, self.strides());
  }
  Tensor result = allocate(op, sizes, strides, options.dtype(), options.device());
  if (self.impl()->quant != nullptr && is_quantized(options.dtype())) {
    result.impl()->quant = std::make_unique<QuantParams>(*self.impl()->quant);
  }
  return result;
}

Tensor empty_named(const char* op, IntArrayRef size, const TensorOptions& options) {
  numel_of(size);
  const Shape strides = options.memory_format() == MemoryFormat::ChannelsLast
                            ? channels_last_strides(size)
                            : contiguous_strides(size);
  return allocate(op, size, strides, options.dtype(), options.device());
}

}  // namespace

Tensor empty(IntArrayRef size, const TensorOptions& options, MemoryFormat memory_format) {
  return finish(empty_named("empty", size, with_format(options, memory_format)), options);
}

Tensor empty_strided(IntArrayRef size, IntArrayRef stride, const TensorOptions& options) {
  return finish(allocate("empty_strided", size, stride, options.dtype(), options.device()),
                options);
}

Tensor zeros(IntArrayRef size, const TensorOptions& options) {
  return filled("zeros", empty_named("zeros", size, options), 0, options);
}

Tensor ones(IntArrayRef size, const TensorOptions& options) {
  return filled("ones", empty_named("ones", size, options), 1, options);
}

Tensor full(IntArrayRef size, const Scalar& value, const TensorOptions& given) {
  const TensorOptions options =
      given.has_dtype() ? given : given.dtype(type_of_number(value.type()));
  return filled("full", empty_named("full", size, options), value, options);
}

Tensor empty_like(const Tensor& self, const TensorOptions& options, MemoryFormat memory_format) {
  return finish(empty_like_named("empty_like", self, with_format(options, memory_format)), options);
}

Tensor zeros_like(const Tensor& self, const TensorOptions& options, MemoryFormat memory_format) {
  return filled("zeros_like",
                empty_like_named("zeros_like", self, with_format(options, memory_format)), 0,
                options);
}

Tensor ones_like(const Tensor& self, const TensorOptions& options, MemoryFormat memory_format) {
  return filled("ones_like",
                empty_like_named("ones_like", self, with_format(options, memory_format)), 1,
                options);
}

Tensor full_like(const Tensor& self, const Scalar& value, const TensorOptions& options,
                 MemoryFormat memory_format) {
  return filled("full_like",
                empty_like_named("full_like", self, with_format(options, memory_format)), value,
                options);
}

Tensor Tensor::new_empty(IntArrayRef size, const TensorOptions& given) const {
  const TensorOptions options = options_like(*this, given);
  return finish(empty_named("new_empty", size, options), options);
}

Tensor Tensor::new_empty_strided(IntArrayRef size, IntArrayRef stride,
                                 const TensorOptions& given) const {
  const TensorOptions options = options_like(*this, given);
  return finish(allocate("new_empty_strided", size, stride, options.dtype(), options.device()),
                options);
}

Tensor Tensor::new_full(IntArrayRef size, const Scalar& fill_value,
                        const TensorOptions& given) const {
  const TensorOptions options = options_like(*this, given);
  return filled("new_full", empty_named("new_full", size, options), fill_value, options);
}

Tensor Tensor::new_zeros(IntArrayRef size, const TensorOptions& options) const {
  return new_full(size, 0, options);
}

Tensor Tensor::new_ones(IntArrayRef size, const TensorOptions& options) const {
  return new_full(size, 1, options);
}

Tensor scalar_tensor(const Scalar& value, const TensorOptions& options) {
  return filled("scalar_tensor", empty_named("scalar_tensor", {}, options), value, options);
}

Tensor arange(const Scalar& end, const TensorOptions& options) { return arange(0, end, options); }

Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& given) {
  const bool whole = start.is_integral(true) && end.is_integral(true) && step.is_integral(true);
  const TensorOptions options = given.has_dtype() || !whole ? given : given.dtype(kLong);
  const ScalarType type = options.dtype();
  if (is_complex(type) || is_quantized(type) || type == kBool) {
    fail("arange: \"arange_cpu\" not implemented for '{}'", type);
  }
  const double first = start.toDouble(), last = end.toDouble(), by = step.toDouble();
  if (by == 0 || std::isnan(by)) fail("arange: step must be nonzero");
  if (!std::isfinite(first) || !std::isfinite(last)) {
    fail("arange: unsupported range: {} -> {}", first, last);
  }
  if (by > 0 ? last < first : last > first) {
    fail("arange: upper bound and larger bound inconsistent with step sign");
  }
  // int64 has more digits than the double that counts all other ranges.
  double count = std::ceil((last - first) / by);
  if (type == kLong) {
    const int64_t a = start.toLong(), b = end.toLong(), s = step.toLong();
    if (s == 0) fail("arange: step must be nonzero");
    int64_t distance = 0;
    if (__builtin_sub_overflow(b, a, &distance) ||
        distance == std::numeric_limits<int64_t>::min()) {
      fail("arange: invalid size, possible overflow?");
    }
    const int64_t steps = distance / s + (distance % s != 0 ? 1 : 0);
    count = static_cast<double>(steps);
  }
  if (!(count >= 0 && count < 0x1p63)) fail("arange: invalid size, possible overflow?");

  const Tensor result = empty_named("arange", {static_cast<int64_t>(count)}, host(options));
  visit_dtype(type, [&]<class T>() {
    if constexpr (std::is_integral_v<T>) {
      const auto a = static_cast<uint64_t>(start.toLong()),
                 s = static_cast<uint64_t>(step.toLong());
      generate<T>(result, [&](int64_t i) { return a + s * static_cast<uint64_t>(i); });
    } else {
      generate<T>(result, [&](int64_t i) { return first + by * static_cast<double>(i); });
    }
  });
  return deliver(result, options);
}

Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps,
                const TensorOptions& options) {
  if (steps < 0) fail("linspace: number of steps must be non-negative, got {}", steps);
  if (is_quantized(options.dtype()) || options.dtype() == kBool) {
    fail("linspace: \"linspace_cpu\" not implemented for '{}'", options.dtype());
  }
  if (is_complex(options.dtype())) {
    const auto first = start.to<Complex<double>>(), last = end.to<Complex<double>>();
    const TensorOptions parts =
        host(options).dtype(options.dtype() == kComplexFloat ? kFloat : kDouble);
    return deliver(complex(linspace(first.real(), last.real(), steps, parts),
                           linspace(first.imag(), last.imag(), steps, parts)),
                   options);
  }
  const Tensor result = empty_named("linspace", steps, host(options));
  visit_dtype(options.dtype(), [&]<class T>() {
    // In double for integers, else in the result's own type, from both ends to the middle: so the
    // last value is exact.
    using Step = std::conditional_t<std::is_same_v<T, float>, float, double>;
    const Step first = Scalar(checked_cast<T>("linspace", start)).to<Step>();
    const Step last = Scalar(checked_cast<T>("linspace", end)).to<Step>();
    const Step by = steps > 1 ? (last - first) / static_cast<Step>(steps - 1) : Step(0);
    generate<T>(result, [&](int64_t i) {
      return i < steps / 2 || steps == 1 ? first + by * static_cast<Step>(i)
                                         : last - by * static_cast<Step>(steps - i - 1);
    });
  });
  return deliver(result, options);
}

Tensor eye(int64_t n, const TensorOptions& options) { return eye(n, n, options); }

Tensor eye(int64_t n, int64_t m, const TensorOptions& options) {
  if (n < 0) fail("eye: n must be greater or equal to 0, got {}", n);
  if (m < 0) fail("eye: m must be greater or equal to 0, got {}", m);
  const Tensor result = zeros({n, m}, host(options).memory_format(MemoryFormat::Contiguous));
  visit_dtype(result.dtype(), [&]<class T>() {
    T* data = static_cast<T*>(result.data_ptr());
    for (int64_t i = 0; i < std::min(n, m); ++i) data[i * m + i] = T(1);
  });
  return deliver(result, options);
}

namespace {

struct BlobOwner {
  void (*deleter)(void* context) = nullptr;
  void* context = nullptr;
};

void release_blob(void* /*data*/, void* owner) {
  const std::unique_ptr<BlobOwner> held(static_cast<BlobOwner*>(owner));
  if (held->deleter != nullptr) held->deleter(held->context);
}

}  // namespace

Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options) {
  numel_of(sizes);
  return from_blob(data, sizes, contiguous_strides(sizes), options);
}

Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options) {
  return from_blob(data, sizes, strides, nullptr, nullptr, options);
}

Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, void (*deleter)(void* context),
                 void* context, const TensorOptions& options) {
  const size_t bytes = span_bytes("from_blob", sizes, strides, options.dtype());
  if (data == nullptr && bytes > 0) {
    fail("from_blob: data is a null pointer but sizes {} need {} bytes", sizes, bytes);
  }
  // A plain pointer is memory of the CPU whatever guard is in force.
  const Device device = options.has_device() ? options.device() : Device(kCPU);
  // The tensor owns the memory from here on, but calls the deleter only once nothing can fail.
  BlobOwner* owner = deleter != nullptr ? new BlobOwner : nullptr;
  const auto release = owner != nullptr ? release_blob : nullptr;
  auto storage = Storage::adopt(new StorageImpl(data, bytes, device, release, owner));
  Tensor result =
      finish(wrap_storage(std::move(storage), sizes, strides, options.dtype()), options);
  if (owner != nullptr) *owner = {deleter, context};
  return result;
}

namespace detail {
namespace {

/// Of Bool, Long, Double and ComplexDouble, the types of numbers, the later one.
ScalarType promote_numbers(ScalarType a, ScalarType b) {
  if (a == ScalarType::Undefined) return b;
  return b == ScalarType::Undefined ? a : promote_types(a, b);
}

}  // namespace

TensorData::TensorData(std::initializer_list<TensorData> list) {
  sizes_.push_back(static_cast<int64_t>(list.size()));
  if (list.size() == 0) return;
  const TensorData& first = *list.begin();
  sizes_.insert(sizes_.end(), first.sizes_.begin(), first.sizes_.end());
  for (const TensorData& item : list) {
    if (item.sizes_ != first.sizes_) {
      fail("tensor: Expected all sub-lists to have sizes: {}, but got sub-list with sizes: {}",
           IntArrayRef(first.sizes_), IntArrayRef(item.sizes_));
    }
    type_ = promote_numbers(type_, item.type_);
    values_.insert(values_.end(), item.values_.begin(), item.values_.end());
  }
}

Tensor make_tensor(const TensorData& data, const TensorOptions& given) {
  const TensorOptions options = given.has_dtype() ? given
                                                  : given.dtype(data.type() == ScalarType::Undefined
                                                                    ? get_default_dtype()
                                                                    : type_of_number(data.type()));
  const Tensor result = empty_named("tensor", data.sizes(), host(options));
  visit_dtype(options.dtype(), [&]<class T>() {
    std::transform(data.values().begin(), data.values().end(), static_cast<T*>(result.data_ptr()),
                   [](const Scalar& value) { return checked_cast<T>("tensor", value); });
  });
  return deliver(result, options);
}

Tensor make_tensor(const void* data, size_t count, ScalarType type, const TensorOptions& options) {
  Tensor values = empty_named("tensor", static_cast<int64_t>(count), host(type));
  if (count > 0) std::memcpy(values.data_ptr(), data, values.nbytes());
  // Like numbers written out: int is a Long, and floating-point numbers take the default type.
  const ScalarType wanted = options.has_dtype()                               ? options.dtype()
                            : type == kInt                                    ? kLong
                            : type == kFloat || type == kDouble               ? get_default_dtype()
                            : type == kComplexFloat || type == kComplexDouble ? type_of_number(type)
                                                                              : type;
  if (wanted != type) values = values.to(wanted);
  return deliver(std::move(values), options);
}

}  // namespace detail
}  // namespace reel
