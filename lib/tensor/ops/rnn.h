#pragma once

#include <reel/tensor/ops.h>

// One step of a recurrent network: input [N, in], states [N, hidden], weights of the input
// [gates * hidden, in] and of the state [gates * hidden, hidden], biases [gates * hidden] or
// undefined. The gates are 1 for a plain cell, 3 for GRU (reset, update, new; Cho et al. 2014) and
// 4 for LSTM (input, forget, cell, output; Hochreiter and Schmidhuber 1997).

namespace reel {

Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih = {}, const Tensor& b_hh = {});
Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih = {}, const Tensor& b_hh = {});
Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const Tensor& b_ih = {}, const Tensor& b_hh = {});
/// From (h, c) the next (h, c).
std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, TensorList hx, const Tensor& w_ih,
                                     const Tensor& w_hh, const Tensor& b_ih = {},
                                     const Tensor& b_hh = {});

}  // namespace reel
