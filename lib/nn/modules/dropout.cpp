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

}  // namespace reel::nn
