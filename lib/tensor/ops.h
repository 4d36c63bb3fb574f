#pragma once

#include <reel/tensor/indexing.h>
#include <reel/tensor/tensor.h>

// The functions on tensors, named and defaulted as in LibTorch. Methods of Tensor are the same
// functions with the tensor first.

namespace reel {

// New tensors.
Tensor empty(IntArrayRef size, const TensorOptions& options = {});
Tensor empty_strided(IntArrayRef size, IntArrayRef stride, const TensorOptions& options = {});
Tensor zeros(IntArrayRef size, const TensorOptions& options = {});
Tensor ones(IntArrayRef size, const TensorOptions& options = {});
/// dtype follows the value unless options set it: Bool, Long or the default floating point.
Tensor full(IntArrayRef size, const Scalar& value, const TensorOptions& options = {});
Tensor empty_like(const Tensor& self, const TensorOptions& options = {});
Tensor zeros_like(const Tensor& self, const TensorOptions& options = {});
Tensor ones_like(const Tensor& self, const TensorOptions& options = {});
Tensor full_like(const Tensor& self, const Scalar& value, const TensorOptions& options = {});
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
  auto owner = std::make_unique<Owner>(Owner{static_cast<Deleter&&>(deleter), data});
  const auto release = [](void* context) {
    const std::unique_ptr<Owner> last(static_cast<Owner*>(context));
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

// Elementwise.
#define REEL_UNARY(name, Op)       \
  Tensor name(const Tensor& self); \
  Tensor& name##_(Tensor& self);
#include <reel/tensor/ops/unary.def>
#undef REEL_UNARY
Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor mul(const Tensor& self, const Tensor& other);
Tensor mul(const Tensor& self, const Scalar& other);
Tensor div(const Tensor& self, const Tensor& other);
Tensor div(const Tensor& self, const Scalar& other);
Tensor pow(const Tensor& self, const Tensor& exponent);
Tensor pow(const Tensor& self, const Scalar& exponent);
Tensor pow(const Scalar& self, const Tensor& exponent);
Tensor maximum(const Tensor& self, const Tensor& other);
Tensor minimum(const Tensor& self, const Tensor& other);
Tensor eq(const Tensor& self, const Tensor& other);
Tensor eq(const Tensor& self, const Scalar& other);
Tensor ne(const Tensor& self, const Tensor& other);
Tensor ne(const Tensor& self, const Scalar& other);
Tensor lt(const Tensor& self, const Tensor& other);
Tensor lt(const Tensor& self, const Scalar& other);
Tensor le(const Tensor& self, const Tensor& other);
Tensor le(const Tensor& self, const Scalar& other);
Tensor gt(const Tensor& self, const Tensor& other);
Tensor gt(const Tensor& self, const Scalar& other);
Tensor ge(const Tensor& self, const Tensor& other);
Tensor ge(const Tensor& self, const Scalar& other);
Tensor logical_and(const Tensor& self, const Tensor& other);
Tensor logical_or(const Tensor& self, const Tensor& other);
Tensor logical_not(const Tensor& self);
Tensor isnan(const Tensor& self);
Tensor isfinite(const Tensor& self);
Tensor clamp(const Tensor& self, const std::optional<Scalar>& min,
             const std::optional<Scalar>& max = {});
Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other);
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other);
Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other);
Tensor leaky_relu(const Tensor& self, const Scalar& negative_slope = 0.01);
Tensor elu(const Tensor& self, const Scalar& alpha = 1, const Scalar& scale = 1,
           const Scalar& input_scale = 1);
/// approximate: "none" or "tanh".
Tensor gelu(const Tensor& self, const std::string& approximate = "none");
Tensor softplus(const Tensor& self, const Scalar& beta = 1, const Scalar& threshold = 20);
Tensor addcmul(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);
Tensor addcdiv(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);
Tensor lerp(const Tensor& self, const Tensor& end, const Scalar& weight);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, const Scalar& b) { return add(a, b); }
inline Tensor operator+(const Scalar& a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, const Scalar& b) { return sub(a, b); }
Tensor operator-(const Scalar& a, const Tensor& b);
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, const Scalar& b) { return mul(a, b); }
inline Tensor operator*(const Scalar& a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, const Scalar& b) { return div(a, b); }
Tensor operator/(const Scalar& a, const Tensor& b);
inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator==(const Tensor& a, const Scalar& b) { return eq(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator!=(const Tensor& a, const Scalar& b) { return ne(a, b); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<(const Tensor& a, const Scalar& b) { return lt(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator<=(const Tensor& a, const Scalar& b) { return le(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>(const Tensor& a, const Scalar& b) { return gt(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
inline Tensor operator>=(const Tensor& a, const Scalar& b) { return ge(a, b); }

// Reductions. An empty `dim` means all dimensions.
Tensor sum(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor sum(const Tensor& self, IntArrayRef dim, bool keepdim = false,
           std::optional<ScalarType> dtype = {});
Tensor mean(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor mean(const Tensor& self, IntArrayRef dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
Tensor prod(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor prod(const Tensor& self, int64_t dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
Tensor var(const Tensor& self, bool unbiased = true);
Tensor var(const Tensor& self, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor std(const Tensor& self, bool unbiased = true);
Tensor std(const Tensor& self, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor max(const Tensor& self);
Tensor min(const Tensor& self);
/// (values, indices) along a dimension.
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim = false);
inline Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
inline Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }
Tensor amax(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false);
Tensor amin(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false);
Tensor argmax(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor norm(const Tensor& self, const Scalar& p = 2);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim,
            bool keepdim = false);
Tensor all(const Tensor& self);
Tensor all(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor any(const Tensor& self);
Tensor any(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor logsumexp(const Tensor& self, IntArrayRef dim, bool keepdim = false);
Tensor softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});
bool equal(const Tensor& self, const Tensor& other);
bool allclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

// Matrix products.
Tensor matmul(const Tensor& self, const Tensor& other);
Tensor mm(const Tensor& self, const Tensor& mat2);
Tensor bmm(const Tensor& self, const Tensor& mat2);
/// x x^T [N, N] of x [N, M]: the products of each row with each. Beyond LibTorch; half the work of
/// mm(x, x.t()) in the gradient.
Tensor gram(const Tensor& self);
/// beta * self + alpha * mat1 mat2.
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
             const Scalar& alpha = 1);

// Shape.
Tensor reshape(const Tensor& self, IntArrayRef shape);
Tensor flatten(const Tensor& self, int64_t start_dim = 0, int64_t end_dim = -1);
Tensor permute(const Tensor& self, IntArrayRef dims);
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Tensor t(const Tensor& self);
Tensor squeeze(const Tensor& self);
Tensor squeeze(const Tensor& self, int64_t dim);
Tensor unsqueeze(const Tensor& self, int64_t dim);
Tensor cat(ArrayRef<Tensor> tensors, int64_t dim = 0);
Tensor stack(ArrayRef<Tensor> tensors, int64_t dim = 0);
std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim = 0);
std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim = 0);
std::vector<Tensor> unbind(const Tensor& self, int64_t dim = 0);
Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length);
Tensor select(const Tensor& self, int64_t dim, int64_t index);
Tensor flip(const Tensor& self, IntArrayRef dims);
/// `pad` lists (before, after) pairs from the last dimension on; negative amounts crop. Mode
/// "constant" puts `value` there, "reflect" mirrors without repeating the border, "replicate"
/// repeats it, "circular" goes on at the other end. All but constant pad the 1 to 3 dimensions
/// behind the channels of [(N,) C, ...].
Tensor pad(const Tensor& self, IntArrayRef pad, const std::string& mode = "constant",
           std::optional<double> value = {});
Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value = 0);
std::vector<Tensor> meshgrid(ArrayRef<Tensor> tensors);
Tensor broadcast_to(const Tensor& self, IntArrayRef size);

// Indexing.
Tensor index(const Tensor& self, ArrayRef<TensorIndex> indices);
Tensor index_put(const Tensor& self, ArrayRef<TensorIndex> indices, const Tensor& values);
Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index);
Tensor masked_select(const Tensor& self, const Tensor& mask);
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value);
Tensor nonzero(const Tensor& self);
Tensor gather(const Tensor& self, int64_t dim, const Tensor& index);
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);

// Networks. Pictures are [N, C, H, W] or [C, H, W]; pairs are (height, width), one number is both.
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              int64_t groups = 1);
Tensor max_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);
Tensor avg_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                  std::optional<int64_t> divisor_override = {});
Tensor adaptive_avg_pool2d(const Tensor& self, IntArrayRef output_size);
Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps, bool cudnn_enabled = false);
Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});
Tensor dropout(const Tensor& input, double p, bool train);
/// The row padding_idx gets no gradient: -1 means none, below that it counts from the end.
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx = -1,
                 bool scale_grad_by_freq = false, bool sparse = false);
Tensor one_hot(const Tensor& self, int64_t num_classes = -1);

namespace Reduction {
enum Reduction { None, Mean, Sum };
}
Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean);
Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean);
Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                int64_t reduction = Reduction::Mean, int64_t ignore_index = -100);
Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                          int64_t reduction = Reduction::Mean, int64_t ignore_index = -100,
                          double label_smoothing = 0);
Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                            int64_t reduction = Reduction::Mean);
Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target,
                                        const Tensor& weight = {}, const Tensor& pos_weight = {},
                                        int64_t reduction = Reduction::Mean);

// Quantised storage: round(value / scale) + zero_point, clamped to the type's range.
Tensor quantize_per_tensor(const Tensor& self, double scale, int64_t zero_point, ScalarType dtype);

/// The type that an operation between the two computes in: dims, C++ numbers and categories count
/// as in PyTorch.
ScalarType result_type(const Tensor& a, const Tensor& b);
ScalarType result_type(const Tensor& a, const Scalar& b);

namespace ops {
/// A constant of the kind that x is, for elementwise formulas (see ops/formula.h).
Tensor like(const Tensor& x, double value);
}  // namespace ops
using ops::like;

}  // namespace reel
