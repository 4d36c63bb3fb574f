#pragma once

// What networks are made of: convolution, pooling, normalisation, recurrence, distances,
// resampling. Names and defaults are LibTorch's; methods of Tensor are the same functions with the
// tensor first. Rows are [N, C, L], pictures [N, C, H, W], volumes [N, C, D, H, W], all of them
// also without N; lists of numbers are in that order, and one number stands for all. Wrong sizes
// and dtypes are errors in LibTorch's words.

#include <reel/tensor/tensor.h>

namespace reel {

/// "valid" (no padding) or "same" (the output has the input's size; stride 1 only).
class ConvPadding {
 public:
  template <size_t N>
  ConvPadding(const char (&name)[N]) : name_(name) {}
  ConvPadding(std::string_view name) : name_(name) {}
  std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

// Convolution.

/// weight [out, in / groups, kernel...], bias [out]; input and weight of one dtype. Results lie in
/// memory channels last. conv1d works on rows, conv2d on pictures, conv3d on volumes.
Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              int64_t groups = 1);
Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation = 1, int64_t groups = 1);
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              int64_t groups = 1);
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation = 1, int64_t groups = 1);
Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              int64_t groups = 1);
Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation = 1, int64_t groups = 1);

/// relu(conv2d(...)) as one op on the tape that writes the result once, with gradients of every
/// order. nn::Sequential calls it where a Conv2d is followed by a ReLU.
Tensor conv2d_relu(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                   IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
                   int64_t groups = 1);
/// max_pool2d(conv2d_relu(...), 2): neither the values before pooling nor their gradients are ever
/// in memory as a whole where the backend has a kernel for it.
Tensor conv2d_relu_max_pool2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                              IntArrayRef stride = 1, IntArrayRef padding = 0,
                              IntArrayRef dilation = 1, int64_t groups = 1);

/// The gradient of a convolution with respect to its input, as a function: weight [in, out /
/// groups, kernel...], bias [out]. output_padding, smaller than stride or dilation, is added at the
/// end.
Tensor conv_transpose1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                        IntArrayRef stride = 1, IntArrayRef padding = 0,
                        IntArrayRef output_padding = 0, int64_t groups = 1,
                        IntArrayRef dilation = 1);
Tensor conv_transpose2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                        IntArrayRef stride = 1, IntArrayRef padding = 0,
                        IntArrayRef output_padding = 0, int64_t groups = 1,
                        IntArrayRef dilation = 1);
Tensor conv_transpose3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                        IntArrayRef stride = 1, IntArrayRef padding = 0,
                        IntArrayRef output_padding = 0, int64_t groups = 1,
                        IntArrayRef dilation = 1);

/// Any of these by the dimensions of weight; the input has N.
Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias,
                   IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
                   IntArrayRef output_padding, int64_t groups);

// Pooling: windows of kernel_size, every `stride` (kernel_size if not given) after `padding`, which
// is at most half a kernel. With ceil_mode the last window may reach beyond the end.

/// The largest of each window, the first of equals, NaN before all; indices (int64) count through
/// the dimensions pooled.
Tensor max_pool1d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
Tensor max_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
Tensor max_pool3d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);
std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);
std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);

/// The sum over each window divided by its size, by what of it is inside the input without
/// count_include_pad, or by divisor_override. Floating point, or int64, cut to whole numbers.
Tensor avg_pool1d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true);
Tensor avg_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                  std::optional<int64_t> divisor_override = {});
Tensor avg_pool3d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                  std::optional<int64_t> divisor_override = {});

/// Results of a given size: window i of n over a size s covers floor(i s / n) to ceil((i + 1) s /
/// n).
Tensor adaptive_avg_pool1d(const Tensor& self, IntArrayRef output_size);
Tensor adaptive_avg_pool2d(const Tensor& self, IntArrayRef output_size);
Tensor adaptive_avg_pool3d(const Tensor& self, IntArrayRef output_size);
std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& self, IntArrayRef output_size);
std::tuple<Tensor, Tensor> adaptive_max_pool2d(const Tensor& self, IntArrayRef output_size);
std::tuple<Tensor, Tensor> adaptive_max_pool3d(const Tensor& self, IntArrayRef output_size);

/// Zeros of output_size [H, W] with the values where max_pool2d_with_indices found them.
Tensor max_unpool2d(const Tensor& self, const Tensor& indices, IntArrayRef output_size);

// Normalisation. weight scales and bias shifts what has mean 0 and variance 1; eps is added to the
// variance.

/// Over N and the dimensions behind the channels when training, else by the running statistics [C],
/// which training moves by momentum (Ioffe and Szegedy 2015).
Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps, bool cudnn_enabled = false);

/// The same for each picture by itself (Ulyanov et al. 2016), for each of num_groups groups of
/// channels (Wu and He 2018), over the last dimensions, of sizes normalized_shape (Ba et al. 2016).
Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps, bool cudnn_enabled);
Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-05, bool cudnn_enabled = true);
Tensor layer_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-05, bool cudnn_enable = true);

// Products, dropout and tables.

/// input [..., in] weight [out, in]^T + bias [out]: [..., out].
Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});

/// y[o] = x1^T weight[o] x2 + bias[o] of x1 [..., in1], x2 [..., in2], weight [out, in1, in2].
Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias = {});

/// Zeroes elements with probability p and divides the others by 1 - p (Srivastava et al. 2014).
Tensor dropout(const Tensor& input, double p, bool train);

/// Rows of weight [num, dim] by int32 or int64 indices [...]: [..., dim]. The row padding_idx gets
/// no gradient: -1 means none, below that it counts from the end. sparse is not supported.
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx = -1,
                 bool scale_grad_by_freq = false, bool sparse = false);

/// (results [bags, dim], the bag of each index, the sizes of the bags, where maxima came from):
/// sums (mode 0), means (1) or maxima (2) of rows of weight over bags of indices [n], which begin
/// at offsets [bags]; with include_last_offset the last offset ends the last bag.
/// per_sample_weights [n] scale the rows of sums; indices equal to padding_idx do not count. An
/// empty bag gives zeros.
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets,
    bool scale_grad_by_freq = false, int64_t mode = 0, bool sparse = false,
    const Tensor& per_sample_weights = {}, bool include_last_offset = false);
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset,
    std::optional<int64_t> padding_idx);

/// Indices [...] (int64) to [..., num_classes], a one at each; -1: as many as the largest needs.
Tensor one_hot(const Tensor& self, int64_t num_classes = -1);

// Recurrent networks: num_layers layers over steps [T, N, in] ([N, T, in] with batch_first), or
// packed steps [sum, in] of batch_sizes [T] (int64), which do not grow. params holds w_ih [gates *
// H, in], w_hh [gates * H, H] and, with has_biases, b_ih, b_hh [gates * H] of each layer and
// direction; hx the first states [layers * directions, N, H]. dropout acts between layers when
// training.

/// (outputs [T, N, directions * H], last states): h' = tanh(...) or relu(...).
std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& input, const Tensor& hx, TensorList params,
                                    bool has_biases, int64_t num_layers, double dropout, bool train,
                                    bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers,
                                    double dropout, bool train, bool bidirectional);
std::tuple<Tensor, Tensor> rnn_relu(const Tensor& input, const Tensor& hx, TensorList params,
                                    bool has_biases, int64_t num_layers, double dropout, bool train,
                                    bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor> rnn_relu(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers,
                                    double dropout, bool train, bool bidirectional);

/// 3 gates (Cho et al. 2014).
std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& hx, TensorList params,
                               bool has_biases, int64_t num_layers, double dropout, bool train,
                               bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor> gru(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                               TensorList params, bool has_biases, int64_t num_layers,
                               double dropout, bool train, bool bidirectional);

/// 4 gates, hx = {h, c}; (outputs, last h, last c) (Hochreiter and Schmidhuber 1997). States h of
/// another size than c are projected by w_hr [size, H], the last of each layer's params.
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, TensorList hx, TensorList params,
                                        bool has_biases, int64_t num_layers, double dropout,
                                        bool train, bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& data, const Tensor& batch_sizes,
                                        TensorList hx, TensorList params, bool has_biases,
                                        int64_t num_layers, double dropout, bool train,
                                        bool bidirectional);

// Distances.

/// |x1[i] - x2[j]|_p of all rows of x1 [..., P, M] and x2 [..., R, M]: [..., P, R]. Always computed
/// from the differences; compute_mode is for compatibility.
Tensor cdist(const Tensor& x1, const Tensor& x2, double p = 2,
             std::optional<int64_t> compute_mode = {});

/// The same of all pairs i < j of rows of one matrix [N, M]: [N (N - 1) / 2].
Tensor pdist(const Tensor& self, double p = 2);

/// |x1 - x2 + eps|_p along the last dimension.
Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p = 2, double eps = 1e-06,
                         bool keepdim = false);

/// The cosine between vectors along dim; lengths below eps count as eps.
Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim = 1, double eps = 1e-08);

// Pixels and windows.

/// [..., C r^2, H, W] to [..., C, H r, W r] (Shi et al. 2016), and back.
Tensor pixel_shuffle(const Tensor& self, int64_t upscale_factor);
Tensor pixel_unshuffle(const Tensor& self, int64_t downscale_factor);

/// Pictures to columns [N, C kh kw, windows], and the sum of columns back in pictures of
/// output_size. All lists are pairs.
Tensor im2col(const Tensor& self, IntArrayRef kernel_size, IntArrayRef dilation,
              IntArrayRef padding, IntArrayRef stride);
Tensor col2im(const Tensor& self, IntArrayRef output_size, IntArrayRef kernel_size,
              IntArrayRef dilation, IntArrayRef padding, IntArrayRef stride);

// Resampling.

/// Rows, pictures and volumes (with N) of output_size, or of their size times scale_factors: one of
/// the two is given. Positions follow from the sizes unless scales are given. Without align_corners
/// the edges of the first and last pixel meet, with it their centres.
Tensor upsample_nearest1d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_nearest1d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales = {});
Tensor upsample_nearest2d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_nearest2d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales_h = {}, std::optional<double> scales_w = {});
Tensor upsample_nearest3d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_nearest3d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales_d = {}, std::optional<double> scales_h = {},
                          std::optional<double> scales_w = {});
Tensor upsample_linear1d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                         std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_linear1d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                         std::optional<double> scales = {});
Tensor upsample_bilinear2d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                           std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_bilinear2d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                           std::optional<double> scales_h = {},
                           std::optional<double> scales_w = {});
Tensor upsample_bicubic2d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                          std::optional<ArrayRef<double>> scale_factors);
Tensor upsample_bicubic2d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                          std::optional<double> scales_h = {}, std::optional<double> scales_w = {});

/// Pixels of input [N, C, H, W] at positions grid [N, H', W', 2], (x, y) of [-1, 1].
/// interpolation_mode 0 bilinear, 1 nearest, 2 bicubic; padding_mode 0 zeros, 1 border, 2
/// reflection.
Tensor grid_sampler_2d(const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                       int64_t padding_mode, bool align_corners);

/// The grid [N, H, W, 2] (volumes: [N, D, H, W, 3]) of affine maps theta [N, 2, 3] ([N, 3, 4]) for
/// an output of `size` [N, C, H, W] (Jaderberg et al. 2015).
Tensor affine_grid_generator(const Tensor& theta, IntArrayRef size, bool align_corners);

}  // namespace reel
