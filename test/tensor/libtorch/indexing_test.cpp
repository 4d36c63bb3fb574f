// Index expressions in both libraries: random mixtures of None, "...", bools, integers, slices,
// integer tensors and masks, read and written.

#include <torch/torch.h>

// c10's logging takes this name, which is Catch's here.
#undef CHECK

#include <random>
#include <sstream>

#include "support/catch.h"
#include "support/tensors.h"

using Sizes = std::vector<int64_t>;

namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(bits_);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }

 private:
  std::mt19937_64 bits_;
};

torch::Tensor counting(const Sizes& sizes, torch::Dtype type = torch::kDouble) {
  return torch::arange(reel::numel_of(sizes), type).view(sizes);
}

reel::Tensor to_reel(const torch::Tensor& x) {
  const torch::Tensor dense = x.detach().contiguous();
  const auto type = x.scalar_type() == torch::kLong   ? reel::kLong
                    : x.scalar_type() == torch::kBool ? reel::kBool
                                                      : reel::kDouble;
  return reel::from_blob(dense.data_ptr(), dense.sizes().vec(), type).clone();
}

struct Expression {
  std::vector<torch::indexing::TensorIndex> theirs;
  std::vector<reel::TensorIndex> ours;
  std::string text;

  template <class Theirs, class Ours>
  void add(const Theirs& a, const Ours& b, const std::string& as) {
    theirs.emplace_back(a);
    ours.emplace_back(b);
    text += as + ", ";
  }
};

torch::Tensor positions(Random& random, int64_t size, bool some) {
  static const Sizes shapes[] = {{2}, {1}, {3, 1}, {1, 2}, {3, 2}, {}, {0}};
  const Sizes& shape = shapes[some || random.chance(80) ? random.pick(0, 3) : random.pick(0, 6)];
  const torch::Tensor at = torch::empty(shape, torch::kLong);
  for (int64_t i = 0; i < at.numel(); ++i) {
    at.data_ptr<int64_t>()[i] = random.chance(1) ? size : random.pick(-size, size - 1);
  }
  return at;
}

torch::Tensor mask(Random& random, const Sizes& sizes) {
  const torch::Tensor m = torch::empty(sizes, torch::kBool);
  for (int64_t i = 0; i < m.numel(); ++i) m.data_ptr<bool>()[i] = random.chance(50);
  return m;
}

Expression expression(Random& random, const Sizes& sizes) {
  Expression e;
  size_t dim = 0;
  bool ellipsis = false;
  // Behind a mask of several dimensions LibTorch counts it as one: integers, slices and None then
  // go to the wrong dimension, so only tensors (of some dimensions) follow.
  bool only_tensors = false;
  const int64_t entries = random.pick(1, static_cast<int64_t>(sizes.size()) + 1);
  for (int64_t i = 0; i < entries; ++i) {
    const int64_t n = dim < sizes.size() ? sizes[dim] : 2;
    const int64_t kind = only_tensors ? 8 : random.pick(0, 9);
    if (only_tensors && dim >= sizes.size()) break;
    if (kind == 0) {
      e.add(torch::indexing::None, reel::indexing::None, "None");
    } else if (kind == 1 && !ellipsis) {  // LibTorch takes several, NumPy does not
      e.add("...", "...", "...");
      dim = sizes.size() - std::min(sizes.size(), static_cast<size_t>(entries - i - 1));
      ellipsis = true;
    } else if (kind == 2) {
      const bool b = random.chance(70);
      e.add(b, b, b ? "true" : "false");
    } else if (kind == 3 || kind == 4) {
      const int64_t at = random.chance(2) ? n : random.pick(-n, std::max<int64_t>(n - 1, -n));
      e.add(at, at, std::to_string(at));
      ++dim;
    } else if (kind == 5 || kind == 6) {
      const int64_t start = random.pick(-n - 1, n + 1);
      const int64_t stop = random.pick(-n - 1, n + 2);
      const int64_t step = random.pick(1, 3);
      using torch::indexing::None;
      if (random.chance(30)) {
        e.add(torch::indexing::Slice(None, stop), reel::indexing::Slice(reel::indexing::None, stop),
              ":" + std::to_string(stop));
      } else {
        e.add(torch::indexing::Slice(start, stop, step), reel::indexing::Slice(start, stop, step),
              std::to_string(start) + ":" + std::to_string(stop) + ":" + std::to_string(step));
      }
      ++dim;
    } else if (kind == 7 && dim < sizes.size()) {
      const size_t rank = std::min<size_t>(sizes.size() - dim, random.chance(70) ? 1 : 2);
      const torch::Tensor m = mask(random, Sizes(sizes.begin() + static_cast<int64_t>(dim),
                                                 sizes.begin() + static_cast<int64_t>(dim + rank)));
      e.add(m, to_reel(m), "mask" + std::to_string(rank) + "d");
      dim += rank;
      only_tensors = rank > 1;
    } else {
      const torch::Tensor at = positions(random, n, only_tensors);
      e.add(at, to_reel(at), "positions" + reel::str(at.sizes().vec()));
      ++dim;
    }
  }
  return e;
}

Sizes random_sizes(Random& random) {
  Sizes sizes;
  for (int64_t i = random.pick(1, 4); i > 0; --i) sizes.push_back(random.pick(1, 4));
  return sizes;
}

bool same(const reel::Tensor& ours, const torch::Tensor& theirs) {
  return ours.sizes().vec() == theirs.sizes().vec() && reel::equal(ours.detach(), to_reel(theirs));
}

/// The result, or nothing and the error.
template <class Function>
auto attempt(const Function& function, std::string& error) {
  decltype(function()) result;
  try {
    result = function();
  } catch (const c10::Error& e) {
    error = e.what_without_backtrace();
  } catch (const reel::Error& e) {
    error = e.what();
  }
  return result;
}

}  // namespace

TEST_CASE("index expressions read what LibTorch reads, and gradients find back") {
  Random random(7);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const Sizes sizes = random_sizes(random);
    torch::Tensor theirs = counting(sizes);
    reel::Tensor ours = to_reel(theirs);
    if (random.chance(30) && sizes.size() > 1) {
      theirs = theirs.transpose(0, 1);
      ours = ours.transpose(0, 1);
    }
    theirs = theirs.detach().requires_grad_();
    ours = ours.detach().requires_grad_();
    const Expression e = expression(random, theirs.sizes().vec());
    INFO(i << ": " << reel::str(theirs.sizes().vec()) << " [" << e.text << "]");
    std::string their_error, our_error;
    const torch::Tensor expected = attempt([&] { return theirs.index(e.theirs); }, their_error);
    const reel::Tensor got = attempt([&] { return ours.index(e.ours); }, our_error);
    INFO("LibTorch: " << their_error << "\nreel: " << our_error);
    // Where nothing is left to take LibTorch does not look at the positions.
    if (expected.defined() && expected.numel() == 0 && !got.defined()) continue;
    REQUIRE(expected.defined() == got.defined());
    if (!expected.defined()) {
      ++refused;
      continue;
    }
    REQUIRE(same(got, expected));
    const torch::Tensor weight = counting(expected.sizes().vec()) + 1;
    (expected * weight).sum().backward();
    (got * to_reel(weight)).sum().backward();
    REQUIRE(same(ours.grad(), theirs.grad()));
  }
  // Most expressions mean something.
  CHECK(refused < 1000);
}

TEST_CASE("index expressions write what LibTorch writes") {
  Random random(8);
  for (int i = 0; i < 3000; ++i) {
    const Sizes sizes = random_sizes(random);
    torch::Tensor theirs = counting(sizes);
    reel::Tensor ours = to_reel(theirs);
    torch::Tensor their_view = theirs;
    reel::Tensor our_view = ours;
    if (random.chance(40) && sizes.size() > 1) {
      their_view = theirs.transpose(0, 1);
      our_view = ours.transpose(0, 1);
    }
    const Expression e = expression(random, their_view.sizes().vec());
    const int kind = static_cast<int>(random.pick(0, 1));
    INFO(i << ": " << reel::str(their_view.sizes().vec()) << " [" << e.text << "] kind " << kind);
    std::string their_error, our_error;
    const auto region = attempt([&] { return their_view.index(e.theirs); }, their_error);
    if (!region.defined()) continue;
    // The values broadcast over the region.
    Sizes shape = region.sizes().vec();
    for (int64_t& n : shape) {
      if (random.chance(20)) n = 1;
    }
    while (!shape.empty() && random.chance(20)) shape.erase(shape.begin());
    const torch::Tensor values = counting(shape) + 100;
    attempt(
        [&] {
          // Of indices that repeat it is not said which wins, so all write the same number.
          if (kind == 0) return their_view.index_put_(e.theirs, 7);
          return their_view.index_put_(e.theirs, torch::full(shape, 9, torch::kDouble));
        },
        their_error);
    attempt(
        [&] {
          if (kind == 0) return our_view.index_put_(e.ours, 7);
          return our_view.index_put_(e.ours, reel::full(shape, 9, reel::kDouble));
        },
        our_error);
    INFO("LibTorch: " << their_error << "\nreel: " << our_error);
    if (region.numel() == 0 && their_error.empty() && !our_error.empty()) continue;
    REQUIRE(their_error.empty() == our_error.empty());
    REQUIRE(same(ours, theirs));
  }
}

TEST_CASE("index_put accumulates, with gradients for both") {
  Random random(9);
  for (int i = 0; i < 500; ++i) {
    const Sizes sizes{random.pick(1, 3), random.pick(1, 4), random.pick(1, 4)};
    // Whole dimensions, with positions in some of them.
    c10::List<c10::optional<torch::Tensor>> theirs_at;
    std::vector<reel::TensorIndex> ours_at;
    bool any = false;
    for (size_t d = 0; d < 3; ++d) {
      if (random.chance(40) && (any || d < 2)) {
        theirs_at.push_back(c10::nullopt);
        ours_at.emplace_back(reel::indexing::Slice());
        continue;
      }
      const torch::Tensor at = torch::randint(0, sizes[d], {4}, torch::kLong);
      theirs_at.push_back(at);
      ours_at.emplace_back(to_reel(at));
      any = true;
    }
    torch::Tensor x = counting(sizes).requires_grad_();
    torch::Tensor values =
        counting(torch::index(x.detach(), theirs_at).sizes().vec()).requires_grad_();
    reel::Tensor our_x = to_reel(x).requires_grad_();
    reel::Tensor our_values = to_reel(values).requires_grad_();
    const torch::Tensor y = torch::index_put(x, theirs_at, values, /*accumulate=*/true);
    const reel::Tensor our_y = reel::index_put(our_x, ours_at, our_values, /*accumulate=*/true);
    INFO(i << ": " << reel::str(sizes));
    REQUIRE(same(our_y, y));
    const torch::Tensor weight = counting(sizes) + 1;
    (y * weight).sum().backward();
    (our_y * to_reel(weight)).sum().backward();
    REQUIRE(same(our_x.grad(), x.grad()));
    REQUIRE(same(our_values.grad(), values.grad()));
    // In place, in a tensor whose indexed dimensions do not lie in memory as one.
    reel::Tensor turned = to_reel(x).permute({2, 1, 0}).contiguous().permute({2, 1, 0});
    turned.index_put_(ours_at, to_reel(values), /*accumulate=*/true);
    REQUIRE(same(turned, y));
  }
}
