// Integers that nobody means, given to every function that takes some: each call answers or throws
// a reel::Error with a message. What it must not do (crash, hang, overflow) ends the program, most
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
          try {
            call.run(a, b, c);
          } catch (const Error& error) {
            if (std::string(error.what()).empty()) FAIL("an error without a message");
          } catch (const std::exception& error) {
            FAIL("not a reel::Error: " << error.what());
          }
        }
      }
    }
    SUCCEED(call.name);
  }
}
