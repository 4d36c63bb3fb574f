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

/// How pixels between pixels are found: `UpsampleOptions().mode(kBilinear)`. kLinear, which is a
/// name of init too, is taken for rows.
enum class InterpolateMode { Nearest, Linear, Bilinear, Bicubic, Trilinear, Area };
inline constexpr auto kNearest = InterpolateMode::Nearest;
inline constexpr auto kBilinear = InterpolateMode::Bilinear;
inline constexpr auto kBicubic = InterpolateMode::Bicubic;
inline constexpr auto kTrilinear = InterpolateMode::Trilinear;
inline constexpr auto kArea = InterpolateMode::Area;

/// What grid_sample sees outside of its input.
enum class GridPadding { Zeros, Border, Reflection };
inline constexpr auto kZeros = GridPadding::Zeros;
inline constexpr auto kBorder = GridPadding::Border;
inline constexpr auto kReflection = GridPadding::Reflection;

/// What EmbeddingBag makes of the rows of a bag; kMean and kSum are those of losses.
enum class BagReduction { Max };
inline constexpr auto kMax = BagReduction::Max;

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
