#include <ostream>

#include <fmt/format.h>

#include <reel/nn/modules/activation.h>

namespace reel::nn {

namespace F = functional;

Tensor ReLUImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::relu(input, options);
}

void ReLUImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::ReLU(" << (options.inplace() ? "inplace" : "") << ")";
}

Tensor LeakyReLUImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::leaky_relu(input, options);
}

void LeakyReLUImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::LeakyReLU(negative_slope={}{})", options.negative_slope(),
                        options.inplace() ? ", inplace=true" : "");
}

Tensor ELUImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::elu(input, options);
}

void ELUImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::ELU(alpha={}{})", options.alpha(),
                        options.inplace() ? ", inplace=true" : "");
}

Tensor GELUImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::gelu(input, options);
}

void GELUImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::GELU(approximate='{}')", options.approximate());
}

Tensor SoftplusImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::softplus(input, options);
}

void SoftplusImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Softplus(beta={}, threshold={})", options.beta(),
                        options.threshold());
}

Tensor SiLUImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::silu(input);
}

void SiLUImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::SiLU()"; }

Tensor SigmoidImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::sigmoid(input);
}

void SigmoidImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::Sigmoid()"; }

Tensor TanhImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::tanh(input);
}

void TanhImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::Tanh()"; }

Tensor SoftmaxImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::softmax(input, options.dim());
}

void SoftmaxImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Softmax(dim={})", options.dim());
}

Tensor LogSoftmaxImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::log_softmax(input, options.dim());
}

void LogSoftmaxImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::LogSoftmax(dim={})", options.dim());
}

}  // namespace reel::nn
