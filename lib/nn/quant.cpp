#include <algorithm>
#include <cmath>
#include <ostream>

#include <reel/nn/quant.h>
#include <reel/tensor/check.h>
#include <reel/tensor/functions/fixed.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/conv_sizes.h>
#include <reel/tensor/ops/fixed.h>

namespace reel::nn::quant {
namespace {

constexpr int64_t kLeastBits = 8, kMoreBits = 8;
constexpr double kStartOfEpoch = 0.01;
constexpr int64_t kStateValues = 7;

size_t index_of(TensorKind kind) { return static_cast<size_t>(kind); }

void check_options(const LowBitOptions& o) {
  if (o.steps_per_epoch() < 1) {
    fail("low-bit: expected steps_per_epoch of at least 1, got {}", o.steps_per_epoch());
  }
  if (o.max_bits() != 8 && o.max_bits() != 16) {
    fail("low-bit: expected max_bits 8 or 16, got {}", o.max_bits());
  }
  const auto positive = [](const char* name, double value) {
    if (!(value > 0)) fail("low-bit: expected {} greater than 0, got {}", name, value);
  };
  positive("conv_threshold", o.conv_threshold());
  positive("linear_threshold", o.linear_threshold());
  positive("beta", o.beta());
  positive("delta", o.delta());
  if (!(o.alpha() > 0 && o.alpha() <= 1)) {
    fail("low-bit: expected alpha of (0, 1], got {}", o.alpha());
  }
  if (!(o.gamma() >= 0)) fail("low-bit: expected gamma of at least 0, got {}", o.gamma());
}

ops::FixedFormat format_of(const FixedPoint& f) { return {f.bits, f.shift}; }
ops::FixedProduct product_of(const ops::FixedFormat& a, const ops::FixedFormat& b) {
  return {a.shift + b.shift, a, b};
}

// A layer on the tape: y of x, weight and bias, where the product is that of their operands, inputs
// 3 and 4 (LowBitImpl::operand). The gradient becomes one, too, when it comes; that of the bias
// stays as it is.
struct LowBitLayer {
  static constexpr ops::Reads reads{/*x*/ ops::in(4), /*weight*/ ops::in(3)};
  std::shared_ptr<LowBitImpl> layer;
  ops::FixedFormat x, weight;

  std::pair<Tensor, ops::FixedFormat> gradient(const char* name,
                                               const autograd::Replay& call) const {
    if (call.create_graph()) {
      fail("{}: gradients of higher order are not there: rounding has none", name);
    }
    const Tensor g = layer->operand(TensorKind::gradient, call.grad());
    return {g, format_of(layer->state_of(TensorKind::gradient))};
  }
};

struct LowBitConv2d : LowBitLayer {
  static constexpr const char* name = "low_bit_conv2d";
  ops::ConvAttrs conv;

  void infer(ops::Infer& call) const {
    const Tensor* bias = call.has(2) ? &call.in(2) : nullptr;
    call.out(ops::conv2d_sizes(name, conv, call.in(0), call.in(1), bias), kFloat,
             MemoryFormat::ChannelsLast);
  }
  void compose(ops::Compose& call) const {
    call.set(0, ops::apply(ops::FixedConv2d{conv, product_of(x, weight)}, call.in(3), call.in(4),
                           call.in(2)));
  }
  void backward(autograd::Replay& call) const {
    if (call.needs(2)) call.set(2, call.grad().sum({0, 2, 3}));
    if (!call.needs(0) && !call.needs(1)) return;
    const auto [g, format] = gradient(name, call);
    const auto plane = [](IntArrayRef sizes) { return std::array{sizes[2], sizes[3]}; };
    if (call.needs(0)) {
      const ops::FixedConv2dInputGrad op{conv, product_of(format, weight), plane(call.in_sizes(0))};
      call.set(0, ops::apply(op, g, call.in(4)));
    }
    if (call.needs(1)) {
      const ops::FixedConv2dWeightGrad op{conv, product_of(format, x), plane(call.in_sizes(1))};
      call.set(1, ops::apply(op, g, call.in(3)));
    }
  }
};

struct LowBitLinear : LowBitLayer {
  static constexpr const char* name = "low_bit_linear";

  void infer(ops::Infer& call) const {
    const Tensor &input = call.in(0), &w = call.in(1);
    if (w.dim() != 2 || input.size(1) != w.size(1)) {
      fail("{}: expected a weight [out, {}] for an input {}, got {}", name, input.size(1),
           input.sizes(), w.sizes());
    }
    call.out({input.size(0), w.size(0)}, kFloat);
  }
  void compose(ops::Compose& call) const {
    call.set(
        0, ops::apply(ops::FixedMm{product_of(x, weight)}, call.in(3), call.in(4).t(), call.in(2)));
  }
  void backward(autograd::Replay& call) const {
    if (call.needs(2)) call.set(2, call.grad().sum(0));
    if (!call.needs(0) && !call.needs(1)) return;
    const auto [g, format] = gradient(name, call);
    if (call.needs(0)) {
      call.set(0, ops::apply(ops::FixedMm{product_of(format, weight)}, g, call.in(4)));
    }
    if (call.needs(1)) {
      call.set(1, ops::apply(ops::FixedMm{product_of(format, x)}, g.t(), call.in(3)));
    }
  }
};

/// The padding of "same", of which an odd rest goes to the end, into the input.
std::array<int64_t, 2> pad_same(Tensor& x, const Conv2dOptions& conv) {
  std::array<int64_t, 2> padding{};
  Shape ends{0, 0, 0, 0};
  for (size_t a = 0; a < 2; ++a) {
    if (conv.stride()[a] != 1) fail("padding='same' is not supported for strided convolutions");
    const int64_t total = conv.dilation()[a] * (conv.kernel_size()[a] - 1);
    padding[a] = total / 2;
    ends[a == 0 ? 3 : 1] = total % 2;
  }
  if (ends[1] + ends[3] > 0) x = constant_pad_nd(x, ends);
  return padding;
}

LowBitLayer layer_of(LowBitImpl& layer) {
  return {std::static_pointer_cast<LowBitImpl>(layer.shared_from_this()),
          format_of(layer.state_of(TensorKind::activation)),
          format_of(layer.state_of(TensorKind::weight))};
}

}  // namespace

int64_t fixed_shift(double largest, int64_t bits) { return ops::fixed_shift(largest, bits); }

double quantization_error(double mean, double mean_rounded) {
  return std::log2(std::abs(mean - mean_rounded) / mean + 1);
}

int64_t update_interval(const LowBitOptions& options, int64_t shift, double average, double error) {
  const double change = options.alpha() * std::abs(static_cast<double>(shift) - average);
  const double most = std::max(change, options.delta() * error * error);
  const double steps = options.beta() / most - options.gamma();
  const auto epoch = static_cast<double>(options.steps_per_epoch());
  return static_cast<int64_t>(std::min(std::max(steps, 1.0), epoch));
}

const char* to_string(TensorKind kind) {
  constexpr const char* kNames[] = {"weight", "activation", "gradient"};
  return kNames[index_of(kind)];
}

LowBitImpl::LowBitImpl(double threshold, const LowBitOptions& options)
    : threshold(threshold), options(options) {
  check_options(options);
  LowBitImpl::reset();
}

void LowBitImpl::reset() {
  state = register_buffer("state", zeros({kTensorKinds, kStateValues}, kLong));
  moving_average = register_buffer("moving_average", zeros(kTensorKinds));
  for (int k = 0; k < kTensorKinds; ++k) set_state(static_cast<TensorKind>(k), FixedPoint());
}

void LowBitImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::quant::LowBit(";
  for (int k = 0; k < kTensorKinds; ++k) {
    const auto kind = static_cast<TensorKind>(k);
    stream << (k == 0 ? "" : ", ") << to_string(kind) << "=int" << state_of(kind).bits;
  }
  stream << ")";
}

const FixedPoint& LowBitImpl::state_of(TensorKind kind) const {
  // Whoever loads or moves the model writes or moves the buffers. They are of use on the CPU only:
  // writing them elsewhere would cost more than a step's products.
  for (Tensor buffer : {state, moving_average}) {
    if (!buffer.device().is_cpu()) buffer.set_data(buffer.detach().to(Device(kCPU)));
  }
  if (!read_state_.defined() || read_state_.data_ptr() != state.data_ptr() ||
      read_version_ != state._version()) {
    const Tensor averages = moving_average.detach().to(kFloat);
    for (size_t k = 0; k < states_.size(); ++k) {
      const int64_t* v = state.data_ptr<int64_t>() + static_cast<int64_t>(k) * kStateValues;
      states_[k] = {v[0], v[1], v[2] != 0, v[3], v[4], v[5], v[6], averages.data_ptr<float>()[k]};
    }
    read_state_ = state.detach();
    read_version_ = state._version();
  }
  return states_[index_of(kind)];
}

void LowBitImpl::set_state(TensorKind kind, const FixedPoint& f) {
  const NoGradGuard no_grad;
  state_of(kind);  // the others, as they are
  states_[index_of(kind)] = f;
  const auto row = static_cast<int64_t>(kind);
  const int64_t values[kStateValues] = {f.bits,        f.shift,       f.calibrated ? 1 : 0, f.steps,
                                        f.next_update, f.int16_steps, f.short_updates};
  std::copy(std::begin(values), std::end(values), state.data_ptr<int64_t>() + row * kStateValues);
  moving_average.select(0, row).fill_(f.average);
}

int64_t LowBitImpl::steps_to_next(const FixedPoint& fixed, double error) const {
  const int64_t epoch = options.steps_per_epoch();
  const auto step = static_cast<double>(fixed.steps);
  if (step < kStartOfEpoch * static_cast<double>(epoch)) return 1;
  if (fixed.steps >= epoch) return epoch;
  return update_interval(options, fixed.shift, static_cast<double>(fixed.average), error);
}

void LowBitImpl::adjust(TensorKind kind, const Tensor& x, FixedPoint& f) const {
  if (x.numel() == 0) return;
  const NoGradGuard no_grad;
  double error = 0;
  for (;; f.bits += kMoreBits, f.average -= static_cast<float>(kMoreBits)) {
    // Once to the CPU, not number by number.
    const Tensor found = ops::apply(ops::FixedStatistics{f.bits}, x.detach()).to(Device(kCPU));
    const auto* values = found.data_ptr<float>();
    const double largest = values[0], mean = values[1], mean_rounded = values[2];
    if (!std::isfinite(largest)) {
      fail("low-bit layer '{}': the {} holds infinities or NaN, which fixed point has none of",
           path(), to_string(kind));
    }
    if (largest == 0) return;  // any shift does
    f.shift = std::clamp(fixed_shift(largest, f.bits), -ops::kMostShift, ops::kMostShift);
    error = quantization_error(mean, mean_rounded);
    if (error <= threshold || f.bits + kMoreBits > options.max_bits()) break;
  }
  if (error > threshold) ++f.short_updates;
  if (!f.calibrated) f.average = static_cast<float>(f.shift);
  f.calibrated = true;
  f.next_update = f.steps + steps_to_next(f, error);
  f.average = static_cast<float>(options.alpha() * static_cast<double>(f.shift) +
                                 (1 - options.alpha()) * static_cast<double>(f.average));
}

void LowBitImpl::count_step(TensorKind kind, const Tensor& x) {
  FixedPoint f = state_of(kind);
  const bool training = is_training();
  const bool adjusts = training ? f.steps >= f.next_update : !f.calibrated;
  if (adjusts) adjust(kind, x, f);
  if (training) {
    ++f.steps;
    if (f.bits > kLeastBits) ++f.int16_steps;
  }
  if (adjusts || training) set_state(kind, f);
}

Tensor LowBitImpl::quantize(TensorKind kind, const Tensor& x) {
  count_step(kind, x);
  const FixedPoint& f = state_of(kind);
  const NoGradGuard no_grad;
  return quantize_fixed(x.detach(), f.bits, f.shift);
}

Tensor LowBitImpl::operand(TensorKind kind, const Tensor& x) {
  if (x.device().is_cpu()) return quantize(kind, x);
  count_step(kind, x);
  return x.detach();
}

Tensor LowBitImpl::weight_operand(const Tensor& weight) {
  const auto integers_of = [&] {
    // As kernels read it, whose copy of it is then of bytes or none.
    const bool picture = weight.dim() == 4;
    return quantize(TensorKind::weight,
                    picture ? weight.detach().contiguous(MemoryFormat::ChannelsLast) : weight);
  };
  if (is_training()) {
    kept_ = {};
    return weight.device().is_cpu() ? integers_of() : operand(TensorKind::weight, weight);
  }
  const FixedPoint& f = state_of(TensorKind::weight);
  if (!kept_.weight.defined() || kept_.weight.data_ptr() != weight.data_ptr() ||
      kept_.version != weight._version() || kept_.bits != f.bits || kept_.shift != f.shift) {
    Tensor integers = integers_of();
    const FixedPoint& now = state_of(TensorKind::weight);
    kept_ = {weight.detach(), std::move(integers), weight._version(), now.bits, now.shift};
  }
  return kept_.integers;
}

void LowBitImpl::check_dtypes(const char* op, const Tensor& input, const Tensor& weight) const {
  for (const Tensor* t : {&input, &weight}) {
    if (t->dtype() == kFloat) continue;
    fail("low-bit {} '{}': expected an input and a weight of Float, got {} and {}", op, path(),
         input.dtype(), weight.dtype());
  }
  if (input.device() != weight.device()) {
    fail("low-bit {} '{}': the input is on {}, the weight on {}", op, path(), input.device().str(),
         weight.device().str());
  }
}

Tensor LowBitImpl::conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                          const Conv2dOptions& conv) {
  check_dtypes("Conv2d", input, weight);
  if (input.dim() == 3) return conv2d(input.unsqueeze(0), weight, bias, conv).squeeze(0);
  Tensor x = input;
  std::array<int64_t, 2> padding{};
  if (!conv.padding().is_same()) {
    padding = *conv.padding().amounts();
  } else if (x.dim() == 4) {
    padding = pad_same(x, conv);
  }
  const ops::ConvAttrs attrs{*conv.stride(), padding, *conv.dilation(), conv.groups()};
  // Before any state changes.
  ops::conv2d_sizes("conv2d", attrs, x, weight, bias.defined() ? &bias : nullptr);
  const Tensor of_x = operand(TensorKind::activation, x), of_weight = weight_operand(weight);
  return ops::apply(LowBitConv2d{layer_of(*this), attrs}, x, weight, bias, of_x, of_weight);
}

Tensor LowBitImpl::linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  check_dtypes("Linear", input, weight);
  if (input.dim() == 0 || input.size(-1) != weight.size(1)) {
    fail("low-bit Linear '{}': expected an input [..., {}], got {}", path(), weight.size(1),
         input.sizes());
  }
  Shape sizes(input.sizes());
  const Tensor rows = input.dim() == 2 ? input : input.reshape({-1, weight.size(1)});
  const Tensor of_rows = operand(TensorKind::activation, rows), of_weight = weight_operand(weight);
  const Tensor y =
      ops::apply(LowBitLinear{layer_of(*this)}, rows, weight, bias, of_rows, of_weight);
  if (input.dim() == 2) return y;
  sizes[sizes.size() - 1] = weight.size(0);
  return y.view(sizes);
}

std::shared_ptr<LowBitImpl> renewed(Module& layer, const LowBitImpl& from) {
  return layer.register_module("low_bit",
                               std::make_shared<LowBitImpl>(from.threshold, from.options));
}

int64_t prepare(Module& model, const LowBitOptions& options) {
  check_options(options);
  int64_t layers = 0;
  const auto give = [&](auto& layer, double threshold) {
    const bool again = layer.low_bit != nullptr;
    layer.low_bit = std::make_shared<LowBitImpl>(threshold, options);
    layer.low_bit->to(layer.weight.device());
    layer.low_bit->train(layer.is_training());
    if (again) {
      layer.replace_module("low_bit", layer.low_bit);
    } else {
      layer.register_module("low_bit", layer.low_bit);
    }
    ++layers;
  };
  model.apply([&](Module& module) {
    if (auto* conv = module.as<Conv2dImpl>()) give(*conv, options.conv_threshold());
    if (auto* linear = module.as<LinearImpl>()) give(*linear, options.linear_threshold());
  });
  if (layers == 0)
    fail("prepare: expected a model with a Conv2d or a Linear, got {}", model.name());
  return layers;
}

namespace {

/// Calls visit(name of the layer, what it holds) for the low-bit layers of a model.
template <class Visit>
void for_each_layer(const Module& model, const Visit& visit) {
  const_cast<Module&>(model).apply([&](const std::string& name, Module& module) {
    const auto* low_bit = module.as<LowBitImpl>();
    if (low_bit == nullptr) return;
    const size_t dot = name.rfind('.');
    visit(dot == std::string::npos ? std::string() : name.substr(0, dot), *low_bit);
  });
}

double share(int64_t part, int64_t rest) {
  return part == 0 ? 0 : static_cast<double>(part) / static_cast<double>(part + rest);
}

void add(BitShare& sum, const FixedPoint& f) {
  sum.int8_steps += f.steps - f.int16_steps;
  sum.int16_steps += f.int16_steps;
  sum.short_updates += f.short_updates;
}

std::string percent(const BitShare& s) {
  if (s.int8_steps + s.int16_steps == 0) return "-";
  return fmt::format("{:.1f} / {:.1f}", 100 * s.int8(), 100 * s.int16());
}

}  // namespace

double BitShare::int8() const { return share(int8_steps, int16_steps); }
double BitShare::int16() const { return share(int16_steps, int8_steps); }

BitShare bit_share(const Module& model, TensorKind kind) {
  BitShare sum;
  for_each_layer(
      model, [&](const std::string&, const LowBitImpl& layer) { add(sum, layer.state_of(kind)); });
  return sum;
}

std::string bit_table(const Module& model) {
  std::string text = fmt::format("{:24} {:>20} {:>20} {:>20}\n", "% int8 / int16 (now)", "weights",
                                 "activations", "gradients");
  for_each_layer(model, [&](const std::string& name, const LowBitImpl& layer) {
    text += fmt::format("{:24}", name);
    for (int k = 0; k < kTensorKinds; ++k) {
      const FixedPoint& f = layer.state_of(static_cast<TensorKind>(k));
      BitShare one;
      add(one, f);
      text += fmt::format(" {:>20}", fmt::format("{} ({})", percent(one), f.bits));
    }
    text += "\n";
  });
  text += fmt::format("{:24}", "all layers");
  int64_t too_few = 0;
  for (int k = 0; k < kTensorKinds; ++k) {
    const BitShare s = bit_share(model, static_cast<TensorKind>(k));
    text += fmt::format(" {:>20}", percent(s));
    too_few += s.short_updates;
  }
  text += fmt::format("\nadjustments in which the most bits were not enough: {}\n", too_few);
  return text;
}

}  // namespace reel::nn::quant
