#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>

namespace reel::nn {

namespace functional {

class PadFuncOptions {
 public:
  PadFuncOptions(std::vector<int64_t> pad) : pad_(std::move(pad)) {}

  REEL_ARG(std::vector<int64_t>, pad);
  REEL_ARG(PaddingMode, mode) = kConstant;
  REEL_ARG(double, value) = 0;
};

/// reel::pad by options: `F::pad(x, F::PadFuncOptions({1, 1, 2, 2}).mode(kReflect))`.
Tensor pad(const Tensor& input, const PadFuncOptions& options);

}  // namespace functional

/// Amounts before and after each dimension, from the last on: {left, right, top, bottom, ...}.
template <size_t D>
class PadOptions {
 public:
  PadOptions(ExpandingArray<D * 2> padding) : padding_(padding) {}

  REEL_ARG(ExpandingArray<D * 2>, padding);
};
using ReflectionPad1dOptions = PadOptions<1>;
using ReflectionPad2dOptions = PadOptions<2>;
using ReflectionPad3dOptions = PadOptions<3>;
using ReplicationPad1dOptions = PadOptions<1>;
using ReplicationPad2dOptions = PadOptions<2>;
using ReplicationPad3dOptions = PadOptions<3>;
using ZeroPad2dOptions = PadOptions<2>;

template <size_t D>
class ConstantPadOptions {
 public:
  ConstantPadOptions(ExpandingArray<D * 2> padding, double value)
      : padding_(padding), value_(value) {}

  REEL_ARG(ExpandingArray<D * 2>, padding);
  REEL_ARG(double, value);
};
using ConstantPad1dOptions = ConstantPadOptions<1>;
using ConstantPad2dOptions = ConstantPadOptions<2>;
using ConstantPad3dOptions = ConstantPadOptions<3>;

/// Mirrors the input at its borders, which are not repeated.
template <size_t D>
struct ReflectionPadImpl : Cloneable<ReflectionPadImpl<D>> {
  ReflectionPadImpl(ExpandingArray<D * 2> padding) : options(padding) {}
  explicit ReflectionPadImpl(const PadOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  PadOptions<D> options;
};

/// Repeats the borders of the input.
template <size_t D>
struct ReplicationPadImpl : Cloneable<ReplicationPadImpl<D>> {
  ReplicationPadImpl(ExpandingArray<D * 2> padding) : options(padding) {}
  explicit ReplicationPadImpl(const PadOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  PadOptions<D> options;
};

/// Puts a number around the input.
template <size_t D>
struct ConstantPadImpl : Cloneable<ConstantPadImpl<D>> {
  ConstantPadImpl(ExpandingArray<D * 2> padding, double value) : options(padding, value) {}
  explicit ConstantPadImpl(const ConstantPadOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  ConstantPadOptions<D> options;
};

/// Puts zeros around pictures.
struct ZeroPad2dImpl : Cloneable<ZeroPad2dImpl> {
  ZeroPad2dImpl(ExpandingArray<4> padding) : options(padding) {}
  explicit ZeroPad2dImpl(const ZeroPad2dOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  ZeroPad2dOptions options;
};
REEL_MODULE(ZeroPad2d);

extern template struct ReflectionPadImpl<1>;
extern template struct ReflectionPadImpl<2>;
extern template struct ReflectionPadImpl<3>;
extern template struct ReplicationPadImpl<1>;
extern template struct ReplicationPadImpl<2>;
extern template struct ReplicationPadImpl<3>;
extern template struct ConstantPadImpl<1>;
extern template struct ConstantPadImpl<2>;
extern template struct ConstantPadImpl<3>;

using ReflectionPad1dImpl = ReflectionPadImpl<1>;
REEL_MODULE(ReflectionPad1d);
using ReflectionPad2dImpl = ReflectionPadImpl<2>;
REEL_MODULE(ReflectionPad2d);
using ReflectionPad3dImpl = ReflectionPadImpl<3>;
REEL_MODULE(ReflectionPad3d);

using ReplicationPad1dImpl = ReplicationPadImpl<1>;
REEL_MODULE(ReplicationPad1d);
using ReplicationPad2dImpl = ReplicationPadImpl<2>;
REEL_MODULE(ReplicationPad2d);
using ReplicationPad3dImpl = ReplicationPadImpl<3>;
REEL_MODULE(ReplicationPad3d);

using ConstantPad1dImpl = ConstantPadImpl<1>;
REEL_MODULE(ConstantPad1d);
using ConstantPad2dImpl = ConstantPadImpl<2>;
REEL_MODULE(ConstantPad2d);
using ConstantPad3dImpl = ConstantPadImpl<3>;
REEL_MODULE(ConstantPad3d);

}  // namespace reel::nn
