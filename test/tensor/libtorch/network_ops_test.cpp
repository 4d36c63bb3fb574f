// The ops of networks against LibTorch's, on random shapes and attributes: values, and gradients
// along a random direction.

#include <torch/torch.h>

// c10's logging takes this name, which is Catch's here.
#undef CHECK

#include <functional>
#include <random>
#include <sstream>

#include "support/catch.h"
#include "support/tensors.h"

using Sizes = std::vector<int64_t>;

namespace {

std::mt19937& random_bits() {
  static std::mt19937 bits(20260101);
  return bits;
}

int64_t pick(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_bits());
}

torch::Tensor noise(const Sizes& sizes) {
  torch::Tensor x = torch::empty(sizes, torch::kDouble);
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < x.numel(); ++i) x.data_ptr<double>()[i] = normal(random_bits());
  return x;
}

reel::Tensor to_reel(const torch::Tensor& x) {
  if (!x.defined()) return {};
  const torch::Tensor dense = x.detach().contiguous();
  if (x.scalar_type() == torch::kLong) {
    return reel::from_blob(dense.data_ptr(), dense.sizes().vec(), reel::kLong).clone();
  }
  return reel::from_blob(dense.data_ptr(), dense.sizes().vec(), reel::kDouble).clone();
}

/// Equal shapes, and values within rounding of sums of at most a few hundred terms in double.
bool agree(const reel::Tensor& got, const torch::Tensor& want) {
  if (got.sizes().vec() != want.sizes().vec()) return false;
  return reel::allclose(got.to(reel::kDouble), to_reel(want.to(torch::kDouble)), 1e-9, 1e-10, true);
}

using ReelFunction = std::function<reel::Tensor(const std::vector<reel::Tensor>&)>;
using TorchFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

/// Runs both on the same inputs and compares the results and all gradients.
void compare(const ReelFunction& ours, const TorchFunction& theirs,
             std::vector<torch::Tensor> inputs) {
  std::vector<reel::Tensor> mine;
  for (torch::Tensor& x : inputs) {
    const bool differentiable = x.defined() && x.is_floating_point();
    if (differentiable) x = x.detach().requires_grad_();
    mine.push_back(to_reel(x));
    if (differentiable) mine.back().requires_grad_();
  }
  const torch::Tensor want = theirs(inputs);
  const reel::Tensor got = ours(mine);
  CHECK(agree(got, want));
  if (!want.requires_grad()) return;
  const torch::Tensor direction = noise(want.sizes().vec());
  want.backward(direction);
  got.backward(to_reel(direction));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !inputs[i].grad().defined()) continue;
    INFO("gradient of input " << i);
    // What was overwritten altogether has no gradient here, and zeros there.
    const reel::Tensor gradient =
        mine[i].grad().defined() ? mine[i].grad() : reel::zeros_like(mine[i].detach());
    CHECK(agree(gradient, inputs[i].grad()));
  }
}

torch::Tensor classes(const Sizes& sizes, int64_t count) {
  return torch::randint(count, sizes, torch::kLong);
}

}  // namespace

TEST_CASE("conv2d agrees with LibTorch") {
  for (int i = 0; i < 60; ++i) {
    const int64_t groups = pick(1, 3);
    const int64_t in = groups * pick(1, 3);
    const int64_t out = groups * pick(1, 3);
    const Sizes kernel = {pick(1, 3), pick(1, 4)};
    const Sizes stride = {pick(1, 3), pick(1, 3)};
    const Sizes padding = {pick(0, 2), pick(0, 2)};
    const Sizes dilation = {pick(1, 2), pick(1, 2)};
    const Sizes size = {pick(5, 9), pick(7, 10)};
    CAPTURE(groups, in, out, kernel, stride, padding, dilation, size);
    compare(
        [&](const auto& x) {
          return reel::conv2d(x[0], x[1], x[2], stride, padding, dilation, groups);
        },
        [&](const auto& x) {
          return torch::conv2d(x[0], x[1], x[2], stride, padding, dilation, groups);
        },
        {noise({pick(1, 2), in, size[0], size[1]}), noise({out, in / groups, kernel[0], kernel[1]}),
         i % 2 == 0 ? noise({out}) : torch::Tensor()});
  }
}

TEST_CASE("pooling agrees with LibTorch") {
  for (int i = 0; i < 80; ++i) {
    const Sizes kernel = {pick(1, 4), pick(1, 4)};
    const Sizes stride = {pick(1, 4), pick(1, 4)};
    const Sizes padding = {pick(0, kernel[0] / 2), pick(0, kernel[1] / 2)};
    const Sizes dilation = {pick(1, 2), pick(1, 2)};
    const bool ceil = pick(0, 1) == 1;
    const bool include = pick(0, 1) == 1;
    const Sizes size = {pick(1, 2), pick(1, 3), pick(8, 11), pick(8, 11)};
    CAPTURE(kernel, stride, padding, dilation, ceil, include, size);
    const auto format =
        pick(0, 1) == 1 ? reel::MemoryFormat::ChannelsLast : reel::MemoryFormat::Contiguous;
    // Rounding makes equal maxima, of which both must take the first.
    compare(
        [&](const auto& x) {
          return reel::max_pool2d((x[0] * 3).round().contiguous(format) + x[0] * 0, kernel, stride,
                                  padding, dilation, ceil);
        },
        [&](const auto& x) {
          return torch::max_pool2d((x[0] * 3).round() + x[0] * 0, kernel, stride, padding, dilation,
                                   ceil);
        },
        {noise(size)});
    const torch::Tensor steps = (noise(size) * 3).round();
    CHECK(agree(std::get<1>(reel::max_pool2d_with_indices(to_reel(steps).contiguous(format), kernel,
                                                          stride, padding, dilation, ceil)),
                std::get<1>(torch::max_pool2d_with_indices(steps, kernel, stride, padding, dilation,
                                                           ceil))));
    compare(
        [&](const auto& x) {
          return reel::max_pool2d(x[0].contiguous(format), kernel, stride, padding, dilation, ceil);
        },
        [&](const auto& x) {
          return torch::max_pool2d(x[0], kernel, stride, padding, dilation, ceil);
        },
        {noise(size)});
    compare(
        [&](const auto& x) {
          return reel::avg_pool2d(x[0].contiguous(format), kernel, stride, padding, ceil, include);
        },
        [&](const auto& x) {
          return torch::avg_pool2d(x[0], kernel, stride, padding, ceil, include);
        },
        {noise(size)});
    const Sizes output = {pick(1, 9), pick(1, 9)};
    CAPTURE(output);
    compare([&](const auto& x) { return reel::adaptive_avg_pool2d(x[0], output); },
            [&](const auto& x) { return torch::adaptive_avg_pool2d(x[0], output); }, {noise(size)});
  }
}

TEST_CASE("matmul agrees with LibTorch") {
  for (int i = 0; i < 60; ++i) {
    const int64_t m = pick(1, 4), k = pick(1, 5), n = pick(1, 4);
    Sizes a = {m, k};
    Sizes b = {k, n};
    if (pick(0, 3) == 0) a = {k};
    if (pick(0, 3) == 0) b = {k};
    Sizes batch = {pick(1, 3), pick(1, 3)};
    for (Sizes* shape : {&a, &b}) {
      if (shape->size() < 2) continue;
      const auto depth = pick(0, 2);
      for (int64_t d = 0; d < depth; ++d) {
        shape->insert(shape->begin(), pick(0, 1) == 0 ? 1 : batch[static_cast<size_t>(d)]);
      }
    }
    CAPTURE(a, b);
    compare([](const auto& x) { return reel::matmul(x[0], x[1]); },
            [](const auto& x) { return torch::matmul(x[0], x[1]); }, {noise(a), noise(b)});
  }
}

TEST_CASE("softmax, log_softmax and logsumexp agree with LibTorch") {
  for (int64_t dim = -3; dim < 3; ++dim) {
    const Sizes size = {3, 4, 5};
    compare([&](const auto& x) { return reel::softmax(x[0], dim); },
            [&](const auto& x) { return torch::softmax(x[0], dim); }, {noise(size)});
    compare([&](const auto& x) { return reel::log_softmax(x[0], dim); },
            [&](const auto& x) { return torch::log_softmax(x[0], dim); }, {noise(size)});
    compare([&](const auto& x) { return reel::logsumexp(x[0], dim); },
            [&](const auto& x) { return torch::logsumexp(x[0], dim); }, {noise(size)});
  }
}

TEST_CASE("batch_norm agrees with LibTorch") {
  for (bool training : {true, false}) {
    for (const Sizes& size : {Sizes{4, 3}, Sizes{2, 3, 5}, Sizes{2, 3, 4, 5}}) {
      torch::Tensor mean = noise({3});
      torch::Tensor var = noise({3}).abs() + 0.5;
      reel::Tensor our_mean = to_reel(mean);
      reel::Tensor our_var = to_reel(var);
      compare(
          [&](const auto& x) {
            return reel::batch_norm(x[0], x[1], x[2], our_mean, our_var, training, 0.3, 1e-3);
          },
          [&](const auto& x) {
            return torch::batch_norm(x[0], x[1], x[2], mean, var, training, 0.3, 1e-3, false);
          },
          {noise(size), noise({3}), noise({3})});
      CHECK(agree(our_mean, mean));
      CHECK(agree(our_var, var));
    }
  }
}

TEST_CASE("losses agree with LibTorch") {
  for (int64_t reduction : {0, 1, 2}) {
    CAPTURE(reduction);
    compare([&](const auto& x) { return reel::mse_loss(x[0], x[1], reduction); },
            [&](const auto& x) { return torch::mse_loss(x[0], x[1], reduction); },
            {noise({3, 4}), noise({3, 4})});
    compare([&](const auto& x) { return reel::l1_loss(x[0], x[1], reduction); },
            [&](const auto& x) { return torch::l1_loss(x[0], x[1], reduction); },
            {noise({3, 4}), noise({3, 4})});
    const torch::Tensor factor = noise({4});
    const torch::Tensor positive = noise({4});
    compare(
        [&](const auto& x) {
          return reel::binary_cross_entropy(x[0].sigmoid(), x[1].sigmoid(), to_reel(factor),
                                            reduction);
        },
        [&](const auto& x) {
          return torch::binary_cross_entropy(x[0].sigmoid(), x[1].sigmoid(), factor, reduction);
        },
        {noise({3, 4}), noise({3, 4})});
    compare(
        [&](const auto& x) {
          return reel::binary_cross_entropy_with_logits(x[0], x[1], to_reel(factor),
                                                        to_reel(positive), reduction);
        },
        [&](const auto& x) {
          return torch::binary_cross_entropy_with_logits(x[0], x[1], factor, positive, reduction);
        },
        {noise({3, 4}) * 5, noise({3, 4})});
    for (double smoothing : {0.0, 0.3}) {
      for (int64_t ignore : {-100, 1}) {
        for (bool weighted : {false, true}) {
          const torch::Tensor weight = weighted ? noise({3}).abs() : torch::Tensor();
          const reel::Tensor our_weight = to_reel(weight);
          for (const Sizes& size : {Sizes{5, 3}, Sizes{3}, Sizes{2, 3, 4}, Sizes{2, 3, 2, 3}}) {
            Sizes target = size;
            target.erase(target.begin() + (size.size() == 1 ? 0 : 1));
            CAPTURE(smoothing, ignore, weighted, size);
            torch::Tensor t = classes(target, 3);
            // One position alone that is ignored has no mean.
            if (size.size() == 1) t.fill_(2);
            compare(
                [&](const auto& x) {
                  return reel::cross_entropy_loss(x[0], x[1], our_weight, reduction, ignore,
                                                  smoothing);
                },
                [&](const auto& x) {
                  return torch::cross_entropy_loss(x[0], x[1], weight, reduction, ignore,
                                                   smoothing);
                },
                {noise(size), t});
            compare(
                [&](const auto& x) {
                  return reel::nll_loss(x[0], x[1], our_weight, reduction, ignore);
                },
                [&](const auto& x) {
                  return torch::nll_loss_nd(x[0], x[1], weight, reduction, ignore);
                },
                {noise(size), t});
            if (ignore >= 0) continue;
            compare(
                [&](const auto& x) {
                  return reel::cross_entropy_loss(x[0], x[1].abs(), our_weight, reduction, ignore,
                                                  smoothing);
                },
                [&](const auto& x) {
                  return torch::cross_entropy_loss(x[0], x[1].abs(), weight, reduction, ignore,
                                                   smoothing);
                },
                {noise(size), noise(size)});
          }
        }
      }
    }
  }
}

TEST_CASE("embedding agrees with LibTorch") {
  for (int64_t padding : {-1, 2}) {
    for (bool by_frequency : {false, true}) {
      compare([&](const auto& x) { return reel::embedding(x[0], x[1], padding, by_frequency); },
              [&](const auto& x) { return torch::embedding(x[0], x[1], padding, by_frequency); },
              {noise({5, 3}), classes({4, 6}, 5)});
    }
  }
}

TEST_CASE("dropout drops what LibTorch drops") {
  torch::manual_seed(11);
  reel::manual_seed(11);
  const torch::Tensor x = noise({40, 30});
  compare([](const auto& in) { return reel::dropout(in[0], 0.3, true); },
          [](const auto& in) { return torch::dropout(in[0], 0.3, true); }, {x});
}

TEST_CASE("gather and scatter agree with LibTorch") {
  for (int64_t dim : {0, 1, -1}) {
    const Sizes size = {4, 5, 3};
    const torch::Tensor index = classes({3, 4, 2}, 3);
    compare([&](const auto& x) { return reel::gather(x[0], dim, x[1]); },
            [&](const auto& x) { return torch::gather(x[0], dim, x[1]); }, {noise(size), index});
    compare([&](const auto& x) { return reel::scatter_add(x[0], dim, x[1], x[2]); },
            [&](const auto& x) { return torch::scatter_add(x[0], dim, x[1], x[2]); },
            {noise(size), index, noise({3, 4, 2})});
    compare([&](const auto& x) { return reel::index_select(x[0], dim, x[1]); },
            [&](const auto& x) { return torch::index_select(x[0], dim, x[1]); },
            {noise(size), classes({6}, 3)});
    compare([&](const auto& x) { return x[0].scatter(dim, x[1], 2.5); },
            [&](const auto& x) { return x[0].scatter(dim, x[1], 2.5); }, {noise(size), index});
  }
}

namespace {

struct OurIndices {
  using Tensor = reel::Tensor;
  using Index = reel::TensorIndex;
  using Slice = reel::indexing::Slice;
  static auto none() { return reel::indexing::None; }
  static Tensor tensor(const torch::Tensor& x) {
    return x.scalar_type() == torch::kBool ? to_reel(x.to(torch::kLong)).to(reel::kBool)
                                           : to_reel(x);
  }
};

struct TheirIndices {
  using Tensor = torch::Tensor;
  using Index = torch::indexing::TensorIndex;
  using Slice = torch::indexing::Slice;
  static auto none() { return torch::indexing::None; }
  static Tensor tensor(const torch::Tensor& x) { return x; }
};

/// A random index expression for a tensor of these sizes, the same for both from the same seed.
template <class Api>
std::vector<typename Api::Index> random_indices(Sizes sizes, unsigned seed) {
  std::mt19937 bits(seed);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(bits() % static_cast<uint64_t>(high - low + 1));
  };
  const auto longs = [&](const Sizes& shape, int64_t size) {
    torch::Tensor x = torch::empty(shape, torch::kLong);
    for (int64_t i = 0; i < x.numel(); ++i) x.data_ptr<int64_t>()[i] = draw(-size, size - 1);
    return x;
  };
  std::vector<typename Api::Index> result;
  bool ellipsis = false;
  while (!sizes.empty()) {
    const int64_t size = sizes.front();
    size_t consumed = 1;
    switch (draw(0, 8)) {
      case 0:
        result.emplace_back(draw(-size, size - 1));
        break;
      case 1:
        result.emplace_back(typename Api::Slice(draw(-size, size), draw(-size, size), draw(1, 2)));
        break;
      case 2:
        result.emplace_back(typename Api::Slice());
        break;
      case 3:
        result.emplace_back(Api::none());
        consumed = 0;
        break;
      case 4:
        if (!ellipsis) {
          result.emplace_back("...");
          ellipsis = true;
          consumed = static_cast<size_t>(draw(0, static_cast<int64_t>(sizes.size())));
          // What the ellipsis skips depends on the indices after it: index all the rest.
          sizes.erase(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(consumed));
          for (int64_t left : sizes) result.emplace_back(draw(-left, left - 1));
          return result;
        }
        consumed = 0;
        break;
      case 5:
        result.emplace_back(Api::tensor(longs({3}, size)));
        break;
      case 6:
        result.emplace_back(Api::tensor(longs({2, 1}, size)));
        break;
      case 7: {
        // A mask with three true elements broadcasts with the vectors of three.
        torch::Tensor mask = torch::zeros({size}, torch::kBool);
        for (int64_t i = 0; i < 3; ++i) mask.index_put_({i}, true);
        result.emplace_back(Api::tensor(mask));
        break;
      }
      default:
        return result;
    }
    sizes.erase(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(consumed));
  }
  return result;
}

}  // namespace

TEST_CASE("index expressions agree with LibTorch") {
  const Sizes size = {4, 3, 5, 3};
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::ostringstream expression;
    expression << random_indices<TheirIndices>(size, seed);
    CAPTURE(seed, expression.str());
    const auto ours = random_indices<OurIndices>(size, seed);
    const auto theirs = random_indices<TheirIndices>(size, seed);
    if (theirs.empty()) continue;  // which LibTorch refuses
    const bool turned = seed % 2 == 1;
    compare(
        [&](const auto& x) {
          return reel::index(turned ? x[0].permute({3, 1, 2, 0}).permute({3, 1, 2, 0}) : x[0],
                             ours);
        },
        [&](const auto& x) { return x[0].index(theirs); }, {noise(size)});

    // Writing: equal positions leave the order to LibTorch, so all get the same value.
    torch::Tensor base = noise(size);
    const Sizes region = base.index(theirs).sizes().vec();
    reel::Tensor mine = to_reel(base);
    base.index_put_(theirs, 7.0);
    mine.index_put_(ours, 7.0);
    CHECK(agree(mine, base));
    // Nor are gradients of values compared: where positions are equal LibTorch gives all of them
    // the gradient, reel only the one that is seen.
    compare(
        [&](const auto& x) {
          reel::Tensor y = x[0] * 2;
          y.index_put_(ours, reel::full(region, 7, reel::kDouble));
          return y;
        },
        [&](const auto& x) {
          torch::Tensor y = x[0] * 2;
          y.index_put_(theirs, torch::full(region, 7, torch::kDouble));
          return y;
        },
        {noise(size)});
  }
}
