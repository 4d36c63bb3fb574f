#include <reel/nn/modules/padding.h>

namespace reel::nn::functional {

Tensor pad(const Tensor& input, const PadFuncOptions& options) {
  constexpr const char* kNames[] = {"constant", "reflect", "replicate", "circular"};
  return reel::pad(input, options.pad(), kNames[static_cast<size_t>(options.mode())],
                   options.value());
}

}  // namespace reel::nn::functional
