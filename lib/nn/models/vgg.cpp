#include <algorithm>
#include <ostream>

#include <reel/nn/models/vgg.h>
#include <reel/nn/quant.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

namespace {

constexpr int kConvolutions[] = {2, 2, 4, 4, 4};  // of each block

std::string list(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

void VGG19FeaturesOptions::take_width(const std::string& name, const Tensor& weight) {
  for (size_t block = 0; block < widths_.size(); ++block) {
    const bool first = name == fmt::format("conv{}_1.weight", block + 1);
    if (first && weight.dim() == 4) widths_[block] = weight.size(0);
  }
}

VGG19FeaturesImpl::VGG19FeaturesImpl(const VGG19FeaturesOptions& options) : options(options) {
  VGG19FeaturesImpl::reset();
}

void VGG19FeaturesImpl::reset() {
  layers_.clear();
  std::vector<std::string> names;
  int64_t channels = 3;
  for (size_t block = 0; block < std::size(kConvolutions); ++block) {
    const int64_t width = options.widths()[block];
    if (width < 1) fail("vgg19: block {} expects a width of at least 1, got {}", block + 1, width);
    for (int i = 0; i <= kConvolutions[block]; ++i) {
      const bool pool = i == kConvolutions[block];
      const std::string name =
          pool ? fmt::format("pool{}", block + 1) : fmt::format("conv{}_{}", block + 1, i + 1);
      names.push_back(name);
      Layer& layer = layers_.emplace_back(Layer{name, nullptr});
      if (!pool) {
        layer.conv = register_module(name, Conv2d(Conv2dOptions(channels, width, 3).padding(1)));
        channels = width;
      }
      if (name == options.last_layer()) return;
    }
  }
  fail("vgg19: there is no layer '{}'; the layers are {}", options.last_layer(), list(names));
}

std::vector<std::string> VGG19FeaturesImpl::layer_names() const {
  std::vector<std::string> names;
  for (const auto& layer : layers_) names.push_back(layer.name);
  return names;
}

size_t VGG19FeaturesImpl::find(const std::string& layer) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].name == layer) return i;
  }
  fail("vgg19: there is no layer '{}'; the layers built are {}", layer, list(layer_names()));
}

int64_t VGG19FeaturesImpl::min_input_size(const std::string& layer) const {
  const size_t last = find(layer);
  int64_t size = 1;
  for (size_t i = 0; i <= last; ++i) size *= layers_[i].conv ? 1 : 2;
  return size;
}

// A convolution that is not the last before `end` and whose own result nobody wants goes on with
// the max pooling after it.
Tensor VGG19FeaturesImpl::apply(size_t& at, size_t end, bool wanted, const Tensor& input) const {
  const Layer& layer = layers_[at++];
  const bool max = options.pooling() == VGGPooling::Max;
  if (!layer.conv) return max ? max_pool2d(input, 2) : avg_pool2d(input, 2);
  const auto& conv = *layer.conv;
  ModuleScope scope(conv);
  if (conv.low_bit) {
    return relu(conv.low_bit->conv2d(input, conv.weight, conv.bias, conv.options));
  }
  if (max && !wanted && at < end && !layers_[at].conv) {
    ++at;
    return conv2d_relu_max_pool2d(input, conv.weight, conv.bias, 1, 1);
  }
  return conv2d_relu(input, conv.weight, conv.bias, 1, 1);
}

Tensor VGG19FeaturesImpl::forward(const Tensor& input) {
  return taps(input, {layers_.back().name}).front();
}

std::vector<Tensor> VGG19FeaturesImpl::taps(const Tensor& input,
                                            const std::vector<std::string>& layers) {
  ModuleScope scope(*this);
  std::vector<Tensor> result(layers.size());
  std::vector<size_t> wanted;
  size_t depth = 0;
  for (const auto& layer : layers) {
    wanted.push_back(find(layer));
    depth = std::max(depth, wanted.back() + 1);
  }
  if (depth == 0) return result;
  if (input.dim() != 3 && input.dim() != 4) {
    fail("vgg19: the input expects [N, 3, H, W] or [3, H, W], got {}", input.sizes());
  }
  const int64_t least = min_input_size(layers_[depth - 1].name);
  const int64_t height = input.size(-2), width = input.size(-1);
  if (height < least || width < least) {
    fail("vgg19: layer {} needs a picture of at least {} x {} pixels, got {} x {} (height x width)",
         layers_[depth - 1].name, least, least, height, width);
  }
  Tensor x = input;
  for (size_t i = 0; i < depth;) {
    x = apply(i, depth, std::find(wanted.begin(), wanted.end(), i) != wanted.end(), x);
    for (size_t k = 0; k < wanted.size(); ++k) {
      if (wanted[k] == i - 1) result[k] = x;
    }
  }
  return result;
}

void VGG19FeaturesImpl::load_weights(const TensorDict& weights) {
  NoGradGuard no_grad;
  const TensorDict own = named_parameters();
  for (const auto& item : own) {
    const std::string layer = item.key().substr(0, item.key().find('.'));
    const std::string kind = item.key().substr(layer.size() + 1);
    const Tensor* given = weights.find(item.key());
    if (given == nullptr || !given->defined()) {
      fail("vgg19: layer {} expects a {} of shape {}, but the weights hold no '{}'", layer, kind,
           item->sizes(), item.key());
    }
    if (!(given->sizes() == item->sizes())) {
      fail("vgg19: layer {} expects a {} of shape {}, but the weights hold one of shape {}", layer,
           kind, item->sizes(), given->sizes());
    }
  }
  for (const auto& item : own) Tensor(item.value()).copy_(weights[item.key()]);
}

void VGG19FeaturesImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::models::VGG19Features(last_layer={}, widths={}, pooling={})",
                        options.last_layer(), IntArrayRef(options.widths()),
                        options.pooling() == VGGPooling::Max ? "max" : "avg");
}

}  // namespace reel::nn::models
