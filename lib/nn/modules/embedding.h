#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

class EmbeddingOptions {
 public:
  EmbeddingOptions(int64_t num_embeddings, int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  /// The table to begin with, [num_embeddings, embedding_dim].
  EmbeddingOptions& _weight(Tensor value) { return weight_ = std::move(value), *this; }
  int64_t num_embeddings() const { return num_embeddings_; }
  int64_t embedding_dim() const { return embedding_dim_; }
  const Tensor& _weight() const { return weight_; }

  /// A row that starts at zero and gets no gradient; negative counts from the end.
  REEL_ARG(std::optional<int64_t>, padding_idx);
  REEL_ARG(bool, scale_grad_by_freq) = false;

 private:
  int64_t num_embeddings_;
  int64_t embedding_dim_;
  Tensor weight_;
};

/// kSum, kMean or kMax.
class EmbeddingBagMode {
 public:
  EmbeddingBagMode(Reduction::Reduction reduction) : mode_(reduction == kSum ? 0 : 1) {}
  EmbeddingBagMode(BagReduction) : mode_(2) {}
  /// As embedding_bag() takes it.
  int64_t number() const { return mode_; }

 private:
  int64_t mode_;
};

class EmbeddingBagOptions {
 public:
  EmbeddingBagOptions(int64_t num_embeddings, int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  /// The table to begin with, [num_embeddings, embedding_dim].
  EmbeddingBagOptions& _weight(Tensor value) { return weight_ = std::move(value), *this; }
  int64_t num_embeddings() const { return num_embeddings_; }
  int64_t embedding_dim() const { return embedding_dim_; }
  const Tensor& _weight() const { return weight_; }

  REEL_ARG(bool, scale_grad_by_freq) = false;
  REEL_ARG(EmbeddingBagMode, mode) = kMean;
  /// Whether offsets end with the number of indices.
  REEL_ARG(bool, include_last_offset) = false;
  /// A row that starts at zero and does not count in its bags; negative counts from the end.
  REEL_ARG(std::optional<int64_t>, padding_idx);

 private:
  int64_t num_embeddings_;
  int64_t embedding_dim_;
  Tensor weight_;
};

namespace functional {

class EmbeddingFuncOptions {
  REEL_ARG(std::optional<int64_t>, padding_idx);
  REEL_ARG(bool, scale_grad_by_freq) = false;
};

/// Rows of weight [num, dim] by integer indices [...] -> [..., dim].
Tensor embedding(const Tensor& input, const Tensor& weight,
                 const EmbeddingFuncOptions& options = {});

class EmbeddingBagFuncOptions {
  REEL_ARG(Tensor, offsets);
  REEL_ARG(bool, scale_grad_by_freq) = false;
  REEL_ARG(EmbeddingBagMode, mode) = kMean;
  REEL_ARG(Tensor, per_sample_weights);
  REEL_ARG(bool, include_last_offset) = false;
  REEL_ARG(std::optional<int64_t>, padding_idx);
};

/// Sums, means or maxima of rows of weight [num, dim] over bags of indices: the rows of input
/// [bags, n], or the pieces of input [n] that begin at the offsets [bags].
Tensor embedding_bag(const Tensor& input, const Tensor& weight,
                     const EmbeddingBagFuncOptions& options = {});

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

/// embedding_bag() with a table of its own.
struct EmbeddingBagImpl : Cloneable<EmbeddingBagImpl> {
  EmbeddingBagImpl(int64_t num_embeddings, int64_t embedding_dim)
      : EmbeddingBagImpl(EmbeddingBagOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingBagImpl(const EmbeddingBagOptions& options);
  void reset() override;
  /// Standard normal, as PyTorch draws it; the row padding_idx is zero.
  void reset_parameters();
  Tensor forward(const Tensor& input, const Tensor& offsets = {},
                 const Tensor& per_sample_weights = {});
  void pretty_print(std::ostream& stream) const override;

  EmbeddingBagOptions options;
  Tensor weight;  ///< [num_embeddings, embedding_dim]
};
REEL_MODULE(EmbeddingBag);

}  // namespace reel::nn
