// Launches whose kernel the arguments choose, and those by address.

#include "launches.h"

#include <array>
#include <cnrt.h>
#include <fstream>
#include <string>
#include <vector>

#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/findings.h>
#include <reel/backends/mlu/runtime/trace.h>

#include "cnrt_support.h"
#include "support/files.h"

using Catch::Matchers::ContainsSubstring;
using namespace test::mlu;

TEST_CASE("the arguments of a launch choose the kernel") {
  std::array<float, kChosen> host{};
  void* p = allocate(sizeof(host));
  bang::clear_kernel_profiles();
  launch_chosen(static_cast<float*>(p));
  CHECK(cnrtQueueSync(nullptr) == cnrtSuccess);
  CHECK(cnrtMemcpy(host.data(), p, sizeof(host), cnrtMemcpyDevToHost) == cnrtSuccess);
  for (int i = 0; i < kChosen; ++i) {
    CAPTURE(i);
    CHECK(host[static_cast<size_t>(i)] == kExpected[i]);
  }
  // Profiles name kernels as their launches do.
  std::vector<std::string> names;
  for (const auto& profile : bang::kernel_profiles()) names.push_back(profile.kernel);
  for (const char* name : {"fill", "fill<float>", "convert<float>", "overloaded",
                           "::number<kLocal>", "kernel", "Holder::eight"}) {
    CHECK_THAT(names, Catch::Matchers::VectorContains(std::string(name)));
  }
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("a finding in a kernel that was chosen has its name and line") {
  void* p = allocate(64);
  CHECK(cnrtMemset(p, 0, 64) == cnrtSuccess);
  bang::clear_findings();
  launch_mistaken(static_cast<float*>(p));
  CHECK(cnrtQueueSync(nullptr) == cnrtErrorKernelTrap);
  const auto findings = bang::findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kernel == "mistaken");
  CHECK(findings[0].file.ends_with("launches.mlu"));
  std::ifstream file(reel::test::test_file("mlu/launches.mlu"));
  std::string line;
  for (int i = 0; i < findings[0].line; ++i) std::getline(file, line);
  CHECK(line.ends_with("MISTAKE mistaken"));
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("mlucc makes the kernels of a file known by their addresses") {
  float host = 0, value = 1;
  int count = 1;
  void* p = allocate(sizeof(host));
  CHECK(cnrtMemset(p, 0, sizeof(host)) == cnrtSuccess);
  std::array<void*, 3> arguments{static_cast<void*>(&p), &value, &count};
  const cnrtDim3_t dim{1, 1, 1};
  for (const ByAddress kernel :
       {ByAddress::plain, ByAddress::entry, ByAddress::linkage, ByAddress::overloaded,
        ByAddress::instantiated, ByAddress::specialized}) {
    CAPTURE(static_cast<int>(kernel));
    CHECK(cnrtInvokeKernel(address_of(kernel), dim, cnrtFuncTypeBlock, arguments.data(), 0,
                           nullptr) == cnrtSuccess);
  }
  CHECK(cnrtInvokeKernel(address_of(ByAddress::unknown), dim, cnrtFuncTypeBlock, arguments.data(),
                         0, nullptr) == cnrtErrorInvalidKernel);
  CHECK_THAT(detail_of(cnrtErrorInvalidKernel),
             ContainsSubstring("a template is known where it is instantiated explicitly"));
  CHECK(cnrtQueueSync(nullptr) == cnrtSuccess);
  CHECK(cnrtMemcpy(&host, p, sizeof(host), cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(host == 6);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("kernels are launched by address, old and new") {
  std::array<float, 8> host{};
  void* p = allocate(sizeof(host));
  CHECK(cnrtMemset(p, 0, sizeof(host)) == cnrtSuccess);
  const cnrtDim3_t dim{1, 1, 1};
  float value = 2;
  int count = 8;
  std::array<void*, 3> arguments{static_cast<void*>(&p), &value, &count};
  const void* kernel = address_of(ByAddress::plain);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  value = 100;  // the launch has its copy
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);

  const cnrtQueue_t queue = new_queue();
  cnrtKernelParamsBuffer_t params = nullptr;
  CHECK(cnrtGetKernelParamsBuffer(&params) == CNRT_RET_SUCCESS);
  value = 1;
  CHECK(cnrtKernelParamsBufferAddParam(params, &p, sizeof(float*)) == CNRT_RET_SUCCESS);
  CHECK(cnrtKernelParamsBufferAddParam(params, &value, sizeof(float)) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) ==
        cnrtErrorInvalidKernel);
  CHECK_THAT(detail_of(cnrtErrorInvalidKernel),
             ContainsSubstring("plain has 3 parameters, the buffer has 2"));
  CHECK(cnrtKernelParamsBufferAddParam(params, &count, sizeof(int)) == CNRT_RET_SUCCESS);
  CHECK(cnrtSyncDevice() == cnrtSuccess);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) == CNRT_RET_SUCCESS);
  cnrtKernelInitParam_t init = nullptr;
  CHECK(cnrtCreateKernelInitParam(&init) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V3(kernel, init, dim, params, CNRT_FUNC_TYPE_BLOCK, queue, nullptr) ==
        cnrtErrorInvalidKernel);
  CHECK(cnrtInitKernelMemory(kernel, init) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V3(kernel, init, dim, params, CNRT_FUNC_TYPE_BLOCK, queue, nullptr) ==
        CNRT_RET_SUCCESS);
  CHECK(cnrtSyncQueue(queue) == CNRT_RET_SUCCESS);
  CHECK(cnrtMemcpy(host.data(), p, sizeof(host), cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(host[0] == 104);
  CHECK(host[7] == 104);

  CHECK(cnrtInvokeKernel(&host, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtErrorInvalidKernel);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, nullptr, 0, nullptr) ==
        cnrtErrorArgsInvalid);
  CHECK(cnrtDestroyKernelInitParamAndMemory(init) == CNRT_RET_SUCCESS);
  CHECK(cnrtDestroyKernelParamsBuffer(params) == CNRT_RET_SUCCESS);
  CHECK(cnrtDestroyKernelParamsBuffer(params) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) ==
        cnrtErrorInvalidResourceHandle);
  CHECK(cnrtDestroyQueue(queue) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, queue) ==
        cnrtErrorInvalidResourceHandle);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("a kernel that leaves device memory is stopped, and the next one runs") {
  void* p = allocate(4096);
  float value = 1;
  int count = 1 << 20;
  const void* kernel = address_of(ByAddress::plain);
  std::array<void*, 3> arguments{static_cast<void*>(&p), &value, &count};
  const cnrtDim3_t dim{1, 1, 1};
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  CHECK(cnrtQueueSync(nullptr) == cnrtErrorKernelTrap);
  CHECK_THAT(detail_of(cnrtErrorKernelTrap),
             ContainsSubstring("kernel plain, ") && ContainsSubstring("launches.mlu:"));
  count = 4;
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  CHECK(cnrtQueueSync(nullptr) == cnrtSuccess);
  CHECK(cnrtFree(p) == cnrtSuccess);
}
