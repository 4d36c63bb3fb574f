#pragma once

// The elementwise ops that backends have kernels for, in lists.

#include <reel/tensor/ops/activation.h>
#include <reel/tensor/ops/arithmetic.h>
#include <reel/tensor/ops/special.h>

namespace reel::ops {

#define REEL_UNARY(name, Op) Op,
/// Ends in Unary-like ops with parameters, which unary.def cannot name.
using UnaryOps = OpList<
#include <reel/tensor/ops/unary.def>
    LeakyRelu, Elu, Gelu, GeluTanh, Softplus, Clamp, PowScalar, Hardtanh, Hardshrink, Softshrink,
    Logit, I1, Polygamma>;
#undef REEL_UNARY
using BinaryOps =
    OpList<Add, AddScaled, Sub, Mul, Div, Pow, Maximum, Minimum, Atan2, Copysign, Hypot, LogAddExp,
           LogAddExp2, Xlogy, Fmod, Remainder, DivideTrunc, DivideFloor>;
/// Of integers and, all but shifts, Bool.
using IntegerOps = OpList<BitAnd, BitOr, BitXor, ShiftLeft, ShiftRight>;
using CompareOps = OpList<Eq, Ne, Lt, Le>;
using TernaryOps = OpList<Addcmul, Addcdiv, Lerp>;

}  // namespace reel::ops
