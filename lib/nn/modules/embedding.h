#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

class EmbeddingOptions {
 public:
  EmbeddingOptions(int64_t num_embeddings, int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  /// A row that starts at zero and gets no gradient; negative counts from the end.
  EmbeddingOptions& padding_idx(std::optional<int64_t> value) {
    return padding_idx_ = value, *this;
  }
  EmbeddingOptions& scale_grad_by_freq(bool value) { return scale_grad_by_freq_ = value, *this; }
  /// The table to begin with, [num_embeddings, embedding_dim].
  EmbeddingOptions& _weight(Tensor value) { return weight_ = std::move(value), *this; }
  int64_t num_embeddings() const { return num_embeddings_; }
  int64_t embedding_dim() const { return embedding_dim_; }
  std::optional<int64_t> padding_idx() const { return padding_idx_; }
  bool scale_grad_by_freq() const { return scale_grad_by_freq_; }
  const Tensor& _weight() const { return weight_; }

 private:
  int64_t num_embeddings_;
  int64_t embedding_dim_;
  std::optional<int64_t> padding_idx_;
  bool scale_grad_by_freq_ = false;
  Tensor weight_;
};

namespace functional {

class EmbeddingFuncOptions {
 public:
  EmbeddingFuncOptions& padding_idx(std::optional<int64_t> value) {
    return padding_idx_ = value, *this;
  }
  EmbeddingFuncOptions& scale_grad_by_freq(bool value) {
    return scale_grad_by_freq_ = value, *this;
  }
  std::optional<int64_t> padding_idx() const { return padding_idx_; }
  bool scale_grad_by_freq() const { return scale_grad_by_freq_; }

 private:
  std::optional<int64_t> padding_idx_;
  bool scale_grad_by_freq_ = false;
};

/// Rows of weight [num, dim] by integer indices [...] -> [..., dim].
Tensor embedding(const Tensor& input, const Tensor& weight,
                 const EmbeddingFuncOptions& options = {});

}  // namespace functional

/// A table of vectors: integer indices [...] to [..., embedding_dim].
struct EmbeddingImpl : Cloneable<EmbeddingImpl> {
  EmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim)
      : EmbeddingImpl(EmbeddingOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingImpl(const EmbeddingOptions& options);
  void reset() override;
  /// Standard normal, as PyTorch draws it; the row padding_idx is zero.
  void reset_parameters();
  Tensor forward(const Tensor& indices);
  void pretty_print(std::ostream& stream) const override;

  EmbeddingOptions options;
  Tensor weight;  ///< [num_embeddings, embedding_dim]
};
REEL_MODULE(Embedding);

}  // namespace reel::nn
