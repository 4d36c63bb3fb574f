#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/embedding.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace {

/// The row counted from the front; -1 for none, as the op takes it.
int64_t padding_row(std::optional<int64_t> padding_idx, int64_t rows) {
  if (!padding_idx) return -1;
  if (*padding_idx < -rows || *padding_idx >= rows) {
    fail("embedding: padding_idx must be within num_embeddings, got {} of {}", *padding_idx, rows);
  }
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

}  // namespace

namespace functional {

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFuncOptions& options) {
  return reel::embedding(weight, input, padding_row(options.padding_idx(), weight.size(0)),
                         options.scale_grad_by_freq());
}

}  // namespace functional

EmbeddingImpl::EmbeddingImpl(const EmbeddingOptions& options) : options(options) {
  EmbeddingImpl::reset();
}

void EmbeddingImpl::reset() {
  const int64_t rows = options.num_embeddings(), columns = options.embedding_dim();
  padding_row(options.padding_idx(), rows);
  if (!options._weight().defined()) {
    weight = register_parameter("weight", empty({rows, columns}));
    reset_parameters();
    return;
  }
  const IntArrayRef given = options._weight().sizes();
  if (!(given == IntArrayRef({rows, columns}))) {
    fail("Embedding: shape of weight {} does not match num_embeddings {} and embedding_dim {}",
         given, rows, columns);
  }
  weight = register_parameter("weight", options._weight());
}

void EmbeddingImpl::reset_parameters() {
  init::normal_(weight);
  if (!options.padding_idx()) return;
  NoGradGuard no_grad;
  weight.select(0, padding_row(options.padding_idx(), options.num_embeddings())).zero_();
}

Tensor EmbeddingImpl::forward(const Tensor& indices) {
  ModuleScope scope(*this);
  return functional::embedding(indices, weight,
                               functional::EmbeddingFuncOptions()
                                   .padding_idx(options.padding_idx())
                                   .scale_grad_by_freq(options.scale_grad_by_freq()));
}

void EmbeddingImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Embedding(num_embeddings={}, embedding_dim={}",
                        options.num_embeddings(), options.embedding_dim());
  if (options.padding_idx()) stream << ", padding_idx=" << *options.padding_idx();
  stream << ")";
}

}  // namespace reel::nn
