// Rows of functions/network.h: schema, name, types of the parameters.

#include "differential/libtorch/row.h"

REEL_ROW("adaptive_avg_pool1d", adaptive_avg_pool1d, Tensor, IntArrayRef)
REEL_ROW("adaptive_avg_pool2d", adaptive_avg_pool2d, Tensor, IntArrayRef)
REEL_ROW("adaptive_avg_pool3d", adaptive_avg_pool3d, Tensor, IntArrayRef)
REEL_ROW("adaptive_max_pool1d", adaptive_max_pool1d, Tensor, IntArrayRef)
REEL_ROW("adaptive_max_pool2d", adaptive_max_pool2d, Tensor, IntArrayRef)
REEL_ROW("adaptive_max_pool3d", adaptive_max_pool3d, Tensor, IntArrayRef)
REEL_ROW("affine_grid_generator", affine_grid_generator, Tensor, IntArrayRef, bool)
REEL_ROW("avg_pool1d", avg_pool1d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, bool, bool)
REEL_ROW("avg_pool2d", avg_pool2d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, bool, bool,
         std::optional<int64_t>)
REEL_ROW("avg_pool3d", avg_pool3d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, bool, bool,
         std::optional<int64_t>)
REEL_ROW("batch_norm", batch_norm, Tensor, Tensor, Tensor, Tensor, Tensor, bool, double, double,
         bool)
REEL_ROW("bilinear", bilinear, Tensor, Tensor, Tensor, Tensor)
REEL_ROW("cdist", cdist, Tensor, Tensor, double, std::optional<int64_t>)
REEL_ROW("col2im", col2im, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef)
REEL_ROW("conv1d", conv1d, Tensor, Tensor, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, int64_t)
REEL_ROW("conv1d.padding", conv1d, Tensor, Tensor, Tensor, IntArrayRef, std::string_view,
         IntArrayRef, int64_t)
REEL_ROW("conv2d", conv2d, Tensor, Tensor, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, int64_t)
REEL_ROW("conv2d.padding", conv2d, Tensor, Tensor, Tensor, IntArrayRef, std::string_view,
         IntArrayRef, int64_t)
REEL_ROW("conv3d", conv3d, Tensor, Tensor, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, int64_t)
REEL_ROW("conv3d.padding", conv3d, Tensor, Tensor, Tensor, IntArrayRef, std::string_view,
         IntArrayRef, int64_t)
REEL_ROW("conv_transpose1d", conv_transpose1d, Tensor, Tensor, Tensor, IntArrayRef, IntArrayRef,
         IntArrayRef, int64_t, IntArrayRef)
REEL_ROW("conv_transpose2d.input", conv_transpose2d, Tensor, Tensor, Tensor, IntArrayRef,
         IntArrayRef, IntArrayRef, int64_t, IntArrayRef)
REEL_ROW("conv_transpose3d.input", conv_transpose3d, Tensor, Tensor, Tensor, IntArrayRef,
         IntArrayRef, IntArrayRef, int64_t, IntArrayRef)
REEL_ROW("convolution", convolution, Tensor, Tensor, Tensor, IntArrayRef, IntArrayRef, IntArrayRef,
         bool, IntArrayRef, int64_t)
REEL_ROW("cosine_similarity", cosine_similarity, Tensor, Tensor, int64_t, double)
REEL_ROW("embedding", embedding, Tensor, Tensor, int64_t, bool, bool)
REEL_ROW("embedding_bag", embedding_bag, Tensor, Tensor, Tensor, bool, int64_t, bool, Tensor, bool)
REEL_ROW("embedding_bag.padding_idx", embedding_bag, Tensor, Tensor, Tensor, bool, int64_t, bool,
         Tensor, bool, std::optional<int64_t>)
REEL_ROW("grid_sampler_2d", grid_sampler_2d, Tensor, Tensor, int64_t, int64_t, bool)
REEL_ROW("group_norm", group_norm, Tensor, int64_t, Tensor, Tensor, double, bool)
REEL_ROW("gru.input", gru, Tensor, Tensor, TensorList, bool, int64_t, double, bool, bool, bool)
REEL_ROW("gru.data", gru, Tensor, Tensor, Tensor, TensorList, bool, int64_t, double, bool, bool)
REEL_ROW("im2col", im2col, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef)
REEL_ROW("instance_norm", instance_norm, Tensor, Tensor, Tensor, Tensor, Tensor, bool, double,
         double, bool)
REEL_ROW("layer_norm", layer_norm, Tensor, IntArrayRef, Tensor, Tensor, double, bool)
REEL_ROW("linear", linear, Tensor, Tensor, Tensor)
REEL_ROW("lstm.input", lstm, Tensor, TensorList, TensorList, bool, int64_t, double, bool, bool,
         bool)
REEL_ROW("lstm.data", lstm, Tensor, Tensor, TensorList, TensorList, bool, int64_t, double, bool,
         bool)
REEL_ROW("max_pool1d", max_pool1d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_pool1d_with_indices", max_pool1d_with_indices, Tensor, IntArrayRef, IntArrayRef,
         IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_pool2d", max_pool2d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_pool2d_with_indices", max_pool2d_with_indices, Tensor, IntArrayRef, IntArrayRef,
         IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_pool3d", max_pool3d, Tensor, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_pool3d_with_indices", max_pool3d_with_indices, Tensor, IntArrayRef, IntArrayRef,
         IntArrayRef, IntArrayRef, bool)
REEL_ROW("max_unpool2d", max_unpool2d, Tensor, Tensor, IntArrayRef)
REEL_ROW("pairwise_distance", pairwise_distance, Tensor, Tensor, double, double, bool)
REEL_ROW("pdist", pdist, Tensor, double)
REEL_ROW("pixel_shuffle", pixel_shuffle, Tensor, int64_t)
REEL_ROW("pixel_unshuffle", pixel_unshuffle, Tensor, int64_t)
REEL_ROW("rnn_relu.input", rnn_relu, Tensor, Tensor, TensorList, bool, int64_t, double, bool, bool,
         bool)
REEL_ROW("rnn_relu.data", rnn_relu, Tensor, Tensor, Tensor, TensorList, bool, int64_t, double, bool,
         bool)
REEL_ROW("rnn_tanh.input", rnn_tanh, Tensor, Tensor, TensorList, bool, int64_t, double, bool, bool,
         bool)
REEL_ROW("rnn_tanh.data", rnn_tanh, Tensor, Tensor, Tensor, TensorList, bool, int64_t, double, bool,
         bool)
REEL_ROW("upsample_bicubic2d.vec", upsample_bicubic2d, Tensor, IntArrayRef, bool,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_bicubic2d", upsample_bicubic2d, Tensor, IntArrayRef, bool, std::optional<double>,
         std::optional<double>)
REEL_ROW("upsample_bilinear2d.vec", upsample_bilinear2d, Tensor, IntArrayRef, bool,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_bilinear2d", upsample_bilinear2d, Tensor, IntArrayRef, bool,
         std::optional<double>, std::optional<double>)
REEL_ROW("upsample_linear1d.vec", upsample_linear1d, Tensor, IntArrayRef, bool,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_linear1d", upsample_linear1d, Tensor, IntArrayRef, bool, std::optional<double>)
REEL_ROW("upsample_nearest1d.vec", upsample_nearest1d, Tensor, IntArrayRef,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_nearest1d", upsample_nearest1d, Tensor, IntArrayRef, std::optional<double>)
REEL_ROW("upsample_nearest2d.vec", upsample_nearest2d, Tensor, IntArrayRef,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_nearest2d", upsample_nearest2d, Tensor, IntArrayRef, std::optional<double>,
         std::optional<double>)
REEL_ROW("upsample_nearest3d.vec", upsample_nearest3d, Tensor, IntArrayRef,
         std::optional<ArrayRef<double>>)
REEL_ROW("upsample_nearest3d", upsample_nearest3d, Tensor, IntArrayRef, std::optional<double>,
         std::optional<double>, std::optional<double>)
