#include <cstdio>
#include <cstdlib>
#include <utility>

#include <reel/backends/mlu/runtime/cnrt_state.h>

namespace bang {
namespace {

struct LastError {
  cnrtRet_t code = cnrtSuccess;
  cnrtRet_t detailed = cnrtSuccess;  ///< what `detail` is about, when `code` has been forgotten
  std::string detail;
};

LastError& last_error() {
  thread_local LastError last;
  return last;
}

struct Description {
  cnrtRet_t code;
  const char* name;
  const char* sentence;
};

constexpr Description kDescriptions[] = {
    {cnrtSuccess, "cnrtSuccess", "no error"},
    {cnrtErrorNotReady, "cnrtErrorNotReady", "the work is not done yet"},
    {cnrtErrorInit, "cnrtErrorInit", "the runtime could not be initialised"},
    {cnrtErrorNoDevice, "cnrtErrorNoDevice", "there is no device"},
    {cnrtErrorDeviceInvalid, "cnrtErrorDeviceInvalid",
     "the device ordinal is not one from 0 to cnrtGetDeviceCount() - 1"},
    {cnrtErrorArgsInvalid, "cnrtErrorArgsInvalid", "an argument is invalid"},
    {cnrtErrorSys, "cnrtErrorSys", "the operating system refused a request"},
    {cnrtErrorSysNoMem, "cnrtErrorSysNoMem", "the host has no memory left"},
    {cnrtErrorInvalidResourceHandle, "cnrtErrorInvalidResourceHandle",
     "the handle is not one of a living queue, notifier or buffer"},
    {cnrtErrorIllegalState, "cnrtErrorIllegalState",
     "the object is not in a state that allows this"},
    {cnrtErrorNotSupport, "cnrtErrorNotSupport", "simulated devices do not support this"},
    {cnrtErrorOpsNotPermitted, "cnrtErrorOpsNotPermitted", "this is not permitted here"},
    {cnrtErrorQueue, "cnrtErrorQueue", "the default queue could not be found"},
    {cnrtErrorNoMem, "cnrtErrorNoMem", "the device has no memory left"},
    {cnrtErrorAssert, "cnrtErrorAssert", "an assertion in a kernel failed"},
    {cnrtErrorKernelTrap, "cnrtErrorKernelTrap", "a kernel was stopped by an error"},
    {cnrtErrorKernelUserTrap, "cnrtErrorKernelUserTrap", "a kernel stopped itself"},
    {cnrtErrorNotFound, "cnrtErrorNotFound", "nothing was found"},
    {cnrtErrorInvalidKernel, "cnrtErrorInvalidKernel",
     "the address is not one of a kernel, or the arguments are not those of the kernel"},
    {cnrtErrorUnsupportedKernelVersion, "cnrtErrorUnsupportedKernelVersion",
     "the kernel was compiled by an unsupported compiler"},
    {cnrtErrorNoKernel, "cnrtErrorNoKernel", "the kernel was not registered"},
    {cnrtErrorNoModule, "cnrtErrorNoModule", "the module was not registered"},
    {cnrtErrorSetOnActiveProcess, "cnrtErrorSetOnActiveProcess",
     "flags can not be set while the device is in use"},
    {cnrtErrorDevice, "cnrtErrorDevice", "the object belongs to another device"},
    {cnrtErrorNoAttribute, "cnrtErrorNoAttribute", "there is no such attribute"},
    {cnrtErrorMemcpyDirectionInvalid, "cnrtErrorMemcpyDirectionInvalid",
     "the direction of the copy is not one of cnrtMemTransDir_t"},
    {cnrtErrorBusy, "cnrtErrorBusy", "the device is busy"},
    {cnrtErrorCndrvFuncCall, "cnrtErrorCndrvFuncCall", "a call of the driver failed"},
    {cnrtErrorCndevFuncCall, "cnrtErrorCndevFuncCall", "a call of the device library failed"},
    {cnrtErrorNoCnrtContext, "cnrtErrorNoCnrtContext", "there is no context"},
    {cnrtErrorCndrvFuncNotFound, "cnrtErrorCndrvFuncNotFound",
     "the driver does not have this function"},
    {cnrtErrorInvalidSymbol, "cnrtErrorInvalidSymbol", "there is no such symbol"},
    {cnrtErrorUnknown, "cnrtErrorUnknown", "an unknown error"},
};

const Description* describe(cnrtRet_t code) {
  for (const Description& description : kDescriptions) {
    if (description.code == code) return &description;
  }
  return nullptr;
}

}  // namespace

cnrtRet_t set_error(cnrtRet_t code, std::string detail) {
  last_error() = {code, code, std::move(detail)};
  return code;
}

}  // namespace bang

cnrtRet_t cnrtGetLastError() { return std::exchange(bang::last_error().code, cnrtSuccess); }
cnrtRet_t cnrtPeekAtLastError() { return bang::last_error().code; }
const char* cnrtGetLastErrorDetail() { return bang::last_error().detail.c_str(); }

const char* cnrtGetErrorName(cnrtRet_t code) {
  const auto* description = bang::describe(code);
  return description != nullptr ? description->name : "unrecognized error code";
}

const char* cnrtGetErrorStr(cnrtRet_t code) {
  const auto* description = bang::describe(code);
  return description != nullptr ? description->sentence : "unrecognized error code";
}

void cnrtCheck(cnrtRet_t code, const char* call, const char* file, int line) {
  if (code == cnrtSuccess) return;
  // The detail is that of this call unless another error came between.
  const bool detailed = bang::last_error().detailed == code && !bang::last_error().detail.empty();
  std::fflush(stdout);
  std::fprintf(stderr, "%s:%d: %s failed: %s (%d), %s%s%s\n", file, line, call,
               cnrtGetErrorName(code), static_cast<int>(code), cnrtGetErrorStr(code),
               detailed ? ": " : "", detailed ? cnrtGetLastErrorDetail() : "");
  std::exit(1);
}
