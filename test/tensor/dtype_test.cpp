#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <reel/tensor/dtype.h>
#include <reel/tensor/error.h>
#include <reel/tensor/options.h>

#include "support/catch.h"

using reel::ScalarType;

TEST_CASE("types promote by PyTorch's table") {
  constexpr std::array kTypes = {reel::kByte,          reel::kChar,   reel::kShort,
                                 reel::kInt,           reel::kLong,   reel::kHalf,
                                 reel::kFloat,         reel::kDouble, reel::kComplexFloat,
                                 reel::kComplexDouble, reel::kBool,   reel::kBFloat16};
  // torch.promote_types of PyTorch 1.13, one row per first type, in the order above.
  constexpr std::array kRows = {"u8 i16 i16 i32 i64 f16 f32 f64 c64 c128 u8 bf16",
                                "i16 i8 i16 i32 i64 f16 f32 f64 c64 c128 i8 bf16",
                                "i16 i16 i16 i32 i64 f16 f32 f64 c64 c128 i16 bf16",
                                "i32 i32 i32 i32 i64 f16 f32 f64 c64 c128 i32 bf16",
                                "i64 i64 i64 i64 i64 f16 f32 f64 c64 c128 i64 bf16",
                                "f16 f16 f16 f16 f16 f16 f32 f64 c64 c128 f16 f32",
                                "f32 f32 f32 f32 f32 f32 f32 f64 c64 c128 f32 f32",
                                "f64 f64 f64 f64 f64 f64 f64 f64 c128 c128 f64 f64",
                                "c64 c64 c64 c64 c64 c64 c64 c128 c64 c128 c64 c64",
                                "c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128",
                                "u8 i8 i16 i32 i64 f16 f32 f64 c64 c128 b bf16",
                                "bf16 bf16 bf16 bf16 bf16 f32 f32 f64 c64 c128 bf16 bf16"};
  const auto short_name = [](ScalarType type) -> std::string {
    constexpr const char* kNames[] = {"u8",  "i8",  "i16",  "i32", "i64",  "f16",
                                      "f32", "f64", "bf16", "c64", "c128", "b"};
    return kNames[static_cast<int>(type)];
  };
  for (size_t i = 0; i < kTypes.size(); ++i) {
    std::string row;
    for (const ScalarType b : kTypes) {
      row += (row.empty() ? "" : " ") + short_name(reel::promote_types(kTypes[i], b));
    }
    CHECK(row == kRows[i]);
  }
}

TEST_CASE("quantised types promote only to themselves") {
  CHECK(reel::promote_types(reel::kQInt8, reel::kQInt8) == reel::kQInt8);
  CHECK_THROWS_AS(reel::promote_types(reel::kQInt8, reel::kFloat), reel::Error);
  CHECK_THROWS_AS(reel::promote_types(reel::kQInt16, reel::kQInt8), reel::Error);
}

TEST_CASE("Half and BFloat16 round to nearest even and keep special values") {
  using reel::BFloat16;
  using reel::Half;
  CHECK(Half(0.1f).bits == 0x2e66);
  CHECK(Half(65504.0f).bits == 0x7bff);
  CHECK(Half(65519.9f).bits == 0x7bff);
  CHECK(Half(65520.0f).bits == 0x7c00);
  CHECK(Half(-0.0f).bits == 0x8000);
  CHECK(Half(0x1p-24f).bits == 0x0001);
  CHECK(Half(0x1p-25f).bits == 0x0000);
  CHECK(Half(0x1.8p-25f).bits == 0x0001);
  CHECK(Half(1.0f + 0x1p-11f).bits == 0x3c00);
  CHECK(Half(1.0f + 0x1.8p-10f).bits == 0x3c02);
  CHECK(std::isnan(float(Half(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isinf(float(Half(-std::numeric_limits<float>::infinity()))));
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = Half::from_bits(static_cast<uint16_t>(bits));
    REQUIRE(Half(float(half)).bits == bits);
  }
  CHECK(BFloat16(1.0f + 0x1p-8f).bits == 0x3f80);
  CHECK(BFloat16(1.0f + 0x1.8p-7f).bits == 0x3f82);
  CHECK(BFloat16(std::numeric_limits<float>::max()).bits == 0x7f80);
  CHECK(std::isnan(float(BFloat16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("the default dtype is Float until set, and always floating point") {
  CHECK(reel::get_default_dtype() == reel::kFloat);
  reel::set_default_dtype(reel::kDouble);
  CHECK(reel::TensorOptions().dtype() == reel::kDouble);
  reel::set_default_dtype(reel::kFloat);
  CHECK_THROWS_AS(reel::set_default_dtype(reel::kLong), reel::Error);
  CHECK_THROWS_AS(reel::set_default_dtype(reel::kComplexFloat), reel::Error);
}

TEST_CASE("a DeviceGuard places what is created in its scope") {
  CHECK(reel::current_device() == reel::Device("cpu"));
  {
    const reel::DeviceGuard guard("reference");
    CHECK(reel::TensorOptions().device() == reel::Device("reference:0"));
    {
      const reel::DeviceGuard inner("cpu:0");
      CHECK(reel::current_device().is_cpu());
    }
    CHECK(reel::current_device().str() == "reference");
  }
  CHECK(reel::current_device().is_cpu());
}

TEST_CASE("devices are named as in LibTorch, and other names are errors") {
  CHECK(reel::Device("cpu").str() == "cpu");
  CHECK(reel::Device("cpu:0").str() == "cpu:0");
  CHECK(reel::Device("cpu") == reel::Device("cpu:0"));
  CHECK(reel::Device("cpu").index() == -1);
  CHECK(reel::Device("cpu:7").index() == 7);
  for (const char* name : {"", "nonsense", "cpu:", "cpu:a", "cpu:-1", "cpu:999", "cpu:01",
                           "cpu:1:2", ":0", "CPU", "cpu "}) {
    CAPTURE(name);
    CHECK_THROWS_AS(reel::Device(name), reel::Error);
  }
}
