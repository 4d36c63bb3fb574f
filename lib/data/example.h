#pragma once

#include <reel/tensor/tensor.h>

namespace reel::data {

/// One example or one batch: an input and what it should give.
template <class Data = Tensor, class Target = Tensor>
struct Example {
  Data data;
  Target target;
};

}  // namespace reel::data
