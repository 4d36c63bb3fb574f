#pragma once

#include <reel/tensor/ops.h>

// The words that options take, named as in LibTorch.

namespace reel {

/// How a loss is summed up: `MSELossOptions().reduction(kSum)`.
inline constexpr auto kNone = Reduction::None;
inline constexpr auto kMean = Reduction::Mean;
inline constexpr auto kSum = Reduction::Sum;

/// Paddings of a convolution that follow from its kernel: `.padding(kSame)`.
enum class PaddingRule { Valid, Same };
inline constexpr auto kValid = PaddingRule::Valid;
inline constexpr auto kSame = PaddingRule::Same;

/// What F::pad puts around a tensor: `PadFuncOptions({1, 1}).mode(kReflect)`.
enum class PaddingMode { Constant, Reflect, Replicate, Circular };
inline constexpr auto kConstant = PaddingMode::Constant;
inline constexpr auto kReflect = PaddingMode::Reflect;
inline constexpr auto kReplicate = PaddingMode::Replicate;
inline constexpr auto kCircular = PaddingMode::Circular;

namespace nn::init {
enum class NonlinearityType { Linear, Conv1D, Conv2D, Conv3D, Sigmoid, Tanh, ReLU, LeakyReLU };
enum class FanModeType { FanIn, FanOut };
}  // namespace nn::init

inline constexpr auto kLinear = nn::init::NonlinearityType::Linear;
inline constexpr auto kConv1D = nn::init::NonlinearityType::Conv1D;
inline constexpr auto kConv2D = nn::init::NonlinearityType::Conv2D;
inline constexpr auto kConv3D = nn::init::NonlinearityType::Conv3D;
inline constexpr auto kSigmoid = nn::init::NonlinearityType::Sigmoid;
inline constexpr auto kTanh = nn::init::NonlinearityType::Tanh;
inline constexpr auto kReLU = nn::init::NonlinearityType::ReLU;
inline constexpr auto kLeakyReLU = nn::init::NonlinearityType::LeakyReLU;
inline constexpr auto kFanIn = nn::init::FanModeType::FanIn;
inline constexpr auto kFanOut = nn::init::FanModeType::FanOut;

}  // namespace reel
