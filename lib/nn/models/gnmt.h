#pragma once

#include <vector>

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

// Translation with long short-term memory: T target tokens, S source tokens, N sentences, H units.

namespace reel::nn::models {

class GNMTv2Options {
  /// Of both languages, which share their embedding; token 0 is padding.
  REEL_ARG(int64_t, vocab_size) = 32317;
  REEL_ARG(int64_t, hidden_size) = 1024;
  /// Of the encoder and of the decoder each.
  REEL_ARG(int64_t, num_layers) = 4;
  /// Of the input of every layer, when training.
  REEL_ARG(double, dropout) = 0.2;
};

/// Additive attention (Bahdanau et al., 2015) with a normalised energy (Salimans and Kingma, 2016):
/// score = g v / |v| . tanh(Q query + K key + b).
struct BahdanauAttentionImpl : Cloneable<BahdanauAttentionImpl> {
  explicit BahdanauAttentionImpl(int64_t size);
  void reset() override;
  /// query [T, N, H], keys [S, N, H] and, where not to look, padding [N, S] of bool: the means of
  /// the keys by the softmax of their scores, [T, N, H].
  Tensor forward(const Tensor& query, const Tensor& keys, const Tensor& padding = {});

  int64_t size;
  Linear linear_q{nullptr};
  Linear linear_k{nullptr};
  Tensor linear_att;        ///< v [H]
  Tensor normalize_scalar;  ///< g [1]
  Tensor normalize_bias;    ///< b [H]
};
REEL_MODULE(BahdanauAttention);

/// A bidirectional layer, then layers of one direction; from the third on each adds its input.
struct GNMTEncoderImpl : Cloneable<GNMTEncoderImpl> {
  explicit GNMTEncoderImpl(const GNMTv2Options& options);
  void reset() override;
  /// Embedded tokens [S, N, H] to [S, N, H].
  Tensor forward(const Tensor& embedded);

  GNMTv2Options options;
  std::vector<LSTM> layers;
};
REEL_MODULE(GNMTEncoder);

/// A layer whose outputs query the attention; every other layer sees what that found beside its
/// input, and from the third on adds its input. A classifier at the end.
struct GNMTDecoderImpl : Cloneable<GNMTDecoderImpl> {
  explicit GNMTDecoderImpl(const GNMTv2Options& options);
  void reset() override;
  /// Embedded tokens [T, N, H], the encoder's result [S, N, H]: scores [T, N, vocab_size].
  Tensor forward(const Tensor& embedded, const Tensor& context, const Tensor& padding = {});

  GNMTv2Options options;
  LSTM att_rnn{nullptr};
  BahdanauAttention attention{nullptr};
  std::vector<LSTM> layers;
  Linear classifier{nullptr};
};
REEL_MODULE(GNMTDecoder);

/// GNMT (Wu et al., 2016) as NVIDIA's second version of it trains: attention by the first layer of
/// the decoder, for all layers. All parameters start in +-0.1, but the recurrent biases, those of
/// the attention (0) and its scale (1/sqrt(hidden_size)).
struct GNMTv2Impl : Cloneable<GNMTv2Impl> {
  explicit GNMTv2Impl(const GNMTv2Options& options = {});
  void reset() override;
  /// Tokens source [S, N] and target [T, N], of int64: the scores of the token after each target,
  /// [T, N, vocab_size]. With the sentences' lengths [N] the attention leaves out their padding;
  /// the encoder's layer that reads backwards begins with it.
  Tensor forward(const Tensor& source, const Tensor& target, const Tensor& source_lengths = {});

  GNMTv2Options options;
  Embedding embedder{nullptr};
  GNMTEncoder encoder{nullptr};
  GNMTDecoder decoder{nullptr};
};
REEL_MODULE(GNMTv2);

}  // namespace reel::nn::models
