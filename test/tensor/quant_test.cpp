#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>

#include "support/catch.h"

using reel::Tensor;

namespace {

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.contiguous();
  return {flat.data_ptr<T>(), flat.data_ptr<T>() + flat.numel()};
}

}  // namespace

TEST_CASE("quantising rounds half to even, shifts and clamps as PyTorch does") {
  const Tensor x = reel::tensor({-100.0, -1.0, -0.125, 0.0, 0.125, 0.375, 0.3, 1.0, 31.5, 100.0});
  // torch.quantize_per_tensor(x, 0.25, 1, torch.qint8), PyTorch 1.13.
  const Tensor q = reel::quantize_per_tensor(x, 0.25, 1, reel::kQInt8);
  CHECK(values_of<int8_t>(q.int_repr()) ==
        std::vector<int8_t>{-128, -3, 1, 1, 1, 3, 2, 5, 127, 127});
  CHECK(values_of<float>(q.dequantize()) ==
        std::vector<float>{-32.25f, -1, 0, 0, 0, 0.5f, 0.25f, 1, 31.5f, 31.5f});
  CHECK(q.q_scale() == 0.25);
  CHECK(q.q_zero_point() == 1);
  CHECK(q.dtype() == reel::kQInt8);
  CHECK(q.int_repr().dtype() == reel::kChar);
}

TEST_CASE("16-bit quantised tensors hold 16 bits") {
  const Tensor x = reel::tensor({-1.0, 0.0, 0.5, 100.0, -100.0});
  const Tensor q = reel::quantize_per_tensor(x, 1.0 / 1024, -7, reel::kQInt16);
  CHECK(values_of<int16_t>(q.int_repr()) == std::vector<int16_t>{-1031, -7, 505, 32767, -32768});
  CHECK(values_of<float>(q.dequantize())[2] == 0.5f);
}

TEST_CASE("quantised values are within half a step of the originals") {
  const Tensor x = reel::linspace(-3, 3, 1001);
  const double scale = 6.0 / 254;
  const Tensor back = reel::quantize_per_tensor(x, scale, 0, reel::kQInt8).dequantize();
  // Half a step, and the rounding of the float products on the way.
  CHECK((back - x).abs().max().item<double>() <= scale / 2 * (1 + 1e-4));
}

TEST_CASE("values that are no numbers go to the ends of the range") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = reel::tensor({inf, -inf, 1e30, std::nan("")});
  CHECK(values_of<int8_t>(reel::quantize_per_tensor(x, 0.1, 0, reel::kQInt8).int_repr()) ==
        std::vector<int8_t>{127, -128, 127, -128});
}

TEST_CASE("views, clones and other devices keep scale and zero point") {
  const Tensor q = reel::quantize_per_tensor(reel::arange(6, reel::kFloat).reshape({2, 3}), 0.5, 2,
                                             reel::kQInt8);
  for (const Tensor& other : {q.t(), q.select(0, 1), q.clone(), q.t().contiguous(), q.detach(),
                              q.to(reel::Device("reference")).cpu(), reel::empty_like(q)}) {
    CHECK(other.dtype() == reel::kQInt8);
    CHECK(other.q_scale() == 0.5);
    CHECK(other.q_zero_point() == 2);
  }
  CHECK(q.t().dequantize().equal(q.dequantize().t()));
  CHECK(q.select(0, 1).int_repr().equal(q.int_repr().select(0, 1)));
  CHECK(q.select(0, 1).select(0, 2).item<float>() == 5);
  CHECK(q.to(reel::Device("reference")).dequantize().cpu().equal(q.dequantize()));
}

TEST_CASE("int_repr is a copy") {
  const Tensor q = reel::quantize_per_tensor(reel::ones({2}), 1, 0, reel::kQInt8);
  q.int_repr().zero_();
  CHECK(q.dequantize().equal(reel::ones({2})));
}

TEST_CASE("wrong quantisation is one clear error") {
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const reel::Error& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = reel::ones({2});
  CHECK(message([&] { reel::quantize_per_tensor(x, 0, 0, reel::kQInt8); }) ==
        "quantize_per_tensor: expected a positive scale, got 0");
  CHECK(message([&] { reel::quantize_per_tensor(x, -1, 0, reel::kQInt8); }) != "no error");
  CHECK(message([&] { reel::quantize_per_tensor(x, std::nan(""), 0, reel::kQInt8); }) !=
        "no error");
  CHECK(message([&] { reel::quantize_per_tensor(x, 1e-60, 0, reel::kQInt8); }) != "no error");
  CHECK(message([&] { reel::quantize_per_tensor(x, 1, 128, reel::kQInt8); }) ==
        "quantize_per_tensor: expected a zero point of [-128, 127], got 128");
  CHECK(message([&] { reel::quantize_per_tensor(x, 1, 0, reel::kChar); }) ==
        "quantize_per_tensor: expected dtype QInt8 or QInt16, got Char");
  CHECK(message([&] { reel::quantize_per_tensor(x.to(reel::kDouble), 1, 0, reel::kQInt8); }) ==
        "quantize_per_tensor: expected a Float tensor, got Double");
  CHECK(message([&] { x.q_scale(); }) == "q_scale: expected a quantised tensor, got Float");
  CHECK(message([&] { x.int_repr(); }) != "no error");
  CHECK(message([&] { x.dequantize(); }) != "no error");
  const Tensor q = reel::quantize_per_tensor(x, 1, 0, reel::kQInt8);
  CHECK(message([&] { q.to(reel::kFloat); }) != "no error");
  CHECK(message([&] { q + q; }) != "no error");
  CHECK(message([&] { q.sum(); }) != "no error");
}
