// Integers and tensors that nobody means, given to every function: each call answers or throws a
// reel::Error with a message. What it must not do (crash, hang, overflow) ends the program, most
// surely in the sanitizer build.

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <reel/tensor/ops.h>
#include <reel/tensor/random.h>

#include "support/catch.h"

namespace {

using namespace reel;

template <class F>
void answers_or_explains(const F& call) {
  try {
    call();
  } catch (const Error& error) {
    if (std::string(error.what()).empty()) FAIL("an error without a message");
  } catch (const std::exception& error) {
    FAIL("not a reel::Error: " << error.what());
  }
}

struct Call {
  const char* name;
  std::function<void(int64_t, int64_t, int64_t)> run;
};

const Tensor& x() {
  static const Tensor value = arange(12, kFloat).view({3, 4});
  return value;
}
const Tensor& whole() {
  static const Tensor value = arange(12).view({3, 4});
  return value;
}
const Tensor& picture() {
  static const Tensor value = arange(2 * 5 * 5, kFloat).view({1, 2, 5, 5});
  return value;
}
Tensor list(int64_t a) { return tensor(std::vector<int64_t>{a}); }

const Call kCalls[] = {
    {"zeros", [](auto a, auto b, auto c) { zeros({a, b, c}); }},
    {"empty_strided", [](auto a, auto b, auto c) { empty_strided({a, b}, {c, 1}); }},
    {"full", [](auto a, auto b, auto c) { full({a, b}, c, kInt); }},
    {"eye", [](auto a, auto b, auto) { eye(a, b); }},
    {"arange", [](auto a, auto b, auto c) { arange(a, b, c); }},
    {"arange float", [](auto a, auto b, auto c) { arange(a, b, c, kFloat); }},
    {"linspace", [](auto a, auto b, auto c) { linspace(a, b, c); }},
    {"randint", [](auto a, auto b, auto c) { randint(a, b, {c}); }},
    {"randperm", [](auto a, auto, auto) { randperm(a); }},
    {"view", [](auto a, auto b, auto) { x().view({a, b}); }},
    {"reshape", [](auto a, auto b, auto c) { x().t().reshape({a, b, c}); }},
    {"expand", [](auto a, auto b, auto c) { x().unsqueeze(1).expand({a, b, c}); }},
    {"as_strided", [](auto a, auto b, auto c) { x().as_strided({2, a}, {1, b}, c); }},
    {"as_strided size", [](auto a, auto b, auto c) { x().as_strided({a, b}, {c, 1}, 0); }},
    {"repeat", [](auto a, auto b, auto c) { x().repeat({a, b, c}); }},
    {"narrow", [](auto a, auto b, auto c) { x().narrow(a, b, c); }},
    {"slice", [](auto a, auto b, auto c) { x().slice(1, a, b, c); }},
    {"Slice", [](auto a, auto b, auto c) { x().index({indexing::Slice(a, b, c)}); }},
    {"select", [](auto a, auto b, auto) { x().select(a, b); }},
    {"index", [](auto a, auto b, auto) { x().index({a, b}); }},
    {"index list", [](auto a, auto b, auto) { x().index({list(a), list(b)}); }},
    {"index_put", [](auto a, auto b, auto) { index_put(x(), {list(a), list(b)}, tensor(1.0f)); }},
    {"squeeze", [](auto a, auto, auto) { x().squeeze(a); }},
    {"unsqueeze", [](auto a, auto, auto) { x().unsqueeze(a); }},
    {"transpose", [](auto a, auto b, auto) { x().transpose(a, b); }},
    {"permute", [](auto a, auto b, auto) { x().permute({a, b}); }},
    {"flip", [](auto a, auto b, auto) { flip(x(), {a, b}); }},
    {"flatten", [](auto a, auto b, auto) { flatten(x(), a, b); }},
    {"cat", [](auto a, auto, auto) { cat({x(), x()}, a); }},
    {"stack", [](auto a, auto, auto) { stack({x(), x()}, a); }},
    {"split", [](auto a, auto b, auto) { split(x(), a, b); }},
    {"chunk", [](auto a, auto b, auto) { chunk(x(), a, b); }},
    {"unbind", [](auto a, auto, auto) { unbind(x(), a); }},
    {"pad constant", [](auto a, auto b, auto c) { pad(x(), {a, b, c, 1}); }},
    {"pad reflect", [](auto a, auto b, auto) { pad(x(), {a, b}, "reflect"); }},
    {"pad replicate", [](auto a, auto b, auto) { pad(x(), {a, b}, "replicate"); }},
    {"pad circular", [](auto a, auto b, auto) { pad(x(), {a, b}, "circular"); }},
    {"sum", [](auto a, auto b, auto) { sum(x(), {a, b}); }},
    {"max", [](auto a, auto, auto) { max(x(), a); }},
    {"argmax", [](auto a, auto, auto) { argmax(x(), a); }},
    {"var", [](auto a, auto, auto) { var(x(), a); }},
    {"norm", [](auto a, auto b, auto) { norm(x(), a, b); }},
    {"softmax", [](auto a, auto, auto) { softmax(x(), a); }},
    {"logsumexp", [](auto a, auto, auto) { logsumexp(x(), a); }},
    {"index_select", [](auto a, auto b, auto) { index_select(x(), a, list(b)); }},
    {"gather", [](auto a, auto b, auto) { gather(x(), a, list(b).view({1, 1})); }},
    {"scatter", [](auto a, auto b, auto) { scatter(x(), a, list(b).view({1, 1}), x()); }},
    {"scatter_add", [](auto a, auto b, auto) { scatter_add(x(), a, list(b).view({1, 1}), x()); }},
    {"index_add", [](auto a, auto b, auto) { index_add(x(), a, list(b), x().slice(0, 0, 1)); }},
    {"embedding", [](auto a, auto b, auto) { embedding(x(), list(a), b); }},
    {"one_hot", [](auto a, auto b, auto) { one_hot(list(a), b); }},
    {"nll_loss", [](auto a, auto b, auto) { nll_loss(x(), list(a).expand({3}), {}, 1, b); }},
    {"cross_entropy",
     [](auto a, auto b, auto c) { cross_entropy_loss(x(), list(a).expand({3}), {}, c, b); }},
    {"conv2d",
     [](auto a, auto b, auto c) {
       conv2d(picture(), ones({2, 2, 3, 3}), {}, {a, 1}, {b, 1}, {c, 1});
     }},
    {"conv2d groups", [](auto a, auto, auto) { conv2d(picture(), ones({2, 1, 3, 3}), {}, 1, 0, 1, a); }},
    {"max_pool2d",
     [](auto a, auto b, auto c) { max_pool2d(picture(), {a, 2}, {b, 2}, {c, 0}); }},
    {"max_pool2d dilation",
     [](auto a, auto b, auto c) { max_pool2d(picture(), {a, 2}, {2, 2}, {b, 0}, {c, 1}, true); }},
    {"avg_pool2d",
     [](auto a, auto b, auto c) { avg_pool2d(picture(), {a, 2}, {b, 2}, {c, 0}, true, true, a); }},
    {"adaptive_avg_pool2d", [](auto a, auto b, auto) { adaptive_avg_pool2d(picture(), {a, b}); }},
    {"add", [](auto a, auto b, auto) { add(whole(), a, b); }},
    {"mul", [](auto a, auto, auto) { mul(whole() * a, a); }},
    {"div", [](auto a, auto, auto) { div(whole(), a); }},
    {"pow", [](auto a, auto b, auto) { pow(whole() + a, b); }},
    {"clamp", [](auto a, auto b, auto) { clamp(whole(), a, b); }},
    {"fill", [](auto a, auto b, auto) { whole().clone().fill_(a).to(kInt).sub_(b).abs().sum(); }},
    {"cumulated", [](auto a, auto, auto) { (whole() + a).sum(); (whole() + a).prod(); }},
    {"quantize", [](auto a, auto b, auto) { quantize_per_tensor(x(), static_cast<double>(a), b, kQInt8); }},
    {"where", [](auto a, auto b, auto) { where(whole() > a, whole(), b); }},
    {"masked_fill", [](auto a, auto, auto) { masked_fill(whole().to(kInt), whole() > 3, a); }},
};

struct TensorCall {
  const char* name;
  std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)> run;
};

const TensorCall kTensorCalls[] = {
    {"abs", [](auto& a, auto&, auto&) { return abs(a); }},
    {"neg", [](auto& a, auto&, auto&) { return neg(a); }},
    {"sign", [](auto& a, auto&, auto&) { return sign(a); }},
    {"exp", [](auto& a, auto&, auto&) { return exp(a); }},
    {"log", [](auto& a, auto&, auto&) { return log(a); }},
    {"log1p", [](auto& a, auto&, auto&) { return log1p(a); }},
    {"sqrt", [](auto& a, auto&, auto&) { return sqrt(a); }},
    {"rsqrt", [](auto& a, auto&, auto&) { return rsqrt(a); }},
    {"square", [](auto& a, auto&, auto&) { return square(a); }},
    {"sin", [](auto& a, auto&, auto&) { return sin(a); }},
    {"cos", [](auto& a, auto&, auto&) { return cos(a); }},
    {"tan", [](auto& a, auto&, auto&) { return tan(a); }},
    {"tanh", [](auto& a, auto&, auto&) { return tanh(a); }},
    {"sigmoid", [](auto& a, auto&, auto&) { return sigmoid(a); }},
    {"relu", [](auto& a, auto&, auto&) { return relu(a); }},
    {"silu", [](auto& a, auto&, auto&) { return silu(a); }},
    {"isnan", [](auto& a, auto&, auto&) { return isnan(a); }},
    {"isfinite", [](auto& a, auto&, auto&) { return isfinite(a); }},
    {"logical_not", [](auto& a, auto&, auto&) { return logical_not(a); }},
    {"zeros_like", [](auto& a, auto&, auto&) { return zeros_like(a); }},
    {"rand_like", [](auto& a, auto&, auto&) { return rand_like(a); }},
    {"randn_like", [](auto& a, auto&, auto&) { return randn_like(a); }},
    {"argmax", [](auto& a, auto&, auto&) { return argmax(a); }},
    {"argmin", [](auto& a, auto&, auto&) { return argmin(a); }},
    {"nonzero", [](auto& a, auto&, auto&) { return nonzero(a); }},
    {"gram", [](auto& a, auto&, auto&) { return gram(a); }},
    {"t", [](auto& a, auto&, auto&) { return t(a); }},
    {"squeeze", [](auto& a, auto&, auto&) { return squeeze(a); }},
    {"add", [](auto& a, auto& b, auto&) { return add(a, b); }},
    {"sub", [](auto& a, auto& b, auto&) { return sub(a, b); }},
    {"mul", [](auto& a, auto& b, auto&) { return mul(a, b); }},
    {"div", [](auto& a, auto& b, auto&) { return div(a, b); }},
    {"pow", [](auto& a, auto& b, auto&) { return pow(a, b); }},
    {"maximum", [](auto& a, auto& b, auto&) { return maximum(a, b); }},
    {"minimum", [](auto& a, auto& b, auto&) { return minimum(a, b); }},
    {"eq", [](auto& a, auto& b, auto&) { return eq(a, b); }},
    {"ne", [](auto& a, auto& b, auto&) { return ne(a, b); }},
    {"lt", [](auto& a, auto& b, auto&) { return lt(a, b); }},
    {"le", [](auto& a, auto& b, auto&) { return le(a, b); }},
    {"gt", [](auto& a, auto& b, auto&) { return gt(a, b); }},
    {"ge", [](auto& a, auto& b, auto&) { return ge(a, b); }},
    {"logical_and", [](auto& a, auto& b, auto&) { return logical_and(a, b); }},
    {"logical_or", [](auto& a, auto& b, auto&) { return logical_or(a, b); }},
    {"matmul", [](auto& a, auto& b, auto&) { return matmul(a, b); }},
    {"mm", [](auto& a, auto& b, auto&) { return mm(a, b); }},
    {"bmm", [](auto& a, auto& b, auto&) { return bmm(a, b); }},
    {"masked_select", [](auto& a, auto& b, auto&) { return masked_select(a, b); }},
    {"mse_loss", [](auto& a, auto& b, auto&) { return mse_loss(a, b); }},
    {"l1_loss", [](auto& a, auto& b, auto&) { return l1_loss(a, b); }},
    {"nll_loss", [](auto& a, auto& b, auto&) { return nll_loss(a, b); }},
    {"cross_entropy_loss", [](auto& a, auto& b, auto&) { return cross_entropy_loss(a, b); }},
    {"binary_cross_entropy", [](auto& a, auto& b, auto&) { return binary_cross_entropy(a, b); }},
    {"binary_cross_entropy_with_logits",
     [](auto& a, auto& b, auto&) { return binary_cross_entropy_with_logits(a, b); }},
    {"embedding", [](auto& a, auto& b, auto&) { return embedding(a, b); }},
    {"leaky_relu", [](auto& a, auto&, auto&) { return leaky_relu(a, 0.1); }},
    {"elu", [](auto& a, auto&, auto&) { return elu(a); }},
    {"gelu", [](auto& a, auto&, auto&) { return gelu(a); }},
    {"softplus", [](auto& a, auto&, auto&) { return softplus(a); }},
    {"clamp", [](auto& a, auto&, auto&) { return clamp(a, 0, 1); }},
    {"sum", [](auto& a, auto&, auto&) { return sum(a, {0}); }},
    {"mean", [](auto& a, auto&, auto&) { return mean(a, {-1}, true); }},
    {"prod", [](auto& a, auto&, auto&) { return prod(a); }},
    {"var", [](auto& a, auto&, auto&) { return var(a, 0); }},
    {"std", [](auto& a, auto&, auto&) { return reel::std(a); }},
    {"max", [](auto& a, auto&, auto&) { return std::get<0>(max(a, 0)); }},
    {"min", [](auto& a, auto&, auto&) { return min(a); }},
    {"norm", [](auto& a, auto&, auto&) { return norm(a); }},
    {"softmax", [](auto& a, auto&, auto&) { return softmax(a, -1); }},
    {"log_softmax", [](auto& a, auto&, auto&) { return log_softmax(a, 0); }},
    {"logsumexp", [](auto& a, auto&, auto&) { return logsumexp(a, 0); }},
    {"dropout", [](auto& a, auto&, auto&) { return dropout(a, 0.5, true); }},
    {"reshape", [](auto& a, auto&, auto&) { return a.reshape({-1}); }},
    {"view", [](auto& a, auto&, auto&) { return a.view({-1, 1}); }},
    {"permute", [](auto& a, auto&, auto&) { return a.permute({1, 0}); }},
    {"unsqueeze", [](auto& a, auto&, auto&) { return a.unsqueeze(1); }},
    {"expand", [](auto& a, auto&, auto&) { return a.expand({2, 3}); }},
    {"repeat", [](auto& a, auto&, auto&) { return a.repeat({2, 1}); }},
    {"flip", [](auto& a, auto&, auto&) { return flip(a, {0}); }},
    {"pad", [](auto& a, auto&, auto&) { return pad(a, {1, 1}); }},
    {"pad reflect", [](auto& a, auto&, auto&) { return pad(a, {1, 1}, "reflect"); }},
    {"chunk", [](auto& a, auto&, auto&) { return chunk(a, 2)[0]; }},
    {"split", [](auto& a, auto&, auto&) { return split(a, 2)[0]; }},
    {"item", [](auto& a, auto&, auto&) { return tensor(a.template item<double>()); }},
    {"clone", [](auto& a, auto&, auto&) { return a.clone(); }},
    {"to", [](auto& a, auto&, auto&) { return a.to(kFloat); }},
    {"contiguous", [](auto& a, auto&, auto&) { return a.contiguous(MemoryFormat::ChannelsLast); }},
    {"one_hot", [](auto& a, auto&, auto&) { return one_hot(a); }},
    {"quantize", [](auto& a, auto&, auto&) { return quantize_per_tensor(a, 0.1, 0, kQInt8); }},
    {"max_pool2d", [](auto& a, auto&, auto&) { return max_pool2d(a, 2); }},
    {"avg_pool2d", [](auto& a, auto&, auto&) { return avg_pool2d(a, 2); }},
    {"adaptive_avg_pool2d", [](auto& a, auto&, auto&) { return adaptive_avg_pool2d(a, 2); }},
    {"where", [](auto& a, auto& b, auto& c) { return where(a, b, c); }},
    {"addmm", [](auto& a, auto& b, auto& c) { return addmm(a, b, c); }},
    {"linear", [](auto& a, auto& b, auto& c) { return linear(a, b, c); }},
    {"conv2d", [](auto& a, auto& b, auto& c) { return conv2d(a, b, c); }},
    {"conv2d grouped", [](auto& a, auto& b, auto& c) { return conv2d(a, b, c, 2, 1, 1, 2); }},
    {"batch_norm",
     [](auto& a, auto& b, auto& c) { return batch_norm(a, b, c, {}, {}, true, 0.1, 1e-5); }},
    {"batch_norm eval",
     [](auto& a, auto& b, auto& c) { return batch_norm(a, {}, {}, b, c, false, 0.1, 1e-5); }},
    {"gather", [](auto& a, auto& b, auto&) { return gather(a, 0, b); }},
    {"scatter", [](auto& a, auto& b, auto& c) { return scatter(a, 0, b, c); }},
    {"scatter_add", [](auto& a, auto& b, auto& c) { return scatter_add(a, 0, b, c); }},
    {"index_add", [](auto& a, auto& b, auto& c) { return index_add(a, 0, b, c); }},
    {"index_select", [](auto& a, auto& b, auto&) { return index_select(a, 0, b); }},
    {"index two", [](auto& a, auto& b, auto& c) { return index(a, {b, c}); }},
    {"index one", [](auto& a, auto& b, auto&) { return index(a, {b}); }},
    {"index_put", [](auto& a, auto& b, auto& c) { return index_put(a, {b}, c); }},
    {"masked_fill", [](auto& a, auto& b, auto&) { return masked_fill(a, b, 2); }},
    {"nll_loss weight", [](auto& a, auto& b, auto& c) { return nll_loss(a, b, c); }},
    {"cross_entropy weight",
     [](auto& a, auto& b, auto& c) { return cross_entropy_loss(a, b, c, 1, -100, 0.1); }},
    {"cat", [](auto& a, auto& b, auto& c) { return cat({a, b, c}); }},
    {"stack", [](auto& a, auto& b, auto& c) { return stack({a, b, c}); }},
    {"meshgrid", [](auto& a, auto& b, auto& c) { return meshgrid({a, b, c})[0]; }},
    {"bce weight", [](auto& a, auto& b, auto& c) { return binary_cross_entropy(a, b, c); }},
    {"bce logits weight",
     [](auto& a, auto& b, auto& c) { return binary_cross_entropy_with_logits(a, b, c, c); }},
    {"add_", [](auto& a, auto& b, auto&) { return a.clone().add_(b); }},
    {"div_", [](auto& a, auto& b, auto&) { return a.clone().div_(b); }},
    {"copy_", [](auto& a, auto& b, auto&) { return a.clone().copy_(b); }},
    {"fill_", [](auto& a, auto&, auto&) { return a.clone().fill_(2); }},
    {"masked_fill_", [](auto& a, auto& b, auto&) { return a.clone().masked_fill_(b, 1); }},
    {"equal", [](auto& a, auto& b, auto&) { return tensor(static_cast<int64_t>(equal(a, b))); }},
    {"allclose",
     [](auto& a, auto& b, auto&) { return tensor(static_cast<int64_t>(allclose(a, b))); }},
    {"broadcast_to", [](auto& a, auto& b, auto&) { return broadcast_to(a, b.sizes()); }},
    {"reshape as", [](auto& a, auto& b, auto&) { return a.reshape(b.sizes()); }},
};

}  // namespace

TEST_CASE("no integer crashes an op") {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  // 2^50 floats fit into no address space.
  constexpr int64_t kHuge = int64_t{1} << 50;
  const std::vector<int64_t> values = {kMin, kMin + 1, -kHuge, -2, -1, 0, 1, 3, kHuge, kMax};
  for (const Call& call : kCalls) {
    for (const int64_t a : values) {
      for (const int64_t b : values) {
        for (const int64_t c : values) {
          INFO(call.name << '(' << a << ", " << b << ", " << c << ')');
          answers_or_explains([&] { call.run(a, b, c); });
        }
      }
    }
    SUCCEED(call.name);
  }
}

TEST_CASE("no tensor crashes an op") {
  const auto leaf = [](IntArrayRef sizes) { return rand(sizes).requires_grad_(); };
  const std::vector<Tensor> tensors = {
      Tensor(),
      leaf({}),
      leaf({0}),
      leaf({3}),
      leaf({2, 3}),
      leaf({3, 2}).t(),
      leaf({2, 0, 3}),
      leaf({1, 2, 4, 4}),
      leaf({2, 2, 3, 3}),
      tensor({0, 1, 2}),
      tensor({{0, 1, 1}, {1, 0, 2}}),
      tensor({-1, 100}),
      rand({2, 3}) > 0.5,
      rand({2, 3}, kDouble),
      rand({2, 3}).to(kHalf),
      rand({2, 3}).to(kComplexFloat),
      quantize_per_tensor(rand({2, 3}), 0.1, 0, kQInt8),
      arange(3, kByte),
  };
  for (const TensorCall& call : kTensorCalls) {
    for (size_t a = 0; a < tensors.size(); ++a) {
      for (size_t b = 0; b < tensors.size(); ++b) {
        for (size_t c = 0; c < tensors.size(); ++c) {
          INFO(call.name << " of tensors " << a << ", " << b << ", " << c);
          answers_or_explains([&] {
            const Tensor result = call.run(tensors[a], tensors[b], tensors[c]);
            if (result.defined() && result.requires_grad()) result.sum().backward();
          });
        }
      }
    }
    SUCCEED(call.name);
  }
}
