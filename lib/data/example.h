#pragma once

#include <reel/tensor/tensor.h>

namespace reel::data {

/// One example or one batch: an input and what it should give.
template <class Data = Tensor, class Target = Tensor>
struct Example {
  using DataType = Data;
  using TargetType = Target;

  Example() = default;
  Example(Data data, Target target)
      : data(static_cast<Data&&>(data)), target(static_cast<Target&&>(target)) {}

  Data data;
  Target target;
};

namespace example {
struct NoTarget {};
}  // namespace example

/// An input alone.
template <class Data>
struct Example<Data, example::NoTarget> {
  using DataType = Data;
  using TargetType = example::NoTarget;

  Example() = default;
  Example(Data data) : data(static_cast<Data&&>(data)) {}
  operator Data&() { return data; }
  operator const Data&() const { return data; }

  Data data;
};

using TensorExample = Example<Tensor, example::NoTarget>;

}  // namespace reel::data
