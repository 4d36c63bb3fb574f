#pragma once

#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/generator.h>
#include <reel/tensor/options.h>
#include <reel/tensor/scalar.h>
#include <reel/tensor/tensor_impl.h>

namespace reel {

class TensorIndex;
class Tensor;
using TensorList = ArrayRef<Tensor>;
template <class T, size_t N>
class TensorAccessor;
template <class T, size_t N, class Index>
class PackedTensorAccessor;

/// A handle to an n-dimensional array: copying it shares the array. Executes at once; what is
/// computed from a tensor that requires gradients is recorded on the tape.
class Tensor {
 public:
  Tensor() = default;
  /// Undefined, which is how a parameter that may be left out is not given.
  Tensor(std::nullopt_t) {}
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
  bool is_cpu() const { return device().is_cpu(); }
  bool is_cuda() const { return device().is_cuda(); }
  Layout layout() const { return kStrided; }
  bool is_sparse() const { return false; }
  /// The number of the device, -1 on the CPU.
  int64_t get_device() const { return is_cpu() ? -1 : device().ordinal(); }
  TensorOptions options() const { return TensorOptions(dtype()).device(device()); }
  size_t element_size() const { return reel::element_size(dtype()); }
  int64_t itemsize() const { return static_cast<int64_t>(element_size()); }
  size_t nbytes() const { return static_cast<size_t>(numel()) * element_size(); }
  bool is_contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  bool is_floating_point() const { return reel::is_floating_point(dtype()); }
  bool is_complex() const { return reel::is_complex(dtype()); }
  /// Conjugates and negatives are computed at once, so there are no tensors that stand for them.
  bool is_conj() const { return false; }
  bool is_neg() const { return false; }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
  bool is_view() const { return static_cast<bool>(impl()->base); }
  /// True for a tensor made under InferenceMode and for its views.
  bool is_inference() const { return impl()->is_inference; }
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
  /// The same with sizes and strides of its own, which may outlive the handle.
  template <class T, size_t N>
  PackedTensorAccessor<T, N, int32_t> packed_accessor32() const&;
  template <class T, size_t N>
  PackedTensorAccessor<T, N, int32_t> packed_accessor32() && = delete;
  template <class T, size_t N>
  PackedTensorAccessor<T, N, int64_t> packed_accessor64() const&;
  template <class T, size_t N>
  PackedTensorAccessor<T, N, int64_t> packed_accessor64() && = delete;

  // Autograd.
  bool requires_grad() const { return impl()->requires_grad(); }
  const Tensor& requires_grad_(bool value = true) const;
  Tensor& requires_grad_(bool value = true);
  const Tensor& set_requires_grad(bool value) const { return requires_grad_(value); }
  bool is_leaf() const {
    return (impl()->slot == nullptr || !impl()->slot->entry) && !impl()->is_stale_view();
  }
  /// The accumulated gradient; undefined if there is none.
  Tensor grad() const;
  /// A handle to the gradient's slot: assign to it to set or, with Tensor(), drop it.
  Tensor& mutable_grad() const;
  void retain_grad() const;
  bool retains_grad() const;
  /// Replays the tape from here (see autograd::backward). With `inputs`, only they accumulate.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = std::nullopt,
                bool create_graph = false, std::optional<TensorList> inputs = std::nullopt) const;
  /// Calls hook(grad) when the gradient of this tensor is complete; what it returns, if it returns
  /// a defined tensor, replaces the gradient. Returns a handle for remove_hook.
  template <class Hook>
  unsigned register_hook(Hook&& hook) const;
  void remove_hook(unsigned handle) const;
  /// Shares the memory, off the tape.
  Tensor detach() const;
  Tensor& detach_();
  /// As detach(): unlike in PyTorch, a write through it is seen where what it overwrote was saved.
  Tensor data() const { return detach(); }
  Tensor variable_data() const { return detach(); }
  /// How often the memory was written in place; an error for inference tensors, which do not count.
  int64_t _version() const;
  /// The entry of the op that produced this tensor, none for a leaf; and the tensor's number among
  /// that op's results. See autograd/entry.h.
  IntrusivePtr<autograd::Entry> grad_fn() const;
  int64_t output_nr() const;
  /// The name of the op that produced this tensor, or nullptr for a leaf.
  const char* grad_fn_name() const;

  // Copies and conversions.
  Tensor clone(MemoryFormat format = MemoryFormat::Preserve) const;
  Tensor contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  Tensor to(ScalarType dtype, bool non_blocking = false, bool copy = false,
            MemoryFormat memory_format = MemoryFormat::Preserve) const;
  Tensor to(Device device, bool non_blocking = false, bool copy = false) const;
  Tensor to(Device device, ScalarType dtype, bool non_blocking = false, bool copy = false,
            MemoryFormat memory_format = MemoryFormat::Preserve) const;
  Tensor to(const TensorOptions& options, bool non_blocking = false, bool copy = false,
            MemoryFormat memory_format = MemoryFormat::Preserve) const;
  Tensor to(const Tensor& other, bool non_blocking = false, bool copy = false,
            MemoryFormat memory_format = MemoryFormat::Preserve) const {
    return to(other.options(), non_blocking, copy, memory_format);
  }
  Tensor type_as(const Tensor& other) const { return to(other.dtype()); }
  Tensor toType(ScalarType dtype) const { return to(dtype); }
  Tensor cpu() const { return to(Device(kCPU)); }
  Tensor cuda() const { return to(Device(kCUDA)); }
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

  Tensor absolute() const;
  Tensor& absolute_();
  Tensor angle() const;
  Tensor sgn() const;
  Tensor& sgn_();
  Tensor conj() const;
  Tensor conj_physical() const;
  Tensor& conj_physical_();
  Tensor resolve_conj() const;
  Tensor resolve_neg() const;
  Tensor arccos() const;
  Tensor& arccos_();
  Tensor arccosh() const;
  Tensor& arccosh_();
  Tensor arcsinh() const;
  Tensor& arcsinh_();
  Tensor arctanh() const;
  Tensor& arctanh_();
  Tensor arcsin() const;
  Tensor& arcsin_();
  Tensor arctan() const;
  Tensor& arctan_();
  Tensor bitwise_not() const;
  Tensor& bitwise_not_();
  Tensor copysign(const Tensor& other) const;
  Tensor& copysign_(const Tensor& other);
  Tensor copysign(const Scalar& other) const;
  Tensor& copysign_(const Scalar& other);
  Tensor& logical_not_();
  Tensor logical_xor(const Tensor& other) const;
  Tensor& logical_xor_(const Tensor& other);
  Tensor& logical_and_(const Tensor& other);
  Tensor& logical_or_(const Tensor& other);
  Tensor clamp(const Tensor& min = {}, const Tensor& max = {}) const;
  Tensor& clamp_(const Tensor& min = {}, const Tensor& max = {});
  Tensor clamp_max(const Scalar& max) const;
  Tensor clamp_max(const Tensor& max) const;
  Tensor& clamp_max_(const Scalar& max);
  Tensor& clamp_max_(const Tensor& max);
  Tensor clamp_min(const Scalar& min) const;
  Tensor clamp_min(const Tensor& min) const;
  Tensor& clamp_min_(const Scalar& min);
  Tensor& clamp_min_(const Tensor& min);
  Tensor clip(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {}) const;
  Tensor clip(const Tensor& min = {}, const Tensor& max = {}) const;
  Tensor& clip_(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {});
  Tensor& clip_(const Tensor& min = {}, const Tensor& max = {});
  Tensor div(const Tensor& other, std::optional<std::string_view> rounding_mode) const;
  Tensor& div_(const Tensor& other, std::optional<std::string_view> rounding_mode);
  Tensor div(const Scalar& other, std::optional<std::string_view> rounding_mode) const;
  Tensor& div_(const Scalar& other, std::optional<std::string_view> rounding_mode);
  Tensor divide(const Tensor& other) const;
  Tensor& divide_(const Tensor& other);
  Tensor divide(const Scalar& other) const;
  Tensor& divide_(const Scalar& other);
  Tensor divide(const Tensor& other, std::optional<std::string_view> rounding_mode) const;
  Tensor& divide_(const Tensor& other, std::optional<std::string_view> rounding_mode);
  Tensor divide(const Scalar& other, std::optional<std::string_view> rounding_mode) const;
  Tensor& divide_(const Scalar& other, std::optional<std::string_view> rounding_mode);
  Tensor true_divide(const Tensor& other) const;
  Tensor& true_divide_(const Tensor& other);
  Tensor true_divide(const Scalar& other) const;
  Tensor& true_divide_(const Scalar& other);
  Tensor& fill_(const Tensor& value);
  Tensor floor_divide(const Tensor& other) const;
  Tensor& floor_divide_(const Tensor& other);
  Tensor floor_divide(const Scalar& other) const;
  Tensor& floor_divide_(const Scalar& other);
  Tensor isclose(const Tensor& other, double rtol = 1e-05, double atol = 1e-08,
                 bool equal_nan = false) const;
  Tensor isreal() const;
  bool is_nonzero() const;
  bool is_signed() const;
  Tensor nan_to_num(std::optional<double> nan = {}, std::optional<double> posinf = {},
                    std::optional<double> neginf = {}) const;
  Tensor& nan_to_num_(std::optional<double> nan = {}, std::optional<double> posinf = {},
                      std::optional<double> neginf = {});
  Tensor logaddexp(const Tensor& other) const;
  Tensor logaddexp2(const Tensor& other) const;
  Tensor xlogy(const Tensor& other) const;
  Tensor xlogy(const Scalar& other) const;
  Tensor& xlogy_(const Tensor& other);
  Tensor& xlogy_(const Scalar& other);
  Tensor multiply(const Tensor& other) const;
  Tensor& multiply_(const Tensor& other);
  Tensor multiply(const Scalar& other) const;
  Tensor& multiply_(const Scalar& other);
  Tensor negative() const;
  Tensor& negative_();
  Tensor round(int64_t decimals) const;
  Tensor& round_(int64_t decimals);
  Tensor prelu(const Tensor& weight) const;
  Tensor hardshrink(const Scalar& lambd = 0.5) const;
  Tensor logit(std::optional<double> eps = {}) const;
  Tensor& logit_(std::optional<double> eps = {});
  Tensor fix() const;
  Tensor& fix_();
  Tensor positive() const;
  Tensor subtract(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor& subtract_(const Tensor& other, const Scalar& alpha = 1);
  Tensor subtract(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor& subtract_(const Scalar& other, const Scalar& alpha = 1);
  Tensor heaviside(const Tensor& values) const;
  Tensor& heaviside_(const Tensor& values);
  Tensor& eq_(const Scalar& other);
  Tensor& eq_(const Tensor& other);
  Tensor bitwise_and(const Scalar& other) const;
  Tensor bitwise_and(const Tensor& other) const;
  Tensor& bitwise_and_(const Scalar& other);
  Tensor& bitwise_and_(const Tensor& other);
  Tensor bitwise_or(const Scalar& other) const;
  Tensor bitwise_or(const Tensor& other) const;
  Tensor& bitwise_or_(const Scalar& other);
  Tensor& bitwise_or_(const Tensor& other);
  Tensor bitwise_xor(const Scalar& other) const;
  Tensor bitwise_xor(const Tensor& other) const;
  Tensor& bitwise_xor_(const Scalar& other);
  Tensor& bitwise_xor_(const Tensor& other);
  Tensor bitwise_left_shift(const Tensor& other) const;
  Tensor& bitwise_left_shift_(const Tensor& other);
  Tensor bitwise_left_shift(const Scalar& other) const;
  Tensor& bitwise_left_shift_(const Scalar& other);
  Tensor bitwise_right_shift(const Tensor& other) const;
  Tensor& bitwise_right_shift_(const Tensor& other);
  Tensor bitwise_right_shift(const Scalar& other) const;
  Tensor& bitwise_right_shift_(const Scalar& other);
  Tensor& lerp_(const Tensor& end, const Tensor& weight);
  Tensor& ne_(const Scalar& other);
  Tensor& ne_(const Tensor& other);
  Tensor not_equal(const Scalar& other) const;
  Tensor not_equal(const Tensor& other) const;
  Tensor& not_equal_(const Scalar& other);
  Tensor& not_equal_(const Tensor& other);
  Tensor& ge_(const Scalar& other);
  Tensor& ge_(const Tensor& other);
  Tensor greater_equal(const Scalar& other) const;
  Tensor greater_equal(const Tensor& other) const;
  Tensor& greater_equal_(const Scalar& other);
  Tensor& greater_equal_(const Tensor& other);
  Tensor& le_(const Scalar& other);
  Tensor& le_(const Tensor& other);
  Tensor less_equal(const Scalar& other) const;
  Tensor less_equal(const Tensor& other) const;
  Tensor& less_equal_(const Scalar& other);
  Tensor& less_equal_(const Tensor& other);
  Tensor& gt_(const Scalar& other);
  Tensor& gt_(const Tensor& other);
  Tensor greater(const Scalar& other) const;
  Tensor greater(const Tensor& other) const;
  Tensor& greater_(const Scalar& other);
  Tensor& greater_(const Tensor& other);
  Tensor& lt_(const Scalar& other);
  Tensor& lt_(const Tensor& other);
  Tensor less(const Scalar& other) const;
  Tensor less(const Tensor& other) const;
  Tensor& less_(const Scalar& other);
  Tensor& less_(const Tensor& other);
  Tensor signbit() const;
  Tensor& atan2_(const Tensor& other);
  Tensor atan2(const Tensor& other) const;
  Tensor arctan2(const Tensor& other) const;
  Tensor& arctan2_(const Tensor& other);
  Tensor lerp(const Tensor& end, const Tensor& weight) const;
  Tensor fmod(const Scalar& other) const;
  Tensor& fmod_(const Scalar& other);
  Tensor fmod(const Tensor& other) const;
  Tensor& fmod_(const Tensor& other);
  Tensor hypot(const Tensor& other) const;
  Tensor& hypot_(const Tensor& other);
  Tensor remainder(const Scalar& other) const;
  Tensor& remainder_(const Scalar& other);
  Tensor remainder(const Tensor& other) const;
  Tensor& remainder_(const Tensor& other);
  Tensor fmin(const Tensor& other) const;
  Tensor fmax(const Tensor& other) const;
  Tensor& pow_(const Tensor& exponent);
  Tensor float_power(const Tensor& exponent) const;
  Tensor float_power(const Scalar& exponent) const;
  Tensor& float_power_(const Scalar& exponent);
  Tensor& float_power_(const Tensor& exponent);
  Tensor isinf() const;
  Tensor isposinf() const;
  Tensor isneginf() const;

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

  Tensor bincount(const Tensor& weights = {}, int64_t minlength = 0) const;
  Tensor count_nonzero(IntArrayRef dim) const;
  Tensor count_nonzero(std::optional<int64_t> dim = {}) const;
  std::tuple<Tensor, Tensor> cummax(int64_t dim) const;
  std::tuple<Tensor, Tensor> cummin(int64_t dim) const;
  Tensor cumprod(int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor& cumprod_(int64_t dim, std::optional<ScalarType> dtype = {});
  Tensor cumsum(int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor& cumsum_(int64_t dim, std::optional<ScalarType> dtype = {});
  Tensor diff(int64_t n = 1, int64_t dim = -1, const Tensor& prepend = {},
              const Tensor& append = {}) const;
  std::tuple<Tensor, Tensor> kthvalue(int64_t k, int64_t dim = -1, bool keepdim = false) const;
  Tensor logcumsumexp(int64_t dim) const;
  std::tuple<Tensor, Tensor> aminmax(std::optional<int64_t> dim = {}, bool keepdim = false) const;
  Tensor nanmean(IntArrayRef dim = {}, bool keepdim = false,
                 std::optional<ScalarType> dtype = {}) const;
  Tensor median() const;
  std::tuple<Tensor, Tensor> median(int64_t dim, bool keepdim = false) const;
  Tensor nanmedian() const;
  std::tuple<Tensor, Tensor> nanmedian(int64_t dim, bool keepdim = false) const;
  std::tuple<Tensor, Tensor> mode(int64_t dim = -1, bool keepdim = false) const;
  Tensor nansum(IntArrayRef dim = {}, bool keepdim = false,
                std::optional<ScalarType> dtype = {}) const;
  Tensor std(IntArrayRef dim, std::optional<int64_t> correction, bool keepdim = false) const;
  Tensor var(IntArrayRef dim, std::optional<int64_t> correction, bool keepdim = false) const;
  Tensor norm(const std::optional<Scalar>& p, ScalarType dtype) const;
  Tensor norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim,
              ScalarType dtype) const;
  Tensor dist(const Tensor& other, const Scalar& p = 2) const;
  Tensor histc(int64_t bins = 100, const Scalar& min = 0, const Scalar& max = 0) const;
  std::tuple<Tensor, Tensor> histogram(const Tensor& bins, const Tensor& weight = {},
                                       bool density = false) const;
  std::tuple<Tensor, Tensor> histogram(int64_t bins = 100,
                                       std::optional<ArrayRef<double>> range = {},
                                       const Tensor& weight = {}, bool density = false) const;
  Tensor quantile(const Tensor& q, std::optional<int64_t> dim = {}, bool keepdim = false,
                  std::string_view interpolation = "linear") const;
  Tensor quantile(double q, std::optional<int64_t> dim = {}, bool keepdim = false,
                  std::string_view interpolation = "linear") const;
  Tensor nanquantile(const Tensor& q, std::optional<int64_t> dim = {}, bool keepdim = false,
                     std::string_view interpolation = "linear") const;
  Tensor nanquantile(double q, std::optional<int64_t> dim = {}, bool keepdim = false,
                     std::string_view interpolation = "linear") const;
  std::tuple<Tensor, Tensor> sort(int64_t dim = -1, bool descending = false) const;
  std::tuple<Tensor, Tensor> sort(std::optional<bool> stable, int64_t dim = -1,
                                  bool descending = false) const;
  Tensor msort() const;
  Tensor argsort(int64_t dim = -1, bool descending = false) const;
  Tensor argsort(bool stable, int64_t dim = -1, bool descending = false) const;
  std::tuple<Tensor, Tensor> topk(int64_t k, int64_t dim = -1, bool largest = true,
                                  bool sorted = true) const;

  // Matrix products.
  Tensor matmul(const Tensor& other) const;
  Tensor mm(const Tensor& other) const;
  Tensor bmm(const Tensor& other) const;
  Tensor addmm(const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
               const Scalar& alpha = 1) const;

  Tensor addmv(const Tensor& mat, const Tensor& vec, const Scalar& beta = 1,
               const Scalar& alpha = 1) const;
  Tensor& addmv_(const Tensor& mat, const Tensor& vec, const Scalar& beta = 1,
                 const Scalar& alpha = 1);
  Tensor addr(const Tensor& vec1, const Tensor& vec2, const Scalar& beta = 1,
              const Scalar& alpha = 1) const;
  Tensor& addr_(const Tensor& vec1, const Tensor& vec2, const Scalar& beta = 1,
                const Scalar& alpha = 1);
  Tensor baddbmm(const Tensor& batch1, const Tensor& batch2, const Scalar& beta = 1,
                 const Scalar& alpha = 1) const;
  Tensor& baddbmm_(const Tensor& batch1, const Tensor& batch2, const Scalar& beta = 1,
                   const Scalar& alpha = 1);
  Tensor dot(const Tensor& tensor) const;
  Tensor vdot(const Tensor& other) const;
  Tensor kron(const Tensor& other) const;
  Tensor matrix_power(int64_t n) const;
  Tensor mv(const Tensor& vec) const;
  Tensor pinverse(double rcond = 1e-15) const;
  Tensor& addmm_(const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
                 const Scalar& alpha = 1);
  Tensor& addbmm_(const Tensor& batch1, const Tensor& batch2, const Scalar& beta = 1,
                  const Scalar& alpha = 1);
  Tensor addbmm(const Tensor& batch1, const Tensor& batch2, const Scalar& beta = 1,
                const Scalar& alpha = 1) const;
  Tensor cross(const Tensor& other, std::optional<int64_t> dim = {}) const;
  Tensor trace() const;
  std::tuple<Tensor, Tensor, Tensor> svd(bool some = true, bool compute_uv = true) const;
  Tensor cholesky(bool upper = false) const;
  Tensor cholesky_solve(const Tensor& input2, bool upper = false) const;
  std::tuple<Tensor, Tensor> qr(bool some = true) const;
  Tensor det() const;
  std::tuple<Tensor, Tensor> slogdet() const;
  Tensor logdet() const;
  Tensor inverse() const;
  Tensor inner(const Tensor& other) const;
  Tensor outer(const Tensor& vec2) const;
  Tensor ger(const Tensor& vec2) const;

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

  const Tensor& as_strided_(IntArrayRef size, IntArrayRef stride,
                            std::optional<int64_t> storage_offset = {}) const;
  Tensor broadcast_to(IntArrayRef size) const;
  std::vector<Tensor> tensor_split(int64_t sections, int64_t dim = 0) const;
  std::vector<Tensor> tensor_split(IntArrayRef indices, int64_t dim = 0) const;
  std::vector<Tensor> tensor_split(const Tensor& tensor_indices_or_sections, int64_t dim = 0) const;
  Tensor diag_embed(int64_t offset = 0, int64_t dim1 = -2, int64_t dim2 = -1) const;
  Tensor diagflat(int64_t offset = 0) const;
  Tensor diagonal(int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1) const;
  Tensor& fill_diagonal_(const Scalar& fill_value, bool wrap = false);
  Tensor new_empty(IntArrayRef size, const TensorOptions& options = {}) const;
  Tensor new_empty_strided(IntArrayRef size, IntArrayRef stride,
                           const TensorOptions& options = {}) const;
  Tensor new_full(IntArrayRef size, const Scalar& fill_value,
                  const TensorOptions& options = {}) const;
  Tensor new_zeros(IntArrayRef size, const TensorOptions& options = {}) const;
  Tensor new_ones(IntArrayRef size, const TensorOptions& options = {}) const;
  const Tensor& resize_(IntArrayRef size,
                        MemoryFormat memory_format = MemoryFormat::Preserve) const;
  Tensor unflatten(int64_t dim, IntArrayRef sizes) const;
  bool is_same_size(const Tensor& other) const;
  Tensor narrow_copy(int64_t dim, int64_t start, int64_t length) const;
  Tensor narrow(int64_t dim, const Tensor& start, int64_t length) const;
  Tensor movedim(IntArrayRef source, IntArrayRef destination) const;
  Tensor movedim(int64_t source, int64_t destination) const;
  Tensor moveaxis(IntArrayRef source, IntArrayRef destination) const;
  Tensor moveaxis(int64_t source, int64_t destination) const;
  Tensor numpy_T() const;
  Tensor mT() const;
  Tensor mH() const;
  Tensor matrix_H() const;
  Tensor adjoint() const;
  Tensor ravel() const;
  Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> dim = {},
                           std::optional<int64_t> output_size = {}) const;
  Tensor repeat_interleave(int64_t repeats, std::optional<int64_t> dim = {},
                           std::optional<int64_t> output_size = {}) const;
  Tensor slice_scatter(const Tensor& src, int64_t dim = 0, std::optional<int64_t> start = {},
                       std::optional<int64_t> end = {}, int64_t step = 1) const;
  Tensor select_scatter(const Tensor& src, int64_t dim, int64_t index) const;
  Tensor diagonal_scatter(const Tensor& src, int64_t offset = 0, int64_t dim1 = 0,
                          int64_t dim2 = 1) const;
  Tensor as_strided_scatter(const Tensor& src, IntArrayRef size, IntArrayRef stride,
                            std::optional<int64_t> storage_offset = {}) const;
  std::vector<Tensor> split_with_sizes(IntArrayRef split_sizes, int64_t dim = 0) const;
  std::vector<Tensor> hsplit(int64_t sections) const;
  std::vector<Tensor> hsplit(IntArrayRef indices) const;
  std::vector<Tensor> vsplit(int64_t sections) const;
  std::vector<Tensor> vsplit(IntArrayRef indices) const;
  std::vector<Tensor> dsplit(int64_t sections) const;
  std::vector<Tensor> dsplit(IntArrayRef indices) const;
  Tensor& squeeze_();
  Tensor& squeeze_(int64_t dim);
  Tensor& t_();
  Tensor tile(IntArrayRef dims) const;
  Tensor& transpose_(int64_t dim0, int64_t dim1);
  Tensor fliplr() const;
  Tensor flipud() const;
  Tensor roll(IntArrayRef shifts, IntArrayRef dims = {}) const;
  Tensor rot90(int64_t k = 1, IntArrayRef dims = {0, 1}) const;
  Tensor& unsqueeze_(int64_t dim);
  const Tensor& resize_as_(const Tensor& the_template,
                           MemoryFormat memory_format = MemoryFormat::Preserve) const;
  Tensor& set_(const Tensor& source, int64_t storage_offset, IntArrayRef size,
               IntArrayRef stride = {});
  Tensor& set_(const Tensor& source);
  Tensor& set_();
  /// The same bits as another dtype; where its elements are larger or smaller, the last dimension,
  /// of stride 1, is shorter or longer. Off the tape.
  template <std::same_as<ScalarType> T>
  Tensor view(T dtype) const {
    return view_dtype(dtype);
  }
  Tensor& tril_(int64_t diagonal = 0);
  Tensor& triu_(int64_t diagonal = 0);
  Tensor diag(int64_t diagonal = 0) const;
  Tensor triu(int64_t diagonal = 0) const;
  Tensor tril(int64_t diagonal = 0) const;
  Tensor swapaxes(int64_t axis0, int64_t axis1) const;
  Tensor& swapaxes_(int64_t axis0, int64_t axis1);
  Tensor swapdims(int64_t dim0, int64_t dim1) const;
  Tensor& swapdims_(int64_t dim0, int64_t dim1);
  Tensor unfold(int64_t dimension, int64_t size, int64_t step) const;

  // Indexing, as in `t.index({Slice(1, 3), None, "...", mask})`.
  Tensor index(ArrayRef<TensorIndex> indices) const;
  Tensor index(std::initializer_list<TensorIndex> indices) const;
  Tensor& index_put_(ArrayRef<TensorIndex> indices, const Tensor& values, bool accumulate = false);
  Tensor& index_put_(ArrayRef<TensorIndex> indices, const Scalar& value);
  Tensor& index_put_(std::initializer_list<TensorIndex> indices, const Tensor& values,
                     bool accumulate = false);
  Tensor& index_put_(std::initializer_list<TensorIndex> indices, const Scalar& value);
  Tensor operator[](int64_t index) const& { return select(0, index); }
  /// The same from a view that nobody else has, which becomes the result: t[i][j] makes one tensor.
  Tensor operator[](int64_t index) &&;
  Tensor operator[](const Tensor& index) const;
  Tensor index_select(int64_t dim, const Tensor& index) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor nonzero() const;
  Tensor gather(int64_t dim, const Tensor& index, bool sparse_grad = false) const;
  Tensor scatter(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter(int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor& scatter_(int64_t dim, const Tensor& index, const Tensor& source);
  Tensor& scatter_(int64_t dim, const Tensor& index, const Scalar& value);
  Tensor& scatter_add_(int64_t dim, const Tensor& index, const Tensor& source);
  Tensor index_add(int64_t dim, const Tensor& index, const Tensor& source,
                   const Scalar& alpha = 1) const;

  Tensor& index_copy_(int64_t dim, const Tensor& index, const Tensor& source);
  Tensor index_copy(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor& masked_fill_(const Tensor& mask, const Tensor& value);
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;
  Tensor& masked_scatter_(const Tensor& mask, const Tensor& source);
  Tensor masked_scatter(const Tensor& mask, const Tensor& source) const;
  Tensor& put_(const Tensor& index, const Tensor& source, bool accumulate = false);
  Tensor put(const Tensor& index, const Tensor& source, bool accumulate = false) const;
  Tensor& index_add_(int64_t dim, const Tensor& index, const Tensor& source,
                     const Scalar& alpha = 1);
  Tensor& index_reduce_(int64_t dim, const Tensor& index, const Tensor& source,
                        std::string_view reduce, bool include_self = true);
  Tensor index_reduce(int64_t dim, const Tensor& index, const Tensor& source,
                      std::string_view reduce, bool include_self = true) const;
  Tensor& index_fill_(int64_t dim, const Tensor& index, const Scalar& value);
  Tensor index_fill(int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor& index_fill_(int64_t dim, const Tensor& index, const Tensor& value);
  Tensor index_fill(int64_t dim, const Tensor& index, const Tensor& value) const;
  Tensor scatter(int64_t dim, const Tensor& index, const Tensor& src,
                 std::string_view reduce) const;
  Tensor& scatter_(int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce);
  Tensor scatter(int64_t dim, const Tensor& index, const Scalar& value,
                 std::string_view reduce) const;
  Tensor& scatter_(int64_t dim, const Tensor& index, const Scalar& value, std::string_view reduce);
  Tensor scatter_reduce(int64_t dim, const Tensor& index, const Tensor& src,
                        std::string_view reduce, bool include_self = true) const;
  Tensor& scatter_reduce_(int64_t dim, const Tensor& index, const Tensor& src,
                          std::string_view reduce, bool include_self = true);
  Tensor take(const Tensor& index) const;
  Tensor take_along_dim(const Tensor& indices, std::optional<int64_t> dim = {}) const;
  Tensor argwhere() const;

  // Random numbers, in place.
  Tensor& uniform_(double from = 0, double to = 1, std::optional<Generator> generator = {});
  Tensor& normal_(double mean = 0, double std = 1, std::optional<Generator> generator = {});
  Tensor& bernoulli_(double p = 0.5, std::optional<Generator> generator = {});
  Tensor& random_(int64_t from, std::optional<int64_t> to, std::optional<Generator> generator = {});

  Tensor bernoulli(std::optional<Generator> generator = {}) const;
  Tensor& bernoulli_(const Tensor& p, std::optional<Generator> generator = {});
  Tensor bernoulli(double p, std::optional<Generator> generator = {}) const;
  Tensor& random_(int64_t to, std::optional<Generator> generator = {});
  Tensor& random_(std::optional<Generator> generator = {});
  Tensor& cauchy_(double median = 0, double sigma = 1, std::optional<Generator> generator = {});
  Tensor& log_normal_(double mean = 1, double std = 2, std::optional<Generator> generator = {});
  Tensor& exponential_(double lambd = 1, std::optional<Generator> generator = {});
  Tensor& geometric_(double p, std::optional<Generator> generator = {});
  Tensor multinomial(int64_t num_samples, bool replacement = false,
                     std::optional<Generator> generator = {}) const;

  Tensor operator~() const { return bitwise_not(); }
  Tensor operator-() const { return neg(); }
  Tensor& operator+=(const Tensor& other) { return add_(other); }
  Tensor& operator-=(const Tensor& other) { return sub_(other); }
  Tensor& operator*=(const Tensor& other) { return mul_(other); }
  Tensor& operator/=(const Tensor& other) { return div_(other); }
  Tensor& operator+=(const Scalar& other) { return add_(other); }
  Tensor& operator-=(const Scalar& other) { return sub_(other); }
  Tensor& operator*=(const Scalar& other) { return mul_(other); }
  Tensor& operator/=(const Scalar& other) { return div_(other); }
  Tensor& operator&=(const Tensor& other) { return bitwise_and_(other); }
  Tensor& operator|=(const Tensor& other) { return bitwise_or_(other); }
  Tensor& operator^=(const Tensor& other) { return bitwise_xor_(other); }

  /// The object behind the handle, for the library's own floors; errors if undefined.
  TensorImpl* impl() const {
    if (!impl_) undefined_tensor();
    return impl_.get();
  }
  const IntrusivePtr<TensorImpl>& impl_ptr() const { return impl_; }

 private:
  [[noreturn]] static void undefined_tensor();
  void* typed_data(ScalarType type) const;
  Tensor view_dtype(ScalarType type) const;
  unsigned add_hook(IntrusivePtr<GradHook> hook) const;

  IntrusivePtr<TensorImpl> impl_;
};

struct GradCell {
  Tensor grad;
  Counter references = 1;
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
  using FunctionHook = detail::FunctionHook<std::decay_t<Hook>>;
  return add_hook(IntrusivePtr<GradHook>::adopt(new FunctionHook(static_cast<Hook&&>(hook))));
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

/// A TensorAccessor that holds its sizes and strides.
template <class T, size_t N, class Index>
class PackedTensorAccessor {
 public:
  template <class Size>
  PackedTensorAccessor(T* data, const Size* sizes, const Size* strides) : data_(data) {
    for (size_t d = 0; d < N; ++d) {
      sizes_[d] = static_cast<Index>(sizes[d]);
      strides_[d] = static_cast<Index>(strides[d]);
    }
  }
  Index size(size_t dim) const { return sizes_[dim]; }
  Index stride(size_t dim) const { return strides_[dim]; }
  T* data() const { return data_; }
  decltype(auto) operator[](Index i) const {
    if constexpr (N == 1) {
      return (data_[i * strides_[0]]);
    } else {
      return PackedTensorAccessor<T, N - 1, Index>(data_ + i * strides_[0], sizes_ + 1,
                                                   strides_ + 1);
    }
  }

 private:
  T* data_;
  Index sizes_[N];
  Index strides_[N];
};

namespace detail {
void check_accessor(const Tensor& tensor, size_t rank);
/// As check_accessor, and that all indices fit 32 bits.
void check_accessor32(const Tensor& tensor, size_t rank);
}  // namespace detail

template <class T, size_t N>
TensorAccessor<T, N> Tensor::accessor() const& {
  static_assert(N > 0, "accessor is for tensors with at least one dimension; use item()");
  detail::check_accessor(*this, N);
  return {data_ptr<T>(), impl()->sizes.data(), impl()->strides.data()};
}

template <class T, size_t N>
PackedTensorAccessor<T, N, int32_t> Tensor::packed_accessor32() const& {
  static_assert(N > 0, "accessor is for tensors with at least one dimension; use item()");
  detail::check_accessor32(*this, N);
  return {data_ptr<T>(), impl()->sizes.data(), impl()->strides.data()};
}

template <class T, size_t N>
PackedTensorAccessor<T, N, int64_t> Tensor::packed_accessor64() const& {
  static_assert(N > 0, "accessor is for tensors with at least one dimension; use item()");
  detail::check_accessor(*this, N);
  return {data_ptr<T>(), impl()->sizes.data(), impl()->strides.data()};
}

}  // namespace reel
