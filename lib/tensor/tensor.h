#pragma once

#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/options.h>
#include <reel/tensor/scalar.h>
#include <reel/tensor/tensor_impl.h>

namespace reel {

class TensorIndex;
template <class T, size_t N>
class TensorAccessor;

/// A handle to an n-dimensional array: copying it shares the array. Executes at once; what is
/// computed from a tensor that requires gradients is recorded on the tape.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(IntrusivePtr<TensorImpl> impl) : impl_(static_cast<decltype(impl)&&>(impl)) {}

  // What it is.
  bool defined() const { return static_cast<bool>(impl_); }
  int64_t dim() const { return static_cast<int64_t>(impl()->sizes.size()); }
  int64_t ndimension() const { return dim(); }
  IntArrayRef sizes() const { return impl()->sizes; }
  IntArrayRef strides() const { return impl()->strides; }
  int64_t size(int64_t dim) const;
  int64_t stride(int64_t dim) const;
  int64_t numel() const { return impl()->numel; }
  int64_t storage_offset() const { return impl()->offset; }
  ScalarType scalar_type() const { return impl()->dtype; }
  ScalarType dtype() const { return impl()->dtype; }
  Device device() const { return impl()->storage->device(); }
  TensorOptions options() const { return TensorOptions(dtype()).device(device()); }
  size_t element_size() const { return reel::element_size(dtype()); }
  int64_t itemsize() const { return static_cast<int64_t>(element_size()); }
  size_t nbytes() const { return static_cast<size_t>(numel()) * element_size(); }
  bool is_contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  bool is_floating_point() const { return reel::is_floating_point(dtype()); }
  bool is_complex() const { return reel::is_complex(dtype()); }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
  bool is_view() const { return static_cast<bool>(impl()->base); }
  const Storage& storage() const { return impl()->storage; }
  /// Scale and zero point of a quantised tensor; errors for other dtypes.
  double q_scale() const;
  int64_t q_zero_point() const;
  /// The type's name as it is printed after the values, e.g. "CPUFloatType".
  std::string toString() const;
  /// Prints values as `std::cout << tensor` does.
  void print() const;

  // Memory and values. data_ptr<T> checks T against the dtype.
  void* data_ptr() const;
  template <class T>
  T* data_ptr() const {
    return static_cast<T*>(typed_data(scalar_type_of<T>));
  }
  /// The only element; errors if there are more. Copies from the device.
  Scalar item() const;
  template <class T>
  T item() const {
    return item().to<T>();
  }
  /// Element access without checks beyond rank and dtype: `auto a = t.accessor<float, 2>()`.
  template <class T, size_t N>
  TensorAccessor<T, N> accessor() const&;
  template <class T, size_t N>
  TensorAccessor<T, N> accessor() && = delete;

  // Autograd.
  bool requires_grad() const { return impl()->requires_grad(); }
  const Tensor& requires_grad_(bool value = true) const;
  Tensor& requires_grad_(bool value = true);
  const Tensor& set_requires_grad(bool value) const { return requires_grad_(value); }
  bool is_leaf() const { return impl()->slot == nullptr || !impl()->slot->entry; }
  /// The accumulated gradient; undefined if there is none.
  Tensor grad() const;
  /// A handle to the gradient's slot: assign to it to set or, with Tensor(), drop it.
  Tensor& mutable_grad() const;
  void retain_grad() const;
  bool retains_grad() const;
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = std::nullopt,
                bool create_graph = false) const;
  /// Calls hook(grad) when the gradient of this tensor is complete; what it returns, if it returns
  /// a defined tensor, replaces the gradient. Returns a handle for remove_hook.
  template <class Hook>
  unsigned register_hook(Hook&& hook) const;
  void remove_hook(unsigned handle) const;
  /// Shares the memory, off the tape.
  Tensor detach() const;
  Tensor& detach_();
  /// As detach(); writes through it are not seen by the version counter's checks.
  Tensor data() const { return detach(); }
  uint32_t _version() const { return impl()->storage->version(); }
  /// The name of the op that produced this tensor, or nullptr for a leaf.
  const char* grad_fn_name() const;

  // Copies and conversions.
  Tensor clone(MemoryFormat format = MemoryFormat::Preserve) const;
  Tensor contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  Tensor to(ScalarType dtype, bool non_blocking = false, bool copy = false) const;
  Tensor to(Device device, bool non_blocking = false, bool copy = false) const;
  Tensor to(Device device, ScalarType dtype, bool non_blocking = false, bool copy = false) const;
  Tensor to(const TensorOptions& options, bool non_blocking = false, bool copy = false) const;
  Tensor to(const Tensor& other) const { return to(other.options()); }
  Tensor type_as(const Tensor& other) const { return to(other.dtype()); }
  Tensor toType(ScalarType dtype) const { return to(dtype); }
  Tensor cpu() const { return to(Device(kCPU)); }
  Tensor& copy_(const Tensor& source, bool non_blocking = false);
  /// The integers of a quantised tensor, and its values.
  Tensor int_repr() const;
  Tensor dequantize() const;
  /// Makes this handle's tensor look at other's memory and geometry; only for leaves off the tape.
  void set_data(const Tensor& other);

  // Elementwise.
#define REEL_UNARY(name, Op) \
  Tensor name() const;       \
  Tensor& name##_();
#include <reel/tensor/ops/unary.def>
#undef REEL_UNARY
  Tensor add(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor add(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor sub(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor sub(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor mul(const Tensor& other) const;
  Tensor mul(const Scalar& other) const;
  Tensor div(const Tensor& other) const;
  Tensor div(const Scalar& other) const;
  Tensor pow(const Tensor& exponent) const;
  Tensor pow(const Scalar& exponent) const;
  Tensor maximum(const Tensor& other) const;
  Tensor minimum(const Tensor& other) const;
  Tensor eq(const Tensor& other) const;
  Tensor eq(const Scalar& other) const;
  Tensor ne(const Tensor& other) const;
  Tensor ne(const Scalar& other) const;
  Tensor lt(const Tensor& other) const;
  Tensor lt(const Scalar& other) const;
  Tensor le(const Tensor& other) const;
  Tensor le(const Scalar& other) const;
  Tensor gt(const Tensor& other) const;
  Tensor gt(const Scalar& other) const;
  Tensor ge(const Tensor& other) const;
  Tensor ge(const Scalar& other) const;
  Tensor logical_and(const Tensor& other) const;
  Tensor logical_or(const Tensor& other) const;
  Tensor logical_not() const;
  Tensor isnan() const;
  Tensor isfinite() const;
  Tensor clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {}) const;
  Tensor where(const Tensor& condition, const Tensor& other) const;
  Tensor masked_fill(const Tensor& mask, const Scalar& value) const;
  Tensor& add_(const Tensor& other, const Scalar& alpha = 1);
  Tensor& add_(const Scalar& other, const Scalar& alpha = 1);
  Tensor& sub_(const Tensor& other, const Scalar& alpha = 1);
  Tensor& sub_(const Scalar& other, const Scalar& alpha = 1);
  Tensor& mul_(const Tensor& other);
  Tensor& mul_(const Scalar& other);
  Tensor& div_(const Tensor& other);
  Tensor& div_(const Scalar& other);
  Tensor& pow_(const Scalar& exponent);
  Tensor& clamp_(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {});
  Tensor& masked_fill_(const Tensor& mask, const Scalar& value);
  /// self + value * tensor1 * tensor2, and with division.
  Tensor addcmul(const Tensor& tensor1, const Tensor& tensor2, const Scalar& value = 1) const;
  Tensor addcdiv(const Tensor& tensor1, const Tensor& tensor2, const Scalar& value = 1) const;
  Tensor& addcmul_(const Tensor& tensor1, const Tensor& tensor2, const Scalar& value = 1);
  Tensor& addcdiv_(const Tensor& tensor1, const Tensor& tensor2, const Scalar& value = 1);
  Tensor lerp(const Tensor& end, const Scalar& weight) const;
  Tensor& lerp_(const Tensor& end, const Scalar& weight);
  Tensor& fill_(const Scalar& value);
  Tensor& zero_();

  // Reductions.
  Tensor sum(std::optional<ScalarType> dtype = {}) const;
  Tensor sum(IntArrayRef dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor mean(std::optional<ScalarType> dtype = {}) const;
  Tensor mean(IntArrayRef dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor prod(std::optional<ScalarType> dtype = {}) const;
  Tensor prod(int64_t dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor var(bool unbiased = true) const;
  Tensor var(IntArrayRef dim, bool unbiased = true, bool keepdim = false) const;
  Tensor std(bool unbiased = true) const;
  Tensor std(IntArrayRef dim, bool unbiased = true, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  std::tuple<Tensor, Tensor> max(int64_t dim, bool keepdim = false) const;
  std::tuple<Tensor, Tensor> min(int64_t dim, bool keepdim = false) const;
  Tensor max(const Tensor& other) const { return maximum(other); }
  Tensor min(const Tensor& other) const { return minimum(other); }
  Tensor amax(IntArrayRef dim = {}, bool keepdim = false) const;
  Tensor amin(IntArrayRef dim = {}, bool keepdim = false) const;
  Tensor argmax(std::optional<int64_t> dim = {}, bool keepdim = false) const;
  Tensor argmin(std::optional<int64_t> dim = {}, bool keepdim = false) const;
  Tensor norm(const Scalar& p = 2) const;
  Tensor norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim = false) const;
  Tensor all() const;
  Tensor all(int64_t dim, bool keepdim = false) const;
  Tensor any() const;
  Tensor any(int64_t dim, bool keepdim = false) const;
  Tensor logsumexp(IntArrayRef dim, bool keepdim = false) const;
  Tensor softmax(int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor log_softmax(int64_t dim, std::optional<ScalarType> dtype = {}) const;
  bool equal(const Tensor& other) const;
  bool allclose(const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
                bool equal_nan = false) const;

  // Matrix products.
  Tensor matmul(const Tensor& other) const;
  Tensor mm(const Tensor& other) const;
  Tensor bmm(const Tensor& other) const;
  Tensor addmm(const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
               const Scalar& alpha = 1) const;

  // Shape.
  /// The same memory under another shape; an error if the strides do not allow it. Pictures that
  /// lie channels-last, as convolutions give them, are copied instead.
  Tensor view(IntArrayRef size) const;
  Tensor view_as(const Tensor& other) const { return view(other.sizes()); }
  Tensor reshape(IntArrayRef shape) const;
  Tensor reshape_as(const Tensor& other) const { return reshape(other.sizes()); }
  Tensor flatten(int64_t start_dim = 0, int64_t end_dim = -1) const;
  Tensor permute(IntArrayRef dims) const;
  Tensor transpose(int64_t dim0, int64_t dim1) const;
  Tensor t() const;
  Tensor squeeze() const;
  Tensor squeeze(int64_t dim) const;
  Tensor unsqueeze(int64_t dim) const;
  Tensor expand(IntArrayRef size, bool implicit = false) const;
  Tensor expand_as(const Tensor& other) const { return expand(other.sizes()); }
  Tensor narrow(int64_t dim, int64_t start, int64_t length) const;
  Tensor slice(int64_t dim = 0, std::optional<int64_t> start = {}, std::optional<int64_t> end = {},
               int64_t step = 1) const;
  Tensor select(int64_t dim, int64_t index) const;
  Tensor as_strided(IntArrayRef size, IntArrayRef stride,
                    std::optional<int64_t> storage_offset = {}) const;
  std::vector<Tensor> split(int64_t split_size, int64_t dim = 0) const;
  std::vector<Tensor> split(IntArrayRef split_sizes, int64_t dim = 0) const;
  std::vector<Tensor> chunk(int64_t chunks, int64_t dim = 0) const;
  std::vector<Tensor> unbind(int64_t dim = 0) const;
  Tensor flip(IntArrayRef dims) const;
  Tensor repeat(IntArrayRef repeats) const;
  /// Summed over the dimensions in which `size` broadcasts to this tensor's shape.
  Tensor sum_to_size(IntArrayRef size) const;

  // Indexing, as in `t.index({Slice(1, 3), None, "...", mask})`.
  Tensor index(ArrayRef<TensorIndex> indices) const;
  Tensor index(std::initializer_list<TensorIndex> indices) const;
  Tensor& index_put_(ArrayRef<TensorIndex> indices, const Tensor& values);
  Tensor& index_put_(ArrayRef<TensorIndex> indices, const Scalar& value);
  Tensor& index_put_(std::initializer_list<TensorIndex> indices, const Tensor& values);
  Tensor& index_put_(std::initializer_list<TensorIndex> indices, const Scalar& value);
  Tensor operator[](int64_t index) const { return select(0, index); }
  Tensor operator[](const Tensor& index) const;
  Tensor index_select(int64_t dim, const Tensor& index) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor nonzero() const;
  Tensor gather(int64_t dim, const Tensor& index) const;
  Tensor scatter(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter(int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor& scatter_(int64_t dim, const Tensor& index, const Tensor& source);
  Tensor& scatter_(int64_t dim, const Tensor& index, const Scalar& value);
  Tensor& scatter_add_(int64_t dim, const Tensor& index, const Tensor& source);
  Tensor index_add(int64_t dim, const Tensor& index, const Tensor& source) const;

  // Random numbers, in place.
  Tensor& uniform_(double from = 0, double to = 1);
  Tensor& normal_(double mean = 0, double std = 1);
  Tensor& bernoulli_(double p = 0.5);
  Tensor& random_(int64_t from, int64_t to);

  Tensor operator-() const { return neg(); }
  Tensor& operator+=(const Tensor& other) { return add_(other); }
  Tensor& operator-=(const Tensor& other) { return sub_(other); }
  Tensor& operator*=(const Tensor& other) { return mul_(other); }
  Tensor& operator/=(const Tensor& other) { return div_(other); }
  Tensor& operator+=(const Scalar& other) { return add_(other); }
  Tensor& operator-=(const Scalar& other) { return sub_(other); }
  Tensor& operator*=(const Scalar& other) { return mul_(other); }
  Tensor& operator/=(const Scalar& other) { return div_(other); }

  /// The object behind the handle, for the library's own floors; errors if undefined.
  TensorImpl* impl() const {
    if (!impl_) undefined_tensor();
    return impl_.get();
  }
  const IntrusivePtr<TensorImpl>& impl_ptr() const { return impl_; }

 private:
  [[noreturn]] static void undefined_tensor();
  void* typed_data(ScalarType type) const;
  unsigned add_hook(std::shared_ptr<GradHook> hook) const;

  IntrusivePtr<TensorImpl> impl_;
};

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);
std::ostream& operator<<(std::ostream& stream, ScalarType type);
std::ostream& operator<<(std::ostream& stream, Device device);
std::ostream& operator<<(std::ostream& stream, IntArrayRef values);

namespace detail {
template <class Function>
struct FunctionHook final : GradHook {
  explicit FunctionHook(Function f) : function(static_cast<Function&&>(f)) {}
  Tensor operator()(const Tensor& grad) override {
    if constexpr (requires { Tensor(function(grad)); }) {
      return function(grad);
    } else {
      function(grad);
      return {};
    }
  }
  Function function;
};
}  // namespace detail

template <class Hook>
unsigned Tensor::register_hook(Hook&& hook) const {
  return add_hook(
      std::make_shared<detail::FunctionHook<std::decay_t<Hook>>>(static_cast<Hook&&>(hook)));
}

/// Views a tensor's elements as an N-dimensional array of T.
template <class T, size_t N>
class TensorAccessor {
 public:
  TensorAccessor(T* data, const int64_t* sizes, const int64_t* strides)
      : data_(data), sizes_(sizes), strides_(strides) {}
  int64_t size(size_t dim) const { return sizes_[dim]; }
  int64_t stride(size_t dim) const { return strides_[dim]; }
  IntArrayRef sizes() const { return {sizes_, N}; }
  T* data() const { return data_; }
  decltype(auto) operator[](int64_t i) const {
    if constexpr (N == 1) {
      return (data_[i * strides_[0]]);
    } else {
      return TensorAccessor<T, N - 1>(data_ + i * strides_[0], sizes_ + 1, strides_ + 1);
    }
  }

 private:
  T* data_;
  const int64_t* sizes_;
  const int64_t* strides_;
};

namespace detail {
void check_accessor(const Tensor& tensor, size_t rank);
}

template <class T, size_t N>
TensorAccessor<T, N> Tensor::accessor() const& {
  static_assert(N > 0, "accessor is for tensors with at least one dimension; use item()");
  detail::check_accessor(*this, N);
  return {data_ptr<T>(), impl()->sizes.data(), impl()->strides.data()};
}

}  // namespace reel
