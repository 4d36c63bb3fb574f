#include <cmath>

#include <reel/nn/models/checks.h>
#include <reel/nn/models/gnmt.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

namespace {

constexpr double kInit = 0.1;

LSTM make_layer(int64_t in, int64_t hidden, bool bidirectional = false) {
  LSTM layer(LSTMOptions(in, hidden).bidirectional(bidirectional));
  for (auto& parameter : layer->named_parameters()) {
    // The two biases are added: one that starts at random will do.
    if (parameter.key().rfind("bias_hh", 0) == 0) {
      init::zeros_(parameter.value());
    } else {
      init::uniform_(parameter.value(), -kInit, kInit);
    }
  }
  return layer;
}

Linear make_linear(const LinearOptions& options) {
  Linear layer(options);
  for (auto& parameter : layer->parameters()) init::uniform_(parameter, -kInit, kInit);
  return layer;
}

Tensor outputs(LSTM& layer, const Tensor& input) { return std::get<0>(layer->forward(input)); }

void check_tokens(const char* what, const Tensor& tokens) {
  if (tokens.dim() != 2 || tokens.scalar_type() != kLong) {
    fail("GNMTv2: the {} expects tokens [length, N] of int64, got {} of {}", what, tokens.sizes(),
         tokens.scalar_type());
  }
}

}  // namespace

BahdanauAttentionImpl::BahdanauAttentionImpl(int64_t size) : size(size) {
  BahdanauAttentionImpl::reset();
}

void BahdanauAttentionImpl::reset() {
  linear_q = register_module("linear_q", make_linear(LinearOptions(size, size).bias(false)));
  linear_k = register_module("linear_k", make_linear(LinearOptions(size, size).bias(false)));
  linear_att = register_parameter("linear_att", init::uniform_(empty({size}), -kInit, kInit));
  normalize_scalar =
      register_parameter("normalize_scalar", full({1}, 1 / std::sqrt(static_cast<double>(size))));
  normalize_bias = register_parameter("normalize_bias", zeros({size}));
}

Tensor BahdanauAttentionImpl::forward(const Tensor& query, const Tensor& keys,
                                      const Tensor& padding) {
  // Sentences first: [N, T, 1, H] meets [N, 1, S, H].
  const Tensor values = keys.transpose(0, 1);
  const Tensor q = linear_q->forward(query).transpose(0, 1).unsqueeze(2);
  const Tensor k = (linear_k->forward(keys) + normalize_bias).transpose(0, 1).unsqueeze(1);
  const Tensor energy = linear_att / linear_att.norm() * normalize_scalar;
  Tensor scores = (q + k).tanh().matmul(energy);
  if (padding.defined()) scores = scores.masked_fill(padding.unsqueeze(1), -65504.0);
  return scores.softmax(-1).bmm(values).transpose(0, 1);
}

GNMTEncoderImpl::GNMTEncoderImpl(const GNMTv2Options& options) : options(options) {
  GNMTEncoderImpl::reset();
}

void GNMTEncoderImpl::reset() {
  const int64_t hidden = options.hidden_size();
  layers.clear();
  ModuleList list;
  for (int64_t i = 0; i < options.num_layers(); ++i) {
    layers.push_back(make_layer(i == 1 ? 2 * hidden : hidden, hidden, i == 0));
    list->push_back(layers.back());
  }
  register_module("rnn_layers", list);
}

Tensor GNMTEncoderImpl::forward(const Tensor& embedded) {
  Tensor x = embedded;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Tensor y = outputs(layers[i], dropout(x, options.dropout(), is_training()));
    x = i < 2 ? y : y + x;
  }
  return x;
}

GNMTDecoderImpl::GNMTDecoderImpl(const GNMTv2Options& options) : options(options) {
  GNMTDecoderImpl::reset();
}

void GNMTDecoderImpl::reset() {
  const int64_t hidden = options.hidden_size();
  att_rnn = register_module("att_rnn", make_layer(hidden, hidden));
  attention = register_module("attention", BahdanauAttention(hidden));
  layers.clear();
  ModuleList list;
  for (int64_t i = 1; i < options.num_layers(); ++i) {
    layers.push_back(make_layer(2 * hidden, hidden));
    list->push_back(layers.back());
  }
  register_module("rnn_layers", list);
  classifier =
      register_module("classifier", make_linear(LinearOptions(hidden, options.vocab_size())));
}

Tensor GNMTDecoderImpl::forward(const Tensor& embedded, const Tensor& context,
                                const Tensor& padding) {
  const auto drop = [&](const Tensor& x) { return dropout(x, options.dropout(), is_training()); };
  Tensor x = outputs(att_rnn, drop(embedded));
  const Tensor found = attention->forward(x, context, padding);
  for (size_t i = 0; i < layers.size(); ++i) {
    const Tensor y = outputs(layers[i], drop(cat({x, found}, 2)));
    x = i == 0 ? y : y + x;
  }
  return classifier->forward(x);
}

GNMTv2Impl::GNMTv2Impl(const GNMTv2Options& options) : options(options) { GNMTv2Impl::reset(); }

void GNMTv2Impl::reset() {
  check_option("GNMTv2", "vocab_size", options.vocab_size());
  check_option("GNMTv2", "hidden_size", options.hidden_size());
  check_option("GNMTv2", "num_layers", options.num_layers(), 2);
  embedder = register_module(
      "embedder",
      Embedding(EmbeddingOptions(options.vocab_size(), options.hidden_size()).padding_idx(0)));
  init::uniform_(embedder->weight, -kInit, kInit);
  encoder = register_module("encoder", GNMTEncoder(options));
  decoder = register_module("decoder", GNMTDecoder(options));
}

Tensor GNMTv2Impl::forward(const Tensor& source, const Tensor& target,
                           const Tensor& source_lengths) {
  check_tokens("source", source);
  check_tokens("target", target);
  if (source.size(1) != target.size(1)) {
    fail("GNMTv2: source and target expect one N, got {} and {}", source.sizes(), target.sizes());
  }
  Tensor padding;
  if (source_lengths.defined()) {
    if (source_lengths.dim() != 1 || source_lengths.size(0) != source.size(1)) {
      fail("GNMTv2: source_lengths expects [{}], got {}", source.size(1), source_lengths.sizes());
    }
    padding = arange(source.size(0), source.options()) >= source_lengths.unsqueeze(1);
  }
  const Tensor context = encoder->forward(embedder->forward(source));
  return decoder->forward(embedder->forward(target), context, padding);
}

}  // namespace reel::nn::models
