#include <cmath>
#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/rnn.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops/rnn.h>

namespace reel::nn {

namespace detail {

template <class Derived, class Options>
RNNImplBase<Derived, Options>::RNNImplBase(const Options& options, int64_t gates, int64_t proj_size)
    : options(options), gates_(gates), proj_size_(proj_size) {
  RNNImplBase::reset();
}

template <class Derived, class Options>
void RNNImplBase<Derived, Options>::reset() {
  const int64_t hidden = options.hidden_size();
  if (options.input_size() < 1 || hidden < 1 || options.num_layers() < 1) {
    fail("RNN: input_size {}, hidden_size {} and num_layers {} must be positive",
         options.input_size(), hidden, options.num_layers());
  }
  if (!(options.dropout() >= 0 && options.dropout() <= 1)) {
    fail(
        "RNN: dropout should be a number in range [0, 1] representing the probability of an "
        "element being zeroed, got {}",
        options.dropout());
  }
  if (proj_size_ < 0 || proj_size_ >= hidden) {
    fail("RNN: proj_size has to be smaller than hidden_size and not negative, got {} and {}",
         proj_size_, hidden);
  }
  weights_.clear();
  const int64_t directions = options.bidirectional() ? 2 : 1;
  const int64_t out = proj_size_ > 0 ? proj_size_ : hidden;
  for (int64_t layer = 0; layer < options.num_layers(); ++layer) {
    for (int64_t d = 0; d < directions; ++d) {
      const int64_t in = layer == 0 ? options.input_size() : out * directions;
      const std::string suffix = fmt::format("_l{}{}", layer, d == 1 ? "_reverse" : "");
      const auto add = [&](const char* name, IntArrayRef sizes) {
        weights_.push_back(this->register_parameter(name + suffix, empty(sizes)));
      };
      add("weight_ih", {gates_ * hidden, in});
      add("weight_hh", {gates_ * hidden, out});
      if (options.bias()) {
        add("bias_ih", gates_ * hidden);
        add("bias_hh", gates_ * hidden);
      }
      if (proj_size_ > 0) add("weight_hr", {proj_size_, hidden});
    }
  }
  reset_parameters();
}

template <class Derived, class Options>
void RNNImplBase<Derived, Options>::reset_parameters() {
  const double bound = 1 / std::sqrt(static_cast<double>(options.hidden_size()));
  for (const Tensor& weight : weights_) init::uniform_(weight, -bound, bound);
}

template <class Derived, class Options>
Tensor RNNImplBase<Derived, Options>::start(const Tensor& given, const Tensor& input,
                                            int64_t size) const {
  if (input.dim() != 3) fail("RNN: input must have 3 dimensions, got {}", input.sizes());
  if (input.size(2) != options.input_size()) {
    fail("RNN: input.size(-1) must be equal to input_size. Expected {}, got {}",
         options.input_size(), input.size(2));
  }
  const int64_t batch = input.size(options.batch_first() ? 0 : 1);
  const int64_t layers = options.num_layers() * (options.bidirectional() ? 2 : 1);
  if (!given.defined()) return zeros({layers, batch, size}, input.options());
  if (!(given.sizes() == IntArrayRef({layers, batch, size}))) {
    fail("RNN: Expected hidden size {}, got {}", IntArrayRef({layers, batch, size}), given.sizes());
  }
  return given;
}

template <class Derived, class Options>
void RNNImplBase<Derived, Options>::print(std::ostream& stream, const char* name) const {
  stream << fmt::format("reel::nn::{}(input_size={}, hidden_size={}, num_layers={}, bias={}", name,
                        options.input_size(), options.hidden_size(), options.num_layers(),
                        options.bias());
  stream << fmt::format(", batch_first={}, dropout={}, bidirectional={}", options.batch_first(),
                        options.dropout(), options.bidirectional());
  if (proj_size_ > 0) stream << ", proj_size=" << proj_size_;
  stream << ")";
}

template <class Derived, class Options>
RNNCellImplBase<Derived, Options>::RNNCellImplBase(const Options& options, int64_t gates)
    : options(options), gates_(gates) {
  RNNCellImplBase::reset();
}

template <class Derived, class Options>
void RNNCellImplBase<Derived, Options>::reset() {
  const int64_t hidden = options.hidden_size();
  const int64_t rows = gates_ * hidden;
  weight_ih = this->register_parameter("weight_ih", empty({rows, options.input_size()}));
  weight_hh = this->register_parameter("weight_hh", empty({rows, hidden}));
  bias_ih = this->register_parameter("bias_ih", options.bias() ? empty(rows) : Tensor());
  bias_hh = this->register_parameter("bias_hh", options.bias() ? empty(rows) : Tensor());
  reset_parameters();
}

template <class Derived, class Options>
void RNNCellImplBase<Derived, Options>::reset_parameters() {
  const double bound = 1 / std::sqrt(static_cast<double>(options.hidden_size()));
  for (const Tensor& weight : this->parameters()) init::uniform_(weight, -bound, bound);
}

template <class Derived, class Options>
Tensor RNNCellImplBase<Derived, Options>::start(const char* name, const Tensor& input,
                                                const Tensor& given) const {
  if (input.dim() != 1 && input.dim() != 2) {
    fail("{}: Expected input to be 1-D or 2-D but received {}-D tensor", name, input.dim());
  }
  if (input.size(-1) != options.input_size()) {
    fail("{}: input has inconsistent input_size: got {} expected {}", name, input.size(-1),
         options.input_size());
  }
  const int64_t batch = input.dim() == 2 ? input.size(0) : 1;
  if (!given.defined()) return zeros({batch, options.hidden_size()}, input.options());
  const Tensor state = given.dim() == 1 ? given.unsqueeze(0) : given;
  if (!(state.sizes() == IntArrayRef({batch, options.hidden_size()}))) {
    fail("{}: hidden state has sizes {}, expected {}", name, given.sizes(),
         IntArrayRef({batch, options.hidden_size()}));
  }
  return state;
}

template <class Derived, class Options>
void RNNCellImplBase<Derived, Options>::print(std::ostream& stream, const char* name) const {
  stream << fmt::format("reel::nn::{}({}, {}{})", name, options.input_size(), options.hidden_size(),
                        options.bias() ? "" : ", bias=false");
}

template struct RNNImplBase<RNNImpl, RNNOptions>;
template struct RNNImplBase<LSTMImpl, LSTMOptions>;
template struct RNNImplBase<GRUImpl, GRUOptions>;
template struct RNNCellImplBase<RNNCellImpl, RNNCellOptions>;
template struct RNNCellImplBase<LSTMCellImpl, LSTMCellOptions>;
template struct RNNCellImplBase<GRUCellImpl, GRUCellOptions>;

}  // namespace detail

namespace {

void check_nonlinearity(init::NonlinearityType nonlinearity) {
  if (nonlinearity != kTanh && nonlinearity != kReLU) {
    fail("RNN: Unknown nonlinearity; expected kTanh or kReLU");
  }
}

/// A single step as a batch.
Tensor batch(const Tensor& input) { return input.dim() == 1 ? input.unsqueeze(0) : input; }

Tensor like_input(const Tensor& output, const Tensor& input) {
  return input.dim() == 1 ? output.squeeze(0) : output;
}

}  // namespace

RNNImpl::RNNImpl(const RNNOptions& options) : RNNImplBase(options, 1, 0) {
  check_nonlinearity(options.nonlinearity());
}

std::tuple<Tensor, Tensor> RNNImpl::forward(const Tensor& input, Tensor hx) {
  ModuleScope scope(*this);
  const Tensor state = start(hx, input, options.hidden_size());
  const auto run = [&](const auto& network) {
    return network(input, state, TensorList(weights_), options.bias(), options.num_layers(),
                   options.dropout(), is_training(), options.bidirectional(),
                   options.batch_first());
  };
  if (options.nonlinearity() == kTanh) {
    return run([](const auto&... a) { return reel::rnn_tanh(a...); });
  }
  return run([](const auto&... a) { return reel::rnn_relu(a...); });
}

void RNNImpl::pretty_print(std::ostream& stream) const { print(stream, "RNN"); }

LSTMImpl::LSTMImpl(const LSTMOptions& options) : RNNImplBase(options, 4, options.proj_size()) {}

std::tuple<Tensor, std::tuple<Tensor, Tensor>> LSTMImpl::forward(
    const Tensor& input, std::optional<std::tuple<Tensor, Tensor>> hx) {
  ModuleScope scope(*this);
  const int64_t out = options.proj_size() > 0 ? options.proj_size() : options.hidden_size();
  const Tensor states[] = {start(hx ? std::get<0>(*hx) : Tensor(), input, out),
                           start(hx ? std::get<1>(*hx) : Tensor(), input, options.hidden_size())};
  const auto [output, h, c] =
      reel::lstm(input, TensorList(states), weights_, options.bias(), options.num_layers(),
                 options.dropout(), is_training(), options.bidirectional(), options.batch_first());
  return {output, {h, c}};
}

void LSTMImpl::pretty_print(std::ostream& stream) const { print(stream, "LSTM"); }

GRUImpl::GRUImpl(const GRUOptions& options) : RNNImplBase(options, 3, 0) {}

std::tuple<Tensor, Tensor> GRUImpl::forward(const Tensor& input, Tensor hx) {
  ModuleScope scope(*this);
  return reel::gru(input, start(hx, input, options.hidden_size()), weights_, options.bias(),
                   options.num_layers(), options.dropout(), is_training(), options.bidirectional(),
                   options.batch_first());
}

void GRUImpl::pretty_print(std::ostream& stream) const { print(stream, "GRU"); }

Tensor RNNCellImpl::forward(const Tensor& input, Tensor hx) {
  ModuleScope scope(*this);
  check_nonlinearity(options.nonlinearity());
  const auto run = options.nonlinearity() == kTanh ? rnn_tanh_cell : rnn_relu_cell;
  const Tensor h =
      run(batch(input), start("RNNCell", input, hx), weight_ih, weight_hh, bias_ih, bias_hh);
  return like_input(h, input);
}

void RNNCellImpl::pretty_print(std::ostream& stream) const { print(stream, "RNNCell"); }

std::tuple<Tensor, Tensor> LSTMCellImpl::forward(const Tensor& input,
                                                 std::optional<std::tuple<Tensor, Tensor>> hx) {
  ModuleScope scope(*this);
  const Tensor states[] = {start("LSTMCell", input, hx ? std::get<0>(*hx) : Tensor()),
                           start("LSTMCell", input, hx ? std::get<1>(*hx) : Tensor())};
  const auto [h, c] =
      lstm_cell(batch(input), TensorList(states), weight_ih, weight_hh, bias_ih, bias_hh);
  return {like_input(h, input), like_input(c, input)};
}

void LSTMCellImpl::pretty_print(std::ostream& stream) const { print(stream, "LSTMCell"); }

Tensor GRUCellImpl::forward(const Tensor& input, Tensor hx) {
  ModuleScope scope(*this);
  const Tensor h =
      gru_cell(batch(input), start("GRUCell", input, hx), weight_ih, weight_hh, bias_ih, bias_hh);
  return like_input(h, input);
}

void GRUCellImpl::pretty_print(std::ostream& stream) const { print(stream, "GRUCell"); }

}  // namespace reel::nn
