#include <cmath>

#include <reel/nn/models/checks.h>
#include <reel/nn/models/ncf.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

NCFImpl::NCFImpl(const NCFOptions& options) : options(options) { NCFImpl::reset(); }

void NCFImpl::reset() {
  const std::vector<int64_t>& sizes = options.mlp_sizes();
  check_option("NCF", "num_users", options.num_users());
  check_option("NCF", "num_items", options.num_items());
  check_option("NCF", "mf_dim", options.mf_dim());
  for (const int64_t size : sizes) check_option("NCF", "mlp_sizes", size);
  if (sizes.empty() || sizes[0] % 2 != 0) {
    fail("NCF: mlp_sizes expects an even size to begin with, got {}",
         sizes.empty() ? "none" : std::to_string(sizes[0]));
  }
  const auto embedding = [](int64_t number, int64_t size) {
    Embedding table(number, size);
    init::normal_(table->weight, 0, 0.01);
    return table;
  };
  mf_user_embed =
      register_module("mf_user_embed", embedding(options.num_users(), options.mf_dim()));
  mf_item_embed =
      register_module("mf_item_embed", embedding(options.num_items(), options.mf_dim()));
  mlp_user_embed = register_module("mlp_user_embed", embedding(options.num_users(), sizes[0] / 2));
  mlp_item_embed = register_module("mlp_item_embed", embedding(options.num_items(), sizes[0] / 2));
  layers.clear();
  ModuleList mlp;
  for (size_t i = 1; i < sizes.size(); ++i) {
    Linear layer(sizes[i - 1], sizes[i]);
    init::xavier_uniform_(layer->weight);
    mlp->push_back(layer);
    layers.push_back(layer);
  }
  register_module("mlp", mlp);
  const int64_t features = sizes.back() + options.mf_dim();
  final = register_module("final", Linear(features, 1));
  const double bound = std::sqrt(3.0 / static_cast<double>(features));  // LeCun et al., 1998
  init::uniform_(final->weight, -bound, bound);
}

Tensor NCFImpl::forward(const Tensor& users, const Tensor& items) {
  if (users.dim() != 1 || items.dim() != 1 || users.size(0) != items.size(0)) {
    fail("NCF: users and items expect [N] both, got {} and {}", users.sizes(), items.sizes());
  }
  const Tensor product = mf_user_embed->forward(users) * mf_item_embed->forward(items);
  Tensor x = cat({mlp_user_embed->forward(users), mlp_item_embed->forward(items)}, 1);
  for (Linear& layer : layers) {
    x = dropout(layer->forward(x).relu_(), options.dropout(), is_training());
  }
  return final->forward(cat({product, x}, 1));
}

}  // namespace reel::nn::models
