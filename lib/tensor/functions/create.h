#pragma once

// New tensors. Names and defaults are LibTorch's; methods of
// Tensor are the same functions with the tensor first.

#include <reel/tensor/tensor.h>

namespace reel {

// New tensors.
Tensor empty(IntArrayRef size, const TensorOptions& options = {},
             MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor empty_strided(IntArrayRef size, IntArrayRef stride, const TensorOptions& options = {});
Tensor zeros(IntArrayRef size, const TensorOptions& options = {});
Tensor ones(IntArrayRef size, const TensorOptions& options = {});
/// dtype follows the value unless options set it: Bool, Long or the default floating point.
Tensor full(IntArrayRef size, const Scalar& value, const TensorOptions& options = {});
Tensor empty_like(const Tensor& self, const TensorOptions& options = {},
                  MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor zeros_like(const Tensor& self, const TensorOptions& options = {},
                  MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor ones_like(const Tensor& self, const TensorOptions& options = {},
                 MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor full_like(const Tensor& self, const Scalar& value, const TensorOptions& options = {},
                 MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor scalar_tensor(const Scalar& value, const TensorOptions& options = {});
Tensor arange(const Scalar& end, const TensorOptions& options = {});
Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options = {});
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options = {});
Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps,
                const TensorOptions& options = {});
Tensor eye(int64_t n, const TensorOptions& options = {});
Tensor eye(int64_t n, int64_t m, const TensorOptions& options = {});
/// A tensor over memory that the caller keeps alive.
Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides,
                 const TensorOptions& options = {});
/// A tensor over memory that `deleter(context)` frees with the last user of it.
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, void (*deleter)(void* context),
                 void* context, const TensorOptions& options = {});
/// A tensor over memory that `deleter(data)` frees with the last user of it.
template <std::invocable<void*> Deleter>
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, Deleter deleter,
                 const TensorOptions& options = {}) {
  struct Owner {
    Deleter deleter;
    void* data;
  };
  Owned<Owner> owner(new Owner{static_cast<Deleter&&>(deleter), data});
  const auto release = [](void* context) {
    const Owned<Owner> last(static_cast<Owner*>(context));
    last->deleter(last->data);
  };
  Tensor result = from_blob(data, sizes, strides, release, owner.get(), options);
  static_cast<void>(owner.release());
  return result;
}
template <std::invocable<void*> Deleter>
Tensor from_blob(void* data, IntArrayRef sizes, Deleter deleter,
                 const TensorOptions& options = {}) {
  return from_blob(data, sizes, contiguous_strides(sizes), static_cast<Deleter&&>(deleter),
                   options);
}

namespace detail {
/// The values of tensor({{1, 2}, {3, 4}}): a number or a list of such, all of one shape.
class TensorData {
 public:
  template <class T>
  requires(std::convertible_to<T, Scalar> && !std::same_as<T, TensorData>) TensorData(T value)
      : values_{Scalar(value)}, type_(Scalar(value).type()) {}
  TensorData(std::initializer_list<TensorData> list);

  const std::vector<Scalar>& values() const { return values_; }
  const std::vector<int64_t>& sizes() const { return sizes_; }
  ScalarType type() const { return type_; }

 private:
  std::vector<Scalar> values_;
  std::vector<int64_t> sizes_;
  ScalarType type_ = ScalarType::Undefined;
};
Tensor make_tensor(const TensorData& data, const TensorOptions& options);
Tensor make_tensor(const void* data, size_t count, ScalarType type, const TensorOptions& options);
}  // namespace detail

/// A tensor of the values written out: `tensor({{1, 2}, {3, 4}})`, `tensor(3.0)`.
inline Tensor tensor(std::initializer_list<detail::TensorData> values,
                     const TensorOptions& options = {}) {
  return detail::make_tensor(detail::TensorData(values), options);
}
template <class T>
requires(std::convertible_to<T, Scalar>) Tensor tensor(T value, const TensorOptions& options = {}) {
  return detail::make_tensor(detail::TensorData(value), options);
}
/// A 1-d tensor with a copy of the values.
template <class T>
Tensor tensor(const std::vector<T>& values, const TensorOptions& options = {}) {
  return detail::make_tensor(values.data(), values.size(), scalar_type_of<T>, options);
}
template <class T>
Tensor tensor(ArrayRef<T> values, const TensorOptions& options = {}) {
  return detail::make_tensor(values.data(), values.size(), scalar_type_of<T>, options);
}

/// real + i imag, which broadcast; both Float or both Double.
Tensor complex(const Tensor& real, const Tensor& imag);
Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base = 10.0,
                const TensorOptions& options = {});
/// abs (cos angle + i sin angle); dtypes as of complex().
Tensor polar(const Tensor& abs, const Tensor& angle);
Tensor range(const Scalar& start, const Scalar& end, const Scalar& step = 1,
             const TensorOptions& options = {});
Tensor range(const Scalar& start, const Scalar& end, const TensorOptions& options = {});
Tensor tril_indices(int64_t row, int64_t col, int64_t offset = 0,
                    const TensorOptions& options = kLong);
Tensor triu_indices(int64_t row, int64_t col, int64_t offset = 0,
                    const TensorOptions& options = kLong);
Tensor vander(const Tensor& x, std::optional<int64_t> N = {}, bool increasing = false);
// Quantised storage: round(value / scale) + zero_point, clamped to the type's range.
Tensor quantize_per_tensor(const Tensor& self, double scale, int64_t zero_point, ScalarType dtype);

}  // namespace reel
