#pragma once

#include <vector>

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

namespace reel::nn::models {

/// The sizes that MLPerf trains on MovieLens-20M.
class NCFOptions {
  REEL_ARG(int64_t, num_users) = 138493;
  REEL_ARG(int64_t, num_items) = 26744;
  /// Of the embeddings whose product is taken.
  REEL_ARG(int64_t, mf_dim) = 64;
  /// Of the perceptron's layers; the first, which is even, holds the embeddings of user and item.
  REEL_ARG(std::vector<int64_t>, mlp_sizes) = {256, 256, 128, 64};
  /// After the perceptron's layers, when training.
  REEL_ARG(double, dropout) = 0.5;
};

/// Neural collaborative filtering (He et al., 2017), NeuMF: generalised matrix factorisation and a
/// perceptron beside it. users [N] and items [N] of int64 to scores [N, 1] before the sigmoid.
/// Names and starting values are those of NVIDIA's examples.
struct NCFImpl : Cloneable<NCFImpl> {
  explicit NCFImpl(const NCFOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& users, const Tensor& items);

  NCFOptions options;
  Embedding mf_user_embed{nullptr}, mf_item_embed{nullptr};
  Embedding mlp_user_embed{nullptr}, mlp_item_embed{nullptr};
  std::vector<Linear> layers;  ///< named mlp.0, mlp.1, ...
  Linear final{nullptr};
};
REEL_MODULE(NCF);

}  // namespace reel::nn::models
