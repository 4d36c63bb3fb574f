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

/// The table of a module as `options` want it: the one that was given, or one yet to be drawn.
template <class Options>
Tensor table(const char* module, const Options& options) {
  const int64_t rows = options.num_embeddings(), columns = options.embedding_dim();
  padding_row(options.padding_idx(), rows);
  const Tensor& given = options._weight();
  if (!given.defined()) return empty({rows, columns});
  if (!(given.sizes() == IntArrayRef({rows, columns}))) {
    fail("{}: shape of weight {} does not match num_embeddings {} and embedding_dim {}", module,
         given.sizes(), rows, columns);
  }
  return given;
}

template <class Options>
void draw_table(Tensor& weight, const Options& options) {
  init::normal_(weight);
  if (!options.padding_idx()) return;
  NoGradGuard no_grad;
  weight.select(0, padding_row(options.padding_idx(), options.num_embeddings())).zero_();
}

template <class Options>
void print_table(std::ostream& stream, const char* module, const Options& options) {
  stream << fmt::format("reel::nn::{}(num_embeddings={}, embedding_dim={}", module,
                        options.num_embeddings(), options.embedding_dim());
  if (options.padding_idx()) stream << ", padding_idx=" << *options.padding_idx();
  stream << ")";
}

}  // namespace

namespace functional {

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFuncOptions& options) {
  return reel::embedding(weight, input, padding_row(options.padding_idx(), weight.size(0)),
                         options.scale_grad_by_freq());
}

Tensor embedding_bag(const Tensor& input, const Tensor& weight,
                     const EmbeddingBagFuncOptions& options) {
  Tensor indices = input;
  Tensor offsets = options.offsets();
  Tensor weights = options.per_sample_weights();
  if (weights.defined() && !(weights.sizes() == input.sizes())) {
    fail(
        "embedding_bag: If per_sample_weights is not None, then it must have the same shape as the "
        "input ({}), got {}",
        input.sizes(), weights.sizes());
  }
  if (input.dim() == 2) {
    if (offsets.defined()) {
      fail(
          "embedding_bag: if input is 2D, then offsets has to be null, as input is treated as a "
          "mini-batch of fixed length sequences. However, found offsets {}",
          offsets.sizes());
    }
    offsets = arange(input.size(0), input.options()) * input.size(1);
    indices = input.reshape({input.numel()});
    if (weights.defined()) weights = weights.reshape({weights.numel()});
  } else if (input.dim() != 1) {
    fail("embedding_bag: input has to be 1D or 2D Tensor, but got Tensor of dimension {}",
         input.dim());
  } else if (!offsets.defined()) {
    fail("embedding_bag: offsets has to be a 1D Tensor but got null");
  }
  return std::get<0>(reel::embedding_bag(
      weight, indices, offsets, options.scale_grad_by_freq(), options.mode().number(), false,
      weights, options.include_last_offset() && input.dim() == 1, options.padding_idx()));
}

}  // namespace functional

EmbeddingImpl::EmbeddingImpl(const EmbeddingOptions& options) : options(options) {
  EmbeddingImpl::reset();
}

void EmbeddingImpl::reset() {
  weight = register_parameter("weight", table("Embedding", options));
  if (!options._weight().defined()) reset_parameters();
}

void EmbeddingImpl::reset_parameters() { draw_table(weight, options); }

Tensor EmbeddingImpl::forward(const Tensor& indices) {
  ModuleScope scope(*this);
  return functional::embedding(indices, weight,
                               functional::EmbeddingFuncOptions()
                                   .padding_idx(options.padding_idx())
                                   .scale_grad_by_freq(options.scale_grad_by_freq()));
}

void EmbeddingImpl::pretty_print(std::ostream& stream) const {
  print_table(stream, "Embedding", options);
}

EmbeddingBagImpl::EmbeddingBagImpl(const EmbeddingBagOptions& options) : options(options) {
  EmbeddingBagImpl::reset();
}

void EmbeddingBagImpl::reset() {
  weight = register_parameter("weight", table("EmbeddingBag", options));
  if (!options._weight().defined()) reset_parameters();
}

void EmbeddingBagImpl::reset_parameters() { draw_table(weight, options); }

Tensor EmbeddingBagImpl::forward(const Tensor& input, const Tensor& offsets,
                                 const Tensor& per_sample_weights) {
  ModuleScope scope(*this);
  return functional::embedding_bag(input, weight,
                                   functional::EmbeddingBagFuncOptions()
                                       .offsets(offsets)
                                       .scale_grad_by_freq(options.scale_grad_by_freq())
                                       .mode(options.mode())
                                       .per_sample_weights(per_sample_weights)
                                       .include_last_offset(options.include_last_offset())
                                       .padding_idx(options.padding_idx()));
}

void EmbeddingBagImpl::pretty_print(std::ostream& stream) const {
  print_table(stream, "EmbeddingBag", options);
}

}  // namespace reel::nn
