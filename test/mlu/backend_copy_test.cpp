#include "backend_support.h"

using namespace mlu_test;

namespace {

// The device's copy of a view of x against the CPU's.
void check_copy(const Tensor& x, const Function& view) {
  check_native([&](const Tensors& in) { return view(in).contiguous(); }, {x});
}

}  // namespace

TEST_CASE("copy kernel: any strides") {
  const Tensor x = wave({6, 7, 30, 33});
  check_copy(x, [](const Tensors& in) { return in[0].transpose(0, 3); });
  check_copy(x, [](const Tensors& in) { return in[0].permute({0, 2, 3, 1}); });
  check_copy(x, [](const Tensors& in) { return in[0].permute({2, 0, 3, 1}); });
  check_copy(x, [](const Tensors& in) { return in[0].slice(3, 1, 30, 3).slice(2, 2, 20, 2); });
  check_copy(x, [](const Tensors& in) { return in[0].narrow(1, 2, 3); });
  check_copy(x, [](const Tensors& in) { return in[0].select(3, 5); });
  check_copy(wave({1, 5, 1}), [](const Tensors& in) { return in[0].expand({4, 5, 70}); });
  check_copy(wave({3, 1}), [](const Tensors& in) { return in[0].expand({3, 70000}); });
  check_copy(wave({}), [](const Tensors& in) { return in[0].expand({3, 7}); });
  check_copy(wave({0, 4}), [](const Tensors& in) { return in[0].t(); });
  check_copy(wave({700, 900}), [](const Tensors& in) { return in[0].t(); });
}

TEST_CASE("copy kernel: to and from channels-last") {
  const Tensor x = wave({2, 20, 17, 19});
  check_native(
      [](const Tensors& in) { return in[0].contiguous(reel::MemoryFormat::ChannelsLast) + 1; },
      {x});
  check_native([](const Tensors& in) { return in[0].contiguous(); },
               {x.contiguous(reel::MemoryFormat::ChannelsLast)});
}

TEST_CASE("copy kernel: into a view") {
  check_native(
      [](const Tensors& in) {
        Tensor y = reel::zeros({40, 50}, in[0].options());
        y.slice(1, 1, 41, 2).copy_(in[0]);
        y.t().slice(0, 0, 20).copy_(in[0].t().slice(1, 0, 40));
        return y;
      },
      {wave({40, 20})});
}

TEST_CASE("copy kernel: casts between all dtypes") {
  const reel::ScalarType all[] = {reel::kFloat, reel::kHalf, reel::kBFloat16,
                                  reel::kByte,  reel::kChar, reel::kInt,
                                  reel::kLong,  reel::kBool, reel::kShort};
  const Tensor x = (wave({11, 13}) * 90).abs();
  for (const reel::ScalarType from : all) {
    for (const reel::ScalarType to : all) {
      CAPTURE(from, to);
      check_native([&](const Tensors& in) { return in[0].to(to); }, {x.to(from)});
      check_native([&](const Tensors& in) { return in[0].t().to(to).contiguous(); }, {x.to(from)});
    }
  }
  check_native([](const Tensors& in) { return in[0].to(reel::kByte); }, {wave({50}) * 1000});
  check_native([](const Tensors& in) { return in[0].to(reel::kLong); }, {wave({50}) * 1e9});
}

TEST_CASE("copy kernel: elements are moved where there is no cast") {
  const Tensor x = wave({5, 6});
  for (const reel::ScalarType dtype : {reel::kDouble, reel::kComplexFloat, reel::kComplexDouble}) {
    const Tensor moved = x.to(dtype).to(device());
    const Tensor back = moved.t().contiguous().to(Device("cpu"));
    CHECK(reel::equal(back, x.to(dtype).t()));
  }
}
