#pragma once

#include <reel/autograd/list_function.h>

namespace reel::autograd {

namespace detail {
variable_list checkpoint(IntrusivePtr<KeptFunction> function, const variable_list& inputs,
                         bool preserve_rng_state);
}

/// function(inputs), whose intermediate results are not kept for the gradient but computed again
/// when it is wanted: memory for the price of a second forward (Chen et al. 2016, "Training deep
/// nets with sublinear memory cost"). With preserve_rng_state the second run draws the random
/// numbers of the first. `function` takes a list of tensors or one tensor and gives one or a list;
/// what it refers to must live and stay as it is until then. Everything else is as without the
/// checkpoint: parameters that the function refers to get their gradients, checkpoints nest, and
/// autograd::grad, `inputs` and create_graph work; one thread at a time replays it. An error says
/// if the second run did other ops than the first.
template <class Function>
auto checkpoint(Function function, const variable_list& inputs, bool preserve_rng_state = true) {
  using Result = decltype(detail::call_with_list(function, inputs));
  variable_list outputs =
      detail::checkpoint(IntrusivePtr<detail::KeptFunction>::adopt(
                             new detail::KeptListFunction<Function>(std::move(function))),
                         inputs, preserve_rng_state);
  if constexpr (std::is_convertible_v<Result, Tensor>) {
    return outputs[0];
  } else {
    return outputs;
  }
}
template <class Function>
auto checkpoint(Function function, const Tensor& input, bool preserve_rng_state = true) {
  return checkpoint(std::move(function), variable_list{input}, preserve_rng_state);
}

}  // namespace reel::autograd
