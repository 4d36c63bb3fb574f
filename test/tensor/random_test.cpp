#include <atomic>
#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/random.h>

#include "support/catch.h"
#include "tensor/random_expected.h"

namespace {

// FNV-1a of the values as doubles (int64 as they are) in logical order. Normal numbers in double
// come from the C library's log, sin and cos, whose last bit may differ between its versions: they
// are rounded to float first.
uint64_t digest_of(const reel::Tensor& tensor, bool rounded) {
  reel::Tensor values = rounded ? tensor.to(reel::kFloat) : tensor;
  if (values.dtype() != reel::kLong) values = values.to(reel::kDouble);
  values = values.contiguous();
  uint64_t hash = 14695981039346656037u;
  const auto* bytes = static_cast<const unsigned char*>(values.data_ptr());
  for (size_t i = 0; i < values.nbytes(); ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

}  // namespace

TEST_CASE("a seed gives PyTorch's numbers, bit for bit, on every path") {
  for (const RandomRow& row : kRandomRows) {
    CAPTURE(row.name, row.seed);
    reel::manual_seed(row.seed);
    const reel::Tensor made = row.make();
    const int64_t next = reel::randint(int64_t{1} << 31, {1}).item<int64_t>();
    const reel::Tensor values = made.to(reel::kDouble).contiguous();
    const double* data = values.data_ptr<double>();
    const int64_t n = values.numel();
    const int64_t at[] = {0, 1, n / 2, n - 1};
    const std::string name = row.name;
    const bool through_libm =
        made.dtype() == reel::kDouble &&
        (name.find("randn") == 0 || name.find("normal_") != std::string::npos);
    for (int i = 0; i < 4; ++i) {
      // 4 units of the last place, where the C library may differ; nothing elsewhere.
      const double margin = through_libm ? 1e-15 * std::fabs(row.picked[i]) : 0;
      CHECK(std::fabs(data[n > 3 ? at[i] : 0] - row.picked[i]) <= margin);
    }
    CHECK(digest_of(made, through_libm) == row.digest);
    CHECK(next == row.next_integer);
  }
}

TEST_CASE("the state is torch.get_rng_state()'s and resumes bit for bit") {
  reel::manual_seed(5);
  reel::randn({3}, reel::kDouble);
  reel::rand({10});
  const reel::Tensor state = reel::default_generator().get_state();
  CHECK(state.numel() == 5056);
  // The digest of torch.get_rng_state() after the same calls, PyTorch 1.13.
  uint64_t hash = 14695981039346656037u;
  const uint8_t* bytes = state.data_ptr<uint8_t>();
  for (int64_t i = 0; i < 5056; ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  // Bytes 5024..5031 hold the cached normal number, which is the C library's.
  CHECK(hash == 7191838510089794742uL);

  const reel::Tensor first = reel::randn({5}, reel::kDouble);
  const reel::Tensor then = reel::rand({1000});
  reel::manual_seed(99);
  reel::default_generator().set_state(state);
  CHECK(reel::default_generator().current_seed() == 5);
  CHECK(reel::randn({5}, reel::kDouble).equal(first));
  CHECK(reel::rand({1000}).equal(then));
}

TEST_CASE("what is no state is refused and changes nothing") {
  reel::Generator generator(3);
  const reel::Tensor good = generator.get_state();
  CHECK_THROWS_AS(generator.set_state(reel::zeros({5056})), reel::Error);
  CHECK_THROWS_AS(generator.set_state(reel::zeros({100}, reel::kByte)), reel::Error);
  CHECK_THROWS_AS(generator.set_state(reel::zeros({5056}, reel::kByte)), reel::Error);
  CHECK_THROWS_AS(generator.set_state(reel::Tensor()), reel::Error);
  reel::Tensor bad = good.clone();
  // next = 600 with left = 1: more words used than there are with what is left.
  bad.data_ptr<uint8_t>()[16] = 0x58;
  bad.data_ptr<uint8_t>()[17] = 0x02;
  CHECK_THROWS_AS(generator.set_state(bad), reel::Error);
  CHECK(generator.get_state().equal(good));
}

TEST_CASE("a generator of one's own leaves the default one alone, and copies share the stream") {
  reel::manual_seed(1);
  const reel::Tensor expected = reel::rand({4});
  reel::manual_seed(1);
  reel::Generator own(1);
  reel::Generator copy = own;
  CHECK(reel::rand({2}, own).equal(expected.slice(0, 0, 2)));
  CHECK(reel::rand({2}, copy).equal(expected.slice(0, 2, 4)));
  CHECK(reel::rand({4}).equal(expected));
  own.set_current_seed(7);
  CHECK(copy.current_seed() == 7);
  const uint32_t word = reel::Generator(0).random();
  CHECK(word == 2357136044u);
  CHECK(reel::Generator(0).random64() == (uint64_t{2357136044u} << 32 | 2546248239u));
}

TEST_CASE("every device sees the same stream") {
  const reel::Device other("reference");
  const auto same = [&](const auto& make) {
    reel::manual_seed(21);
    const reel::Tensor here = make(reel::Device("cpu"));
    reel::manual_seed(21);
    const reel::Tensor there = make(other);
    CHECK(there.device() == other);
    CHECK(there.cpu().equal(here));
  };
  same([](reel::Device d) { return reel::randn({3, 7}, d); });
  same([](reel::Device d) { return reel::rand({3, 7}, d); });
  same([](reel::Device d) { return reel::randperm(9, d); });
  same([](reel::Device d) { return reel::bernoulli(reel::full({8}, 0.5, d)); });
  same([](reel::Device d) { return reel::zeros({4, 8}, d).t().normal_(); });
  same([](reel::Device d) {
    reel::Tensor x = reel::zeros({6, 8}, d);
    reel::Tensor part = x.slice(1, 0, 8, 2);
    part.normal_();
    return x;
  });
}

TEST_CASE("filling in place keeps gradients right") {
  reel::Tensor leaf = reel::ones({3}, reel::requires_grad());
  CHECK_THROWS_AS(leaf.uniform_(), reel::Error);
  {
    const reel::NoGradGuard no_grad;
    leaf.normal_();
  }
  reel::Tensor x = leaf * 2;
  reel::Tensor y = x * 3;
  y.uniform_();
  (y.sum() + x.sum()).backward();
  // y no longer depends on the leaf.
  CHECK(leaf.grad().equal(reel::full({3}, 2.0)));

  reel::Tensor base = leaf * 2;
  reel::Tensor half = base.slice(0, 0, 2);
  half.zero_();
  leaf.mutable_grad() = reel::Tensor();
  half.normal_();
  base.sum().backward();
  CHECK(leaf.grad().equal(reel::tensor({0.0, 0.0, 2.0})));
}

TEST_CASE("a saved tensor that is then filled is an error at replay") {
  reel::Tensor w = reel::ones({3}, reel::requires_grad());
  reel::Tensor x = reel::ones({3});
  const reel::Tensor y = (w * x).sum();
  x.uniform_();
  CHECK_THROWS_AS(y.backward(), reel::Error);
}

TEST_CASE("wrong arguments give one clear error") {
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const reel::Error& error) {
      return error.what();
    }
    return "no error";
  };
  const double nan = std::nan("");
  CHECK(message([] { reel::zeros({2}).uniform_(2, 1); }) ==
        "uniform_ expects to return a [from, to) range, but found from=2 > to=1");
  CHECK(message([] { reel::zeros({2}).normal_(0, -1); }) ==
        "normal_ expects std >= 0.0, but found std=-1");
  CHECK(message([] { reel::zeros({2}).bernoulli_(1.5); }) ==
        "bernoulli_ expects p to be in [0, 1], but got p=1.5");
  CHECK(message([] { reel::randint(5, 5, {2}); }) ==
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=5");
  CHECK(message([&] { reel::zeros({2}).uniform_(nan, 1); }) != "no error");
  CHECK(message([&] { reel::zeros({2}).normal_(0, nan); }) != "no error");
  CHECK(message([&] { reel::zeros({2}).bernoulli_(nan); }) != "no error");
  CHECK(message([] { reel::zeros({2}).uniform_(-3e38, 3e38); }) != "no error");
  CHECK(message([] { reel::zeros({2}, reel::kLong).uniform_(); }) != "no error");
  CHECK(message([] { reel::rand({2}, reel::kLong); }) != "no error");
  CHECK(message([] { reel::randn({-2}); }) != "no error");
  CHECK(message([] { reel::randint(0, 300, {2}, reel::kByte); }) != "no error");
  CHECK(message([] { reel::randint(-1, 3, {2}, reel::kByte); }) != "no error");
  CHECK(message([] { reel::randperm(-1); }) != "no error");
  CHECK(message([] { reel::randperm(300, reel::kByte); }) != "no error");
  CHECK(message([] { reel::randperm(int64_t{1} << 60); }) != "no error");
  CHECK(message([] { reel::bernoulli(reel::tensor({0.5, 2.0})); }) != "no error");
  CHECK(message([] { reel::bernoulli(reel::ones({2}, reel::kLong)); }) != "no error");
  CHECK(message([] { reel::zeros({1}).expand({3}).uniform_(); }) != "no error");
  CHECK(message([] { reel::Tensor().uniform_(); }) != "no error");
}

TEST_CASE("numbers drawn by blocks are those drawn one by one") {
  constexpr int64_t kCount = 1301;
  for (const int skipped : {0, 1, 623}) {
    CAPTURE(skipped);
    reel::Generator blocks(5), single(5);
    for (int i = 0; i < skipped; ++i) CHECK(blocks.random() == single.random());
    const auto unit = [&] { return static_cast<float>(single.random() & 0xffffffu) * 0x1p-24f; };
    const auto below = [&](double p) {
      return static_cast<double>(single.random64() & 0x1fffffffffffffu) * 0x1p-53 < p ? 1 : 0;
    };
    const reel::Tensor uniform = reel::rand({kCount}, blocks);
    for (int64_t i = 0; i < kCount; ++i) REQUIRE(uniform.data_ptr<float>()[i] == unit());
    const reel::Tensor ranged = reel::empty({kCount}).uniform_(-2, 3, blocks);
    for (int64_t i = 0; i < kCount; ++i) {
      REQUIRE(ranged.data_ptr<float>()[i] == std::fma(unit(), 5.0f, -2.0f));
    }
    for (const double p : {0.0, 0.3, 1.0}) {
      const reel::Tensor floats = reel::empty({kCount}).bernoulli_(p, blocks);
      for (int64_t i = 0; i < kCount; ++i) REQUIRE(floats.data_ptr<float>()[i] == below(p));
      const reel::Tensor bytes = reel::empty({kCount}, reel::kByte).bernoulli_(p, blocks);
      for (int64_t i = 0; i < kCount; ++i) REQUIRE(bytes.data_ptr<uint8_t>()[i] == below(p));
    }
  }
}

TEST_CASE("threads draw from one generator without tearing it") {
  constexpr int kThreads = 4, kDraws = 50, kSize = 97;
  reel::Generator shared(11);
  std::vector<std::vector<reel::Tensor>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kDraws; ++i) {
        drawn[static_cast<size_t>(t)].push_back(reel::rand({kSize}, shared));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Each fill is one stretch of the stream: together they are all stretches, in some order.
  std::multiset<float> firsts, expected;
  reel::Generator alone(11);
  for (int i = 0; i < kThreads * kDraws; ++i) {
    expected.insert(reel::rand({kSize}, alone).select(0, 0).item<float>());
  }
  for (const auto& list : drawn) {
    for (const reel::Tensor& x : list) firsts.insert(x.select(0, 0).item<float>());
  }
  CHECK(firsts == expected);
}
