// The C API of the MLU simulator: devices, errors, conversions on the host.

#include <array>
#include <cmath>
#include <cnrt.h>
#include <limits>
#include <set>
#include <string>
#include <thread>

#include "cnrt_support.h"

using Catch::Matchers::ContainsSubstring;
using namespace test::mlu;

extern "C" int cnrt_c99_program(void);
extern "C" const char* cnrt_c99_step(void);

TEST_CASE("cnrt.h serves a C99 program") {
  INFO(cnrt_c99_step());
  CHECK(cnrt_c99_program() == 0);
}

TEST_CASE("devices are counted, set for each thread and described") {
  unsigned count = 0;
  REQUIRE(cnrtGetDeviceCount(&count) == cnrtSuccess);
  REQUIRE(count == 2);
  const DeviceScope scope(1);
  int device = -1, other = -1;
  CHECK(cnrtGetDevice(&device) == cnrtSuccess);
  CHECK(device == 1);
  std::thread([&] { cnrtGetDevice(&other); }).join();
  CHECK(other == 0);

  int value = 0;
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrClusterCount, 0) == cnrtSuccess);
  CHECK(value == 8);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrMcorePerCluster, 0) == cnrtSuccess);
  CHECK(value == 4);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrNramSizePerMcore, 0) == cnrtSuccess);
  CHECK(value == 768 * 1024);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrISAVersion, 0) == cnrtSuccess);
  CHECK(value == 372);
  cnrtDeviceProp_t properties;
  CHECK(cnrtGetDeviceProperties(&properties, 1) == cnrtSuccess);
  CHECK(std::string(properties.name) == "MLU370");
  CHECK(properties.SramSizePerMcore == 4096 * 1024);
  size_t free_bytes = 0, total = 0;
  CHECK(cnrtMemGetInfo(&free_bytes, &total) == cnrtSuccess);
  CHECK(properties.totalGlobalMemSize == total);

  std::array<char, 16> id{};
  CHECK(cnrtDeviceGetPCIBusId(id.data(), 16, 1) == cnrtSuccess);
  CHECK(cnrtDeviceGetByPCIBusId(&device, id.data()) == cnrtSuccess);
  CHECK(device == 1);
  unsigned accessible = 0;
  CHECK(cnrtGetPeerAccessibility(&accessible, 0, 1) == cnrtSuccess);
  CHECK(accessible == 1);

  cnrtDev_t handle = 7;
  CHECK(cnrtGetDevice(&handle) == CNRT_RET_SUCCESS);
  CHECK(handle == 1);
}

TEST_CASE("wrong devices and attributes are errors that say what was asked for") {
  CHECK(cnrtSetDevice(2) == cnrtErrorDeviceInvalid);
  CHECK_THAT(detail_of(cnrtErrorDeviceInvalid), ContainsSubstring("device 2 of 2"));
  CHECK(cnrtSetDevice(-1) == cnrtErrorDeviceInvalid);
  CHECK(cnrtSetCurrentDevice(99) == cnrtErrorDeviceInvalid);
  int value = 0;
  CHECK(cnrtDeviceGetAttribute(&value, static_cast<cnrtDeviceAttr_t>(0x7777), 0) ==
        cnrtErrorNoAttribute);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrMaxL2CacheSize, 0) == cnrtErrorNotSupport);
  CHECK(cnrtDeviceGetAttribute(nullptr, cnrtAttrClusterCount, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtGetDeviceProperties(nullptr, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtGetDeviceCount(nullptr) == cnrtErrorArgsInvalid);
  CHECK(cnrtDeviceGetByPCIBusId(&value, "nonsense") == cnrtErrorDeviceInvalid);
  std::array<char, 4> small{};
  CHECK(cnrtDeviceGetPCIBusId(small.data(), 4, 0) == cnrtErrorArgsInvalid);
}

TEST_CASE("the last error belongs to a thread, and is forgotten when it is read") {
  CHECK(cnrtSetDevice(9) == cnrtErrorDeviceInvalid);
  CHECK(cnrtPeekAtLastError() == cnrtErrorDeviceInvalid);
  std::thread([] { CHECK(cnrtPeekAtLastError() == cnrtSuccess); }).join();
  CHECK(cnrtGetLastError() == cnrtErrorDeviceInvalid);
  CHECK(cnrtGetLastError() == cnrtSuccess);
}

TEST_CASE("every error has a name and a sentence of its own") {
  std::set<std::string> sentences;
  const auto codes = {
      cnrtSuccess,           cnrtErrorNotReady,      cnrtErrorInit,
      cnrtErrorNoDevice,     cnrtErrorDeviceInvalid, cnrtErrorArgsInvalid,
      cnrtErrorSys,          cnrtErrorSysNoMem,      cnrtErrorInvalidResourceHandle,
      cnrtErrorIllegalState, cnrtErrorNotSupport,    cnrtErrorOpsNotPermitted,
      cnrtErrorNoMem,        cnrtErrorKernelTrap,    cnrtErrorInvalidKernel,
      cnrtErrorDevice,       cnrtErrorNoAttribute,   cnrtErrorMemcpyDirectionInvalid,
      cnrtErrorUnknown};
  for (const cnrtRet_t code : codes) sentences.insert(cnrtGetErrorStr(code));
  CHECK(sentences.size() == codes.size());
  CHECK(std::string(cnrtGetErrorName(cnrtErrorNoMem)) == "cnrtErrorNoMem");
  CHECK(std::string(cnrtGetErrorName(static_cast<cnrtRet_t>(5))) == "unrecognized error code");
}

TEST_CASE("CNRT_CHECK prints all that is known and ends the program") {
  const Child child = run_in_child([] {
    void* p = nullptr;
    CNRT_CHECK(cnrtMalloc(&p, 100));
    CNRT_CHECK(cnrtMemset(p, 0, 101));
  });
  CHECK(child.exit_code == 1);
  CHECK_THAT(child.errors, ContainsSubstring("cnrt_test.cpp") &&
                               ContainsSubstring("cnrtMemset(p, 0, 101) failed") &&
                               ContainsSubstring("cnrtErrorArgsInvalid (100006)") &&
                               ContainsSubstring("a block of 100 bytes"));
}

TEST_CASE("half, bfloat16 and fixed point are converted on the host") {
  const auto half = [](float value) {
    uint16_t code = 0;
    CHECK(cnrtConvertFloatToHalf(&code, value) == cnrtSuccess);
    return code;
  };
  CHECK(half(1) == 0x3c00);
  CHECK(half(-2) == 0xc000);
  CHECK(half(65504) == 0x7bff);
  CHECK(half(65520) == 0x7c00);  // the tie goes to infinity
  CHECK(half(1 + 1.0f / 2048) == 0x3c00);
  CHECK(half(1 + 3.0f / 2048) == 0x3c02);
  CHECK(half(std::ldexp(1.0f, -24)) == 0x0001);
  CHECK(half(std::ldexp(1.0f, -25)) == 0x0000);
  CHECK(half(std::ldexp(1.0f, -14)) == 0x0400);
  CHECK(half(-0.0f) == 0x8000);
  for (int code = 0; code < 0x10000; ++code) {
    if ((code & 0x7c00) == 0x7c00 && (code & 0x3ff) != 0) continue;  // not a number
    float value = 0;
    cnrtConvertHalfToFloat(&value, static_cast<uint16_t>(code));
    REQUIRE(half(value) == code);
  }
  CHECK(std::isnan([&] {
    float value = 0;
    cnrtConvertHalfToFloat(&value, half(std::numeric_limits<float>::quiet_NaN()));
    return value;
  }()));

  const std::array<float, 5> values{0.5f, -1.25f, 100.f, 3.3f, -200.f};
  std::array<uint16_t, 5> bfloats{};
  CHECK(cnrtCastDataType_V2(values.data(), cnrtFloat, bfloats.data(), cnrtBfloat, 5, nullptr,
                            cnrtRounding_rn) == cnrtSuccess);
  CHECK(bfloats[0] == 0x3f00);
  CHECK(bfloats[3] == 0x4053);
  std::array<int8_t, 5> fixed{};
  cnrtQuantizedParam_t param = nullptr;
  CHECK(cnrtCreateQuantizedParam(&param, -1, 1.0f, 0) == cnrtSuccess);
  CHECK(cnrtCastDataType(values.data(), CNRT_FLOAT32, fixed.data(), CNRT_INT8, 5, param) ==
        CNRT_RET_SUCCESS);
  CHECK(fixed == std::array<int8_t, 5>{1, -2, 127, 7, -128});
  std::array<float, 5> back{};
  CHECK(cnrtCastDataType(fixed.data(), CNRT_INT8, back.data(), CNRT_FLOAT32, 5, param) ==
        CNRT_RET_SUCCESS);
  CHECK(back[3] == 3.5f);
  CHECK(cnrtDestroyQuantizedParam(param) == cnrtSuccess);
  CHECK(cnrtCreateQuantizedParam(&param, 0, 0.0f, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtDataTypeSize(CNRT_FLOAT16) == 2);
  void* device = allocate(64);
  CHECK(cnrtCastDataType(device, CNRT_FLOAT32, back.data(), CNRT_FLOAT32, 5, nullptr) ==
        cnrtErrorArgsInvalid);
  CHECK(cnrtFree(device) == cnrtSuccess);
}
