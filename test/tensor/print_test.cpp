#include <cmath>
#include <iomanip>
#include <iterator>
#include <sstream>
#include <string>

#include <reel/tensor/ops.h>

#include "support/catch.h"
#include "tensor/print_cases.h"
#include "tensor/print_expected.h"

namespace {

template <class T>
std::string printed(const T& value) {
  std::ostringstream stream;
  stream << value;
  return stream.str();
}

}  // namespace

TEST_CASE("tensors print as LibTorch prints them, byte for byte") {
  const auto cases = print_cases();
  REQUIRE(cases.size() == std::size(kPrintExpected));
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto& [name, tensor] = cases[i];
    CAPTURE(name);
    REQUIRE(name == kPrintExpected[i].first);
    CHECK(printed(tensor) == kPrintExpected[i].second);
  }
}

TEST_CASE("complex tensors print both parts") {
  using Complex = reel::Complex<double>;
  const reel::Tensor z = reel::tensor(std::vector<Complex>{{1.5, -2}, {0, 3}}, reel::kComplexFloat);
  CHECK(printed(z) == " 1.5000\n 0.0000\n+ i *\n-2\n 3\n[ CPUComplexFloatType{2} ]");
}

TEST_CASE("printing leaves the stream's formats alone") {
  std::ostringstream stream;
  stream << std::setprecision(3) << std::hex;
  stream << reel::tensor({0.123456789, 2.0});
  stream.str("");
  stream << 3.14159265 << ' ' << 255;
  CHECK(stream.str() == "3.14 ff");
}

TEST_CASE("types, devices and shapes print as in LibTorch") {
  CHECK(printed(reel::kFloat) == "Float");
  CHECK(printed(reel::kComplexFloat) == "ComplexFloat");
  CHECK(printed(reel::kQInt8) == "QInt8");
  CHECK(printed(reel::kBFloat16) == "BFloat16");
  CHECK(printed(reel::kFloat16) == "Half");
  CHECK(printed(reel::Device("cpu")) == "cpu");
  CHECK(printed(reel::Device("cpu:1")) == "cpu:1");
  CHECK(printed(reel::IntArrayRef({2, 3})) == "[2, 3]");
  CHECK(printed(reel::IntArrayRef()) == "[]");
  CHECK(printed(reel::zeros({2, 3, 4}).sizes()) == "[2, 3, 4]");
  CHECK(reel::ones({2, 2}, reel::kComplexDouble).toString() == "CPUComplexDoubleType");
  CHECK(reel::quantize_per_tensor(reel::ones({2}), 0.1, 0, reel::kQInt8).toString() ==
        "QuantizedCPUQInt8Type");
  CHECK(reel::Tensor().toString() == "UndefinedType");
}

TEST_CASE("tensors that are not contiguous or on another device print their values") {
  const reel::Tensor x = reel::arange(6, reel::kFloat).reshape({2, 3});
  CHECK(printed(x.select(1, 1)) == " 1\n 4\n[ CPUFloatType{2} ]");
  CHECK(printed(x.to(reel::Device("reference")).t()) ==
        " 0  3\n 1  4\n 2  5\n[ REFERENCEFloatType{3,2} ]");
}
