#include <ostream>

#include <reel/nn/modules/dropout.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace {
void check_probability(double p) {
  if (!(p >= 0 && p <= 1)) {
    fail("dropout probability has to be between 0 and 1, but got {}", p);
  }
}
}  // namespace

namespace functional {

Tensor dropout(Tensor input, const DropoutFuncOptions& options) {
  check_probability(options.p());
  Tensor result = reel::dropout(input, options.p(), options.training());
  return options.inplace() ? input.copy_(result) : result;
}

Tensor dropout2d(Tensor input, const DropoutFuncOptions& options) {
  check_probability(options.p());
  if (input.dim() < 2) {
    fail("dropout2d: the input expects at least 2 dimensions, got {}", input.sizes());
  }
  if (!options.training() || options.p() == 0) return input;
  const double kept = 1 - options.p();
  std::vector<int64_t> sizes(static_cast<size_t>(input.dim()), 1);
  sizes[0] = input.size(0);
  sizes[1] = input.size(1);
  Tensor noise = empty(sizes, input.options()).bernoulli_(kept);
  if (kept > 0) noise.div_(kept);
  return options.inplace() ? input.mul_(noise) : input.mul(noise);
}

}  // namespace functional

DropoutImpl::DropoutImpl(const DropoutOptions& options) : options(options) { DropoutImpl::reset(); }

void DropoutImpl::reset() { check_probability(options.p()); }

Tensor DropoutImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::dropout(input, functional::DropoutFuncOptions()
                                        .p(options.p())
                                        .training(is_training())
                                        .inplace(options.inplace()));
}

void DropoutImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Dropout(p={}, inplace={})", options.p(), options.inplace());
}

Dropout2dImpl::Dropout2dImpl(const DropoutOptions& options) : options(options) {
  Dropout2dImpl::reset();
}

void Dropout2dImpl::reset() { check_probability(options.p()); }

Tensor Dropout2dImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::dropout2d(input, functional::DropoutFuncOptions()
                                          .p(options.p())
                                          .training(is_training())
                                          .inplace(options.inplace()));
}

void Dropout2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Dropout2d(p={}, inplace={})", options.p(), options.inplace());
}

}  // namespace reel::nn
