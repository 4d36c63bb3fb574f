#pragma once

// The elementwise ops. Each is two formulas: f, and for the gradient df(x, y), both written for any
// kind of value: a number, a SIMD batch, a tensor. From them come the kernels of every backend, the
// fused gradient kernel and the gradient of any order. To add one: five lines here, its name in
// unary.def.

#include <limits>

#include <reel/tensor/ops.h>
#include <reel/tensor/ops/formula.h>
#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// A list of ops that backends walk to fill in their rows.
template <class... Ops>
struct OpList {
  template <class Visitor>
  static void for_each(const Visitor& visit) {
    (visit.template operator()<Ops>(), ...);
  }
};

/// "<name>_grad" for the row of an op's fused gradient.
template <class Op>
struct GradName {
  static constexpr auto kText = [] {
    std::array<char, 64> text{};
    size_t n = 0;
    for (const char* c = Op::name; *c != 0; ++c) text[n++] = *c;
    for (const char* c = "_grad"; *c != 0; ++c) text[n++] = *c;
    return text;
  }();
};

/// Fails with PyTorch's words where `dtype` is complex: those given if they are a sentence, else
/// the name of PyTorch's kernel, which is "<op>_vml_cpu" for nullptr.
void refuse_complex(const char* op, ScalarType dtype, const char* words = nullptr);

/// dx = g * conj(df(x, y)) in one pass. Inputs g, x, y; of x and y only those that `Op::reads`
/// names.
template <class Op>
struct GradOf : Op {
  static constexpr const char* name = GradName<Op>::kText.data();
  static constexpr Reads reads{};
  void infer(Infer& call) const { call.out_like(call.in(0)); }
  void compose(Compose& call) const {
    call.set(0, call.in(0) * conj(Op::df(call.in(1), call.in(2))));
  }
  void backward(Replay& call) const = delete;
};

/// An op of one tensor. The gradient of a complex one follows PyTorch: it is the conjugate of the
/// derivative by which the incoming one is multiplied. Reads of its gradient: in(0) for x, out()
/// for y.
template <class Op>
struct Unary {
  static constexpr bool elementwise = true;
  /// Integers are cast to the default floating-point type first.
  static constexpr bool floating = true;
  /// Kernels compute the formula number by number, not in vectors.
  static constexpr bool scalar = false;
  /// The formulas hold for complex numbers too; else these are refused in these words.
  static constexpr bool complex = false;
  static constexpr const char* not_complex = nullptr;

  void infer(Infer& call) const {
    if constexpr (!Op::complex) refuse_complex(Op::name, call.in(0).dtype(), Op::not_complex);
    call.out_like(call.in(0));
  }
  void backward(Replay& call) const {
    const Op& op = static_cast<const Op&>(*this);
    const Tensor x = (Op::reads[0] & in(0)) != 0 ? call.in(0) : Tensor();
    const Tensor y = (Op::reads[0] & out()) != 0 ? call.out() : Tensor();
    if (call.create_graph()) {
      call.set(0, call.grad() * conj(op.df(x, y)));
    } else {
      call.set(0, apply(GradOf<Op>{op}, call.grad(), x, y));
    }
  }
};

/// The magnitude of a complex number is ComplexAbs.
struct Abs : Unary<Abs> {
  static constexpr const char* name = "abs";
  static constexpr Reads reads{in(0)};
  static constexpr bool floating = false;
  auto f(const auto& x) const { return abs(x); }
  auto df(const auto& x, const auto&) const {
    return where(x > 0, like(x, 1), where(x < 0, like(x, -1), like(x, 0)));
  }
};

struct Neg : Unary<Neg> {
  static constexpr const char* name = "neg";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  static constexpr bool complex = true;
  void infer(Infer& call) const;
  auto f(const auto& x) const { return -x; }
  auto df(const auto&, const auto&) const { return -1; }
};

struct Sign : Unary<Sign> {
  static constexpr const char* name = "sign";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  static constexpr const char* not_complex =
      "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn "
      "instead.";
  auto f(const auto& x) const {
    return where(x > 0, like(x, 1), where(x < 0, like(x, -1), like(x, 0)));
  }
  auto df(const auto&, const auto&) const { return 0; }
};

struct Ceil : Unary<Ceil> {
  static constexpr const char* name = "ceil";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  static constexpr const char* not_complex = "ceil is not supported for complex inputs";
  auto f(const auto& x) const { return ceil(x); }
  auto df(const auto&, const auto&) const { return 0; }
};

struct Floor : Unary<Floor> {
  static constexpr const char* name = "floor";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  static constexpr const char* not_complex = "floor is not supported for complex inputs";
  auto f(const auto& x) const { return floor(x); }
  auto df(const auto&, const auto&) const { return 0; }
};

struct Round : Unary<Round> {
  static constexpr const char* name = "round";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  auto f(const auto& x) const { return round(x); }
  auto df(const auto&, const auto&) const { return 0; }
};

struct Square : Unary<Square> {
  static constexpr const char* name = "square";
  static constexpr Reads reads{in(0)};
  static constexpr bool floating = false;
  static constexpr bool complex = true;
  auto f(const auto& x) const { return x * x; }
  auto df(const auto& x, const auto&) const { return 2 * x; }
};

struct Relu : Unary<Relu> {
  static constexpr const char* name = "relu";
  static constexpr Reads reads{out()};
  static constexpr bool floating = false;
  static constexpr const char* not_complex = "clamp is not supported for complex types";
  auto f(const auto& x) const { return where(x < 0, like(x, 0), x); }
  auto df(const auto&, const auto& y) const { return where(y > 0, like(y, 1), like(y, 0)); }
};

struct Exp : Unary<Exp> {
  static constexpr const char* name = "exp";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return exp(x); }
  auto df(const auto&, const auto& y) const { return y; }
};

struct Expm1 : Unary<Expm1> {
  static constexpr const char* name = "expm1";
  static constexpr Reads reads{out()};
  auto f(const auto& x) const { return expm1(x); }
  auto df(const auto&, const auto& y) const { return y + 1; }
};

struct Log : Unary<Log> {
  static constexpr const char* name = "log";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return log(x); }
  auto df(const auto& x, const auto&) const { return 1 / x; }
};

struct Log2 : Unary<Log2> {
  static constexpr const char* name = "log2";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return log2(x); }
  auto df(const auto& x, const auto&) const { return 1 / (x * 0.6931471805599453094); }
};

struct Log10 : Unary<Log10> {
  static constexpr const char* name = "log10";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return log10(x); }
  auto df(const auto& x, const auto&) const { return 1 / (x * 2.3025850929940456840); }
};

struct Log1p : Unary<Log1p> {
  static constexpr const char* name = "log1p";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return log1p(x); }
  auto df(const auto& x, const auto&) const { return 1 / (x + 1); }
};

struct Sqrt : Unary<Sqrt> {
  static constexpr const char* name = "sqrt";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return sqrt(x); }
  auto df(const auto&, const auto& y) const { return 0.5 / y; }
};

struct Rsqrt : Unary<Rsqrt> {
  static constexpr const char* name = "rsqrt";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return 1 / sqrt(x); }
  auto df(const auto&, const auto& y) const { return -0.5 * y * y * y; }
};

struct Reciprocal : Unary<Reciprocal> {
  static constexpr const char* name = "reciprocal";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return 1 / x; }
  auto df(const auto&, const auto& y) const { return -y * y; }
};

struct Sin : Unary<Sin> {
  static constexpr const char* name = "sin";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return sin(x); }
  auto df(const auto& x, const auto&) const { return cos(x); }
};

struct Cos : Unary<Cos> {
  static constexpr const char* name = "cos";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return cos(x); }
  auto df(const auto& x, const auto&) const { return -sin(x); }
};

struct Tan : Unary<Tan> {
  static constexpr const char* name = "tan";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return tan(x); }
  auto df(const auto&, const auto& y) const { return 1 + y * y; }
};

struct Tanh : Unary<Tanh> {
  static constexpr const char* name = "tanh";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return tanh(x); }
  auto df(const auto&, const auto& y) const { return 1 - y * y; }
};

struct Erf : Unary<Erf> {
  static constexpr const char* name = "erf";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return erf(x); }
  auto df(const auto& x, const auto&) const { return 1.1283791670955125739 * exp(-(x * x)); }
};

struct Sigmoid : Unary<Sigmoid> {
  static constexpr const char* name = "sigmoid";
  static constexpr Reads reads{out()};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return 1 / (1 + exp(-x)); }
  auto df(const auto&, const auto& y) const { return y * (1 - y); }
};

/// x * sigmoid(x) (Elfwing et al. 2017).
struct Silu : Unary<Silu> {
  static constexpr const char* name = "silu";
  static constexpr Reads reads{in(0)};
  static constexpr bool complex = true;
  auto f(const auto& x) const { return x / (1 + exp(-x)); }
  auto df(const auto& x, const auto&) const {
    const auto s = 1 / (1 + exp(-x));
    return s * (1 + x * (1 - s));
  }
};

struct LeakyRelu : Unary<LeakyRelu> {
  static constexpr const char* name = "leaky_relu";
  static constexpr Reads reads{in(0)};
  static constexpr const char* not_complex = "leaky_relu_cpu";
  double slope = 0.01;
  auto f(const auto& x) const { return where(x > 0, x, x * slope); }
  auto df(const auto& x, const auto&) const { return where(x > 0, like(x, 1), like(x, slope)); }
};

/// Clevert et al. 2015, with PyTorch's scale and input_scale.
struct Elu : Unary<Elu> {
  static constexpr const char* name = "elu";
  static constexpr Reads reads{in(0)};
  static constexpr const char* not_complex = "elu_cpu";
  double alpha = 1;
  double scale = 1;
  double input_scale = 1;
  auto f(const auto& x) const {
    return where(x > 0, x * scale, expm1(x * input_scale) * (alpha * scale));
  }
  auto df(const auto& x, const auto&) const {
    return where(x > 0, like(x, scale), exp(x * input_scale) * (alpha * scale * input_scale));
  }
};

/// x * Phi(x) (Hendrycks and Gimpel 2016), exact.
struct Gelu : Unary<Gelu> {
  static constexpr const char* name = "gelu";
  static constexpr Reads reads{in(0)};
  static constexpr const char* not_complex = "GeluKernelImpl";
  auto f(const auto& x) const { return x * 0.5 * (1 + erf(x * 0.70710678118654752440)); }
  auto df(const auto& x, const auto&) const {
    return 0.5 * (1 + erf(x * 0.70710678118654752440)) +
           x * exp(x * x * -0.5) * 0.39894228040143267794;
  }
};

/// The tanh approximation of gelu from the same paper.
struct GeluTanh : Unary<GeluTanh> {
  static constexpr const char* name = "gelu_tanh";
  static constexpr Reads reads{in(0)};
  static constexpr const char* not_complex = "GeluKernelImpl";
  auto f(const auto& x) const {
    return x * 0.5 * (1 + tanh((x + x * x * x * 0.044715) * 0.79788456080286535588));
  }
  auto df(const auto& x, const auto&) const {
    const auto t = tanh((x + x * x * x * 0.044715) * 0.79788456080286535588);
    return 0.5 * (1 + t) + x * 0.5 * (1 - t * t) * (1 + x * x * 0.134145) * 0.79788456080286535588;
  }
};

/// log(1 + exp(beta x)) / beta; x itself where beta x is beyond the threshold.
struct Softplus : Unary<Softplus> {
  static constexpr const char* name = "softplus";
  static constexpr Reads reads{in(0)};
  static constexpr const char* not_complex = "softplus_cpu";
  double beta = 1;
  double threshold = 20;
  auto f(const auto& x) const {
    return where(x * beta > threshold, x, log1p(exp(x * beta)) * (1 / beta));
  }
  auto df(const auto& x, const auto&) const {
    return where(x * beta > threshold, like(x, 1), 1 / (1 + exp(x * -beta)));
  }
};

/// Bounds are infinite where not given; NaN stays.
struct Clamp : Unary<Clamp> {
  static constexpr const char* name = "clamp";
  static constexpr Reads reads{in(0)};
  static constexpr bool floating = false;
  static constexpr const char* not_complex = "clamp is not supported for complex types";
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  auto f(const auto& x) const {
    const auto raised = where(x < low, like(x, low), x);
    return where(raised > high, like(x, high), raised);
  }
  auto df(const auto& x, const auto&) const {
    return where(x < low, like(x, 0), where(x > high, like(x, 0), like(x, 1)));
  }
};

struct PowScalar : Unary<PowScalar> {
  static constexpr const char* name = "pow_scalar";
  static constexpr Reads reads{in(0)};
  double exponent = 1;
  auto f(const auto& x) const { return pow(x, like(x, exponent)); }
  auto df(const auto& x, const auto&) const {
    return exponent == 0 ? like(x, 0) : like(x, exponent) * pow(x, like(x, exponent - 1));
  }
};

/// An op of two tensors that broadcast. Both have the same dtype when it runs.
struct Binary {
  static constexpr bool elementwise = true;
  static constexpr bool floating = false;
  static constexpr bool scalar = false;
  static constexpr bool complex = true;
  void infer(Infer& call) const;
};

struct Add : Binary {
  static constexpr const char* name = "add";
  static constexpr Reads reads{};
  auto f(const auto& a, const auto& b) const { return a + b; }
  void backward(Replay& call) const;
};

/// a + alpha * b; floating point.
struct AddScaled : Binary {
  static constexpr const char* name = "add_scaled";
  static constexpr Reads reads{};
  Scalar alpha = 1;
  auto f(const auto& a, const auto& b) const { return a + b * like(b, alpha.toDouble()); }
  void backward(Replay& call) const;
};

struct Sub : Binary {
  static constexpr const char* name = "sub";
  static constexpr Reads reads{};
  auto f(const auto& a, const auto& b) const { return a - b; }
  void backward(Replay& call) const;
};

struct Mul : Binary {
  static constexpr const char* name = "mul";
  static constexpr Reads reads{in(1), in(0)};
  auto f(const auto& a, const auto& b) const { return a * b; }
  void backward(Replay& call) const;
};

struct Div : Binary {
  static constexpr const char* name = "div";
  static constexpr Reads reads{in(1), in(0) | in(1)};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const { return a / b; }
  void backward(Replay& call) const;
};

struct Pow : Binary {
  static constexpr const char* name = "pow";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1) | out()};
  auto f(const auto& a, const auto& b) const { return pow(a, b); }
  void backward(Replay& call) const;
};

/// Where both are equal, each takes half of the gradient, as in PyTorch.
struct Maximum : Binary {
  static constexpr const char* name = "maximum";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool complex = false;
  void infer(Infer& call) const;
  auto f(const auto& a, const auto& b) const { return maximum(a, b); }
  void backward(Replay& call) const;
};

struct Minimum : Binary {
  static constexpr const char* name = "minimum";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool complex = false;
  void infer(Infer& call) const;
  auto f(const auto& a, const auto& b) const { return minimum(a, b); }
  void backward(Replay& call) const;
};

/// A comparison of two tensors of one dtype; the result is Bool.
struct Compare {
  static constexpr bool elementwise = true;
  static constexpr bool floating = false;
  static constexpr bool complex = false;
  void infer(Infer& call) const;
};

struct Eq : Compare {
  static constexpr const char* name = "eq";
  static constexpr bool complex = true;
  auto f(const auto& a, const auto& b) const { return a == b; }
};

struct Ne : Compare {
  static constexpr const char* name = "ne";
  static constexpr bool complex = true;
  auto f(const auto& a, const auto& b) const { return a != b; }
};

struct Lt : Compare {
  static constexpr const char* name = "lt";
  void infer(Infer& call) const;
  auto f(const auto& a, const auto& b) const { return a < b; }
};

struct Le : Compare {
  static constexpr const char* name = "le";
  void infer(Infer& call) const;
  auto f(const auto& a, const auto& b) const { return a <= b; }
};

/// condition (Bool) ? a : b, all three broadcast; a and b of one dtype, any.
struct Where {
  static constexpr const char* name = "where";
  static constexpr Reads reads{0, in(0), in(0)};
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// An op of three tensors that broadcast, of one dtype.
struct Ternary {
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
};

/// a + value * b * c.
struct Addcmul : Ternary {
  static constexpr const char* name = "addcmul";
  static constexpr Reads reads{0, in(2), in(1)};
  double value = 1;
  auto f(const auto& a, const auto& b, const auto& c) const { return a + b * c * like(a, value); }
  void backward(Replay& call) const;
};

/// a + value * b / c; floating point.
struct Addcdiv : Ternary {
  static constexpr const char* name = "addcdiv";
  static constexpr Reads reads{0, in(2), in(1) | in(2)};
  double value = 1;
  auto f(const auto& a, const auto& b, const auto& c) const { return a + b / c * like(a, value); }
  void backward(Replay& call) const;
};

}  // namespace reel::ops
