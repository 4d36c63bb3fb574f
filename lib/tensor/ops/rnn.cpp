// Recurrent networks: layers of cells that pass a state from step to step.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/rnn.h>

namespace reel {
namespace {

enum class Kind { Tanh, ReLU, GRU, LSTM };

/// Rows of the weights for each unit of the state.
int64_t gates(Kind kind) { return kind == Kind::LSTM ? 4 : kind == Kind::GRU ? 3 : 1; }

/// Of one layer in one direction; biases and the projection may be undefined.
struct Weights {
  Tensor w_ih;
  Tensor w_hh;
  Tensor b_ih;
  Tensor b_hh;
  Tensor w_hr;
};

/// h is what is given out; c is defined for LSTM.
struct State {
  Tensor h;
  Tensor c;
};

/// The next state from the input's part of the gates, [N, gates * H].
State step(Kind kind, const Tensor& projected, const State& state, const Weights& w) {
  const Tensor recurrent = linear(state.h, w.w_hh, w.b_hh);
  if (recurrent.sizes() != projected.sizes()) {
    fail("rnn: output with shape {} doesn't match the broadcast shape {}", recurrent.sizes(),
         projected.sizes());
  }
  const Tensor& inner = kind == Kind::LSTM ? state.c : state.h;
  if (projected.dim() != 2 || inner.dim() != 2 || inner.size(1) < 1 ||
      projected.size(1) != gates(kind) * inner.size(1)) {
    fail("rnn: a state of size {} does not fit {} gates of together {}", inner.sizes(), gates(kind),
         projected.sizes());
  }
  if (kind == Kind::Tanh) return {(projected + recurrent).tanh(), {}};
  if (kind == Kind::ReLU) return {(projected + recurrent).relu(), {}};
  if (kind == Kind::GRU) {
    const auto in = projected.chunk(3, 1);
    const auto back = recurrent.chunk(3, 1);
    const Tensor reset = (in[0] + back[0]).sigmoid();
    const Tensor update = (in[1] + back[1]).sigmoid();
    const Tensor fresh = (in[2] + back[2] * reset).tanh();
    return {(state.h - fresh) * update + fresh, {}};
  }
  const auto sum = (projected + recurrent).chunk(4, 1);
  const Tensor c = sum[1].sigmoid() * state.c + sum[0].sigmoid() * sum[2].tanh();
  const Tensor h = sum[3].sigmoid() * c.tanh();
  return {w.w_hr.defined() ? linear(h, w.w_hr) : h, c};
}

/// Steps of equal length [T, N, ...], or of lengths that do not grow, one after the other in
/// [sum, ...].
struct Sequence {
  Tensor data;
  std::vector<int64_t> batch_sizes;  ///< empty for steps of equal length
};

State narrowed(const State& s, int64_t start, int64_t length) {
  return {s.h.narrow(0, start, length), s.c.defined() ? s.c.narrow(0, start, length) : s.c};
}

State joined(std::vector<State> parts) {
  if (parts.size() == 1) return parts[0];
  std::vector<Tensor> h, c;
  for (const State& s : parts) {
    h.push_back(s.h);
    if (s.c.defined()) c.push_back(s.c);
  }
  return {cat(h), c.empty() ? Tensor() : cat(c)};
}

/// One layer in one direction: its outputs in the order of the steps, and the last state.
std::pair<Tensor, State> run_layer(Kind kind, const Sequence& in, State state, const Weights& w,
                                   bool reverse) {
  const Tensor projected = linear(in.data, w.w_ih, w.b_ih);
  std::vector<Tensor> outputs;
  if (in.batch_sizes.empty()) {
    const std::vector<Tensor> steps = projected.unbind(0);
    for (size_t t = 0; t < steps.size(); ++t) {
      state = step(kind, steps[reverse ? steps.size() - 1 - t : t], state, w);
      outputs.push_back(state.h);
    }
    if (reverse) std::reverse(outputs.begin(), outputs.end());
    return {stack(outputs), state};
  }
  const std::vector<int64_t>& sizes = in.batch_sizes;
  const size_t count = sizes.size();
  if (state.h.size(0) != sizes[0]) {
    fail("rnn: output with shape {} doesn't match the broadcast shape [{}, {}]", state.h.sizes(),
         sizes[0], state.h.size(1));
  }
  std::vector<int64_t> starts;
  int64_t start = 0;
  for (int64_t n : sizes) {
    starts.push_back(start);
    start += n;
  }
  const State first = state;
  std::vector<State> finished;
  if (reverse) state = narrowed(first, 0, sizes[count - 1]);
  for (size_t i = 0; i < count; ++i) {
    const size_t t = reverse ? count - 1 - i : i;
    const int64_t running = state.h.size(0);
    if (sizes[t] < running) {
      finished.push_back(narrowed(state, sizes[t], running - sizes[t]));
      state = narrowed(state, 0, sizes[t]);
    } else if (sizes[t] > running) {
      state = joined({state, narrowed(first, running, sizes[t] - running)});
    }
    state = step(kind, projected.narrow(0, starts[t], sizes[t]), state, w);
    outputs.push_back(state.h);
  }
  if (reverse) std::reverse(outputs.begin(), outputs.end());
  finished.push_back(state);
  std::reverse(finished.begin(), finished.end());
  return {cat(outputs), joined(finished)};
}

struct Settings {
  const char* op;
  Kind kind;
  bool has_biases;
  int64_t num_layers;
  double dropout;
  bool train;
  bool bidirectional;
};

std::vector<Weights> weights_of(const Settings& s, TensorList params, bool projected) {
  const size_t each = (s.has_biases ? 4u : 2u) + (projected ? 1u : 0u);
  if (params.size() % each != 0) fail("{}: got an incorrect number of RNN parameters", s.op);
  std::vector<Weights> result;
  for (size_t i = 0; i < params.size(); i += each) {
    Weights w{params[i], params[i + 1], {}, {}, {}};
    if (s.has_biases) {
      w.b_ih = params[i + 2];
      w.b_hh = params[i + 3];
    }
    if (projected) w.w_hr = params[i + each - 1];
    const int64_t rows = w.w_ih.dim() == 2 ? w.w_ih.size(0) : -1;
    if (w.w_hh.dim() != 2 || w.w_hh.size(0) != rows || rows % gates(s.kind) != 0) {
      fail("{}: expected weights [{} * hidden_size, ...], got {} and {}", s.op, gates(s.kind),
           w.w_ih.sizes(), w.w_hh.sizes());
    }
    result.push_back(w);
  }
  return result;
}

/// All layers: the outputs of the last and the last state of each, in hx's order.
std::pair<Tensor, State> run(const Settings& s, Sequence in, const State& hx, TensorList params,
                             bool projected) {
  const std::vector<Weights> weights = weights_of(s, params, projected);
  const int64_t directions = s.bidirectional ? 2 : 1;
  const int64_t number = s.num_layers * directions;
  if (s.num_layers < 1) fail("{}: expected at least one layer, got {}", s.op, s.num_layers);
  if (hx.h.dim() != 3 || (hx.c.defined() && hx.c.dim() != 3)) {
    fail("{}: expected hidden states [layers, N, hidden_size], got {}", s.op, hx.h.sizes());
  }
  if (hx.h.size(0) != number || (hx.c.defined() && hx.c.size(0) < number)) {
    fail("{}: Expected more hidden states in stacked_rnn", s.op);
  }
  if (static_cast<int64_t>(weights.size()) != number) {
    fail("{}: Expected more weights in stacked_rnn", s.op);
  }
  std::vector<Tensor> h, c;
  for (int64_t layer = 0; layer < s.num_layers; ++layer) {
    std::vector<Tensor> outputs;
    for (int64_t d = 0; d < directions; ++d) {
      const int64_t i = layer * directions + d;
      const State start = {hx.h.select(0, i), hx.c.defined() ? hx.c.select(0, i) : hx.c};
      auto [output, last] = run_layer(s.kind, in, start, weights[static_cast<size_t>(i)], d == 1);
      outputs.push_back(output);
      h.push_back(last.h);
      if (last.c.defined()) c.push_back(last.c);
    }
    in.data = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);
    if (s.dropout != 0 && s.train && layer + 1 < s.num_layers) {
      in.data = dropout(in.data, s.dropout, true);
    }
  }
  return {in.data, {stack(h), c.empty() ? Tensor() : stack(c)}};
}

std::pair<Tensor, State> run_padded(const Settings& s, const Tensor& input, const State& hx,
                                    TensorList params, bool projected, bool batch_first) {
  if (input.dim() != 3) fail("{}: expected an input of 3 dimensions, got {}", s.op, input.sizes());
  const Tensor steps = batch_first ? input.transpose(0, 1) : input;
  if (steps.size(0) == 0) {
    fail("{}: Expected sequence length to be larger than 0 in RNN", s.op);
  }
  auto [output, last] = run(s, {steps, {}}, hx, params, projected);
  return {batch_first ? output.transpose(0, 1) : output, last};
}

std::pair<Tensor, State> run_packed(const Settings& s, const Tensor& data,
                                    const Tensor& batch_sizes, const State& hx, TensorList params,
                                    bool projected) {
  if (batch_sizes.dim() != 1 || batch_sizes.dtype() != kLong || batch_sizes.numel() == 0) {
    fail("{}: expected batch_sizes as a vector of int64, got {} {}", s.op, batch_sizes.dtype(),
         batch_sizes.sizes());
  }
  if (data.dim() != 2) fail("{}: expected packed data [sum, features], got {}", s.op, data.sizes());
  const Tensor list = batch_sizes.to(Device(kCPU)).contiguous();
  Sequence in{data, {}};
  for (int64_t t = 0; t < list.numel(); ++t) {
    const int64_t n = list.data_ptr<int64_t>()[t];
    if (n < 0 || (t > 0 && n > in.batch_sizes.back())) {
      fail("{}: batch_sizes must not be negative and must not grow, got {} at step {}", s.op, n, t);
    }
    in.batch_sizes.push_back(n);
  }
  return run(s, in, hx, params, projected);
}

/// h and c of LSTM; true if the outputs are projected to another size.
bool check_states(TensorList hx) {
  if (hx.size() != 2) fail("lstm: lstm expects two hidden states");
  return hx[0].dim() == 3 && hx[1].dim() == 3 && hx[0].size(2) != hx[1].size(2);
}

}  // namespace

std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& input, const Tensor& hx, TensorList params,
                                    bool has_biases, int64_t num_layers, double dropout, bool train,
                                    bool bidirectional, bool batch_first) {
  const Settings s{"rnn_tanh", Kind::Tanh, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_padded(s, input, {hx, {}}, params, false, batch_first);
  return {output, last.h};
}

std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers,
                                    double dropout, bool train, bool bidirectional) {
  const Settings s{"rnn_tanh", Kind::Tanh, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_packed(s, data, batch_sizes, {hx, {}}, params, false);
  return {output, last.h};
}

std::tuple<Tensor, Tensor> rnn_relu(const Tensor& input, const Tensor& hx, TensorList params,
                                    bool has_biases, int64_t num_layers, double dropout, bool train,
                                    bool bidirectional, bool batch_first) {
  const Settings s{"rnn_relu", Kind::ReLU, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_padded(s, input, {hx, {}}, params, false, batch_first);
  return {output, last.h};
}

std::tuple<Tensor, Tensor> rnn_relu(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers,
                                    double dropout, bool train, bool bidirectional) {
  const Settings s{"rnn_relu", Kind::ReLU, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_packed(s, data, batch_sizes, {hx, {}}, params, false);
  return {output, last.h};
}

std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& hx, TensorList params,
                               bool has_biases, int64_t num_layers, double dropout, bool train,
                               bool bidirectional, bool batch_first) {
  const Settings s{"gru", Kind::GRU, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_padded(s, input, {hx, {}}, params, false, batch_first);
  return {output, last.h};
}

std::tuple<Tensor, Tensor> gru(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                               TensorList params, bool has_biases, int64_t num_layers,
                               double dropout, bool train, bool bidirectional) {
  const Settings s{"gru", Kind::GRU, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_packed(s, data, batch_sizes, {hx, {}}, params, false);
  return {output, last.h};
}

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, TensorList hx, TensorList params,
                                        bool has_biases, int64_t num_layers, double dropout,
                                        bool train, bool bidirectional, bool batch_first) {
  const bool projected = check_states(hx);
  const Settings s{"lstm", Kind::LSTM, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_padded(s, input, {hx[0], hx[1]}, params, projected, batch_first);
  return {output, last.h, last.c};
}

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& data, const Tensor& batch_sizes,
                                        TensorList hx, TensorList params, bool has_biases,
                                        int64_t num_layers, double dropout, bool train,
                                        bool bidirectional) {
  const bool projected = check_states(hx);
  const Settings s{"lstm", Kind::LSTM, has_biases, num_layers, dropout, train, bidirectional};
  const auto [output, last] = run_packed(s, data, batch_sizes, {hx[0], hx[1]}, params, projected);
  return {output, last.h, last.c};
}

// Cells: one step.

Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return step(Kind::Tanh, linear(input, w_ih, b_ih), {hx, {}}, {w_ih, w_hh, b_ih, b_hh, {}}).h;
}

Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return step(Kind::ReLU, linear(input, w_ih, b_ih), {hx, {}}, {w_ih, w_hh, b_ih, b_hh, {}}).h;
}

Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const Tensor& b_ih, const Tensor& b_hh) {
  return step(Kind::GRU, linear(input, w_ih, b_ih), {hx, {}}, {w_ih, w_hh, b_ih, b_hh, {}}).h;
}

std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, TensorList hx, const Tensor& w_ih,
                                     const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  check_states(hx);
  const State next =
      step(Kind::LSTM, linear(input, w_ih, b_ih), {hx[0], hx[1]}, {w_ih, w_hh, b_ih, b_hh, {}});
  return {next.h, next.c};
}

}  // namespace reel
