// Kernels that are launched by address, with untyped arguments.

#include <cstring>

#include <bang/kernels.h>
#include <bang/launch.h>

#include <reel/backends/mlu/runtime/cnrt_state.h>

struct cnrtKernelParamsBuffer {
  std::vector<std::vector<unsigned char>> values;
};

struct cnrtKernelInitParam {
  const void* kernel = nullptr;
};

namespace bang {
namespace {

struct Kernels {
  std::mutex mutex;
  std::unordered_map<const void*, KernelEntry> entries;
};

// Filled by initialisers of static objects, in an order that nobody knows.
Kernels& kernels() {
  static auto* all = new Kernels;
  return *all;
}

template <class T>
struct Living {
  std::mutex mutex;
  std::unordered_set<T*> objects;
};

/// Parameter buffers and the like that have not been destroyed.
template <class T>
Living<T>& living() {
  static auto* all = new Living<T>;
  return *all;
}

template <class T>
cnrtRet_t create_object(const char* name, T** out) {
  return guarded(name, [&]() -> cnrtRet_t {
    if (out == nullptr) return null_argument(name, "the result");
    auto made = std::make_unique<T>();
    const std::lock_guard guard(living<T>().mutex);
    living<T>().objects.insert(made.get());
    *out = made.release();
    return cnrtSuccess;
  });
}

template <class T>
cnrtRet_t check_object(const char* name, T* object) {
  const std::lock_guard guard(living<T>().mutex);
  if (living<T>().objects.contains(object)) return cnrtSuccess;
  return error(cnrtErrorInvalidResourceHandle, "{}: {} was destroyed or never created", name,
               static_cast<const void*>(object));
}

template <class T>
cnrtRet_t destroy_object(const char* name, T* object) {
  return guarded(name, [&]() -> cnrtRet_t {
    if (const cnrtRet_t code = check_object(name, object); code != cnrtSuccess) return code;
    const std::lock_guard guard(living<T>().mutex);
    living<T>().objects.erase(object);
    delete object;
    return cnrtSuccess;
  });
}

cnrtRet_t launch(const char* name, const KernelEntry& entry, cnrtDim3_t dim,
                 cnrtFunctionType_t type, const void* const* arguments, cnrtQueue_t queue) {
  if (find_queue(name, queue) == nullptr) return cnrtPeekAtLastError();
  enqueue(entry.name, entry.site, dim, type, queue, entry.bind(arguments));
  return cnrtSuccess;
}

cnrtRet_t find_entry(const char* name, const void* kernel, const KernelEntry** entry) {
  if (kernel == nullptr) return null_argument(name, "the kernel");
  *entry = find_kernel(kernel);
  if (*entry != nullptr) return cnrtSuccess;
  return error(cnrtErrorInvalidKernel,
               "{}: {} is not the address of a kernel that mlucc compiled; one of a template is "
               "known where it is instantiated explicitly",
               name, kernel);
}

cnrtRet_t invoke(const char* name, const void* kernel, cnrtDim3_t dim,
                 cnrtKernelParamsBuffer_t params, cnrtFunctionType_t type, cnrtQueue_t queue) {
  return guarded(name, [&]() -> cnrtRet_t {
    const KernelEntry* entry = nullptr;
    cnrtRet_t code = find_entry(name, kernel, &entry);
    if (code == cnrtSuccess) code = check_object(name, params);
    if (code != cnrtSuccess) return code;
    const auto& values = params->values;
    if (values.size() != entry->sizes.size()) {
      return error(cnrtErrorInvalidKernel, "{}: kernel {} has {} parameters, the buffer has {}",
                   name, entry->name, entry->sizes.size(), values.size());
    }
    std::vector<const void*> arguments;
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i].size() != entry->sizes[i]) {
        return error(cnrtErrorInvalidKernel,
                     "{}: parameter {} of kernel {} has {} bytes, the buffer has {}", name, i,
                     entry->name, entry->sizes[i], values[i].size());
      }
      arguments.push_back(values[i].data());
    }
    return launch(name, *entry, dim, type, arguments.data(), queue);
  });
}

}  // namespace

void register_kernel(const void* kernel, KernelEntry entry) {
  const std::lock_guard guard(kernels().mutex);
  kernels().entries.insert_or_assign(kernel, std::move(entry));
}

void forget_kernel(const void* kernel) {
  const std::lock_guard guard(kernels().mutex);
  kernels().entries.erase(kernel);
}

const KernelEntry* find_kernel(const void* kernel) {
  const std::lock_guard guard(kernels().mutex);
  const auto entry = kernels().entries.find(kernel);
  return entry == kernels().entries.end() ? nullptr : &entry->second;
}

}  // namespace bang

using namespace bang;

cnrtRet_t cnrtInvokeKernel(const void* kernel, cnrtDim3_t dim, cnrtFunctionType_t type,
                           void** arguments, size_t reserved, cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtInvokeKernel";
  return guarded(kName, [&]() -> cnrtRet_t {
    const KernelEntry* entry = nullptr;
    const cnrtRet_t code = find_entry(kName, kernel, &entry);
    if (code != cnrtSuccess) return code;
    if (reserved != 0) {
      return error(cnrtErrorArgsInvalid, "{}: reserved is {}, expected 0", kName, reserved);
    }
    for (size_t i = 0; i < entry->sizes.size(); ++i) {
      if (arguments == nullptr || arguments[i] == nullptr) {
        return error(cnrtErrorArgsInvalid, "{}: argument {} of kernel {} is null", kName, i,
                     entry->name);
      }
    }
    return launch(kName, *entry, dim, type, arguments, queue);
  });
}

cnrtRet_t cnrtInvokeKernel_V2(const void* kernel, cnrtDim3_t dim, cnrtKernelParamsBuffer_t params,
                              cnrtFunctionType_t type, cnrtQueue_t queue) {
  return invoke("cnrtInvokeKernel_V2", kernel, dim, params, type, queue);
}

cnrtRet_t cnrtInvokeKernel_V3(const void* kernel, cnrtKernelInitParam_t init, cnrtDim3_t dim,
                              cnrtKernelParamsBuffer_t params, cnrtFunctionType_t type,
                              cnrtQueue_t queue, [[maybe_unused]] void* extra) {
  static constexpr const char* kName = "cnrtInvokeKernel_V3";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (const cnrtRet_t code = check_object(kName, init); code != cnrtSuccess) return code;
    if (init->kernel != kernel) {
      return error(cnrtErrorInvalidKernel, "{}: cnrtInitKernelMemory was not called for the kernel",
                   kName);
    }
    return invoke(kName, kernel, dim, params, type, queue);
  });
}

cnrtRet_t cnrtGetKernelParamsBuffer(cnrtKernelParamsBuffer_t* params) {
  return create_object("cnrtGetKernelParamsBuffer", params);
}

cnrtRet_t cnrtCopyKernelParamsBuffer(cnrtKernelParamsBuffer_t dst, cnrtKernelParamsBuffer_t src) {
  static constexpr const char* kName = "cnrtCopyKernelParamsBuffer";
  return guarded(kName, [&]() -> cnrtRet_t {
    cnrtRet_t code = check_object(kName, dst);
    if (code == cnrtSuccess) code = check_object(kName, src);
    if (code == cnrtSuccess) *dst = *src;
    return code;
  });
}

cnrtRet_t cnrtKernelParamsBufferAddParam(cnrtKernelParamsBuffer_t params, const void* data,
                                         size_t bytes) {
  static constexpr const char* kName = "cnrtKernelParamsBufferAddParam";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (const cnrtRet_t code = check_object(kName, params); code != cnrtSuccess) return code;
    if (data == nullptr) return null_argument(kName, "data");
    if (bytes == 0) return error(cnrtErrorArgsInvalid, "{}: 0 bytes", kName);
    const auto* first = static_cast<const unsigned char*>(data);
    params->values.emplace_back(first, first + bytes);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtDestroyKernelParamsBuffer(cnrtKernelParamsBuffer_t params) {
  return destroy_object("cnrtDestroyKernelParamsBuffer", params);
}

cnrtRet_t cnrtCreateKernelInitParam(cnrtKernelInitParam_t* init) {
  return create_object("cnrtCreateKernelInitParam", init);
}

cnrtRet_t cnrtInitKernelMemory(const void* kernel, cnrtKernelInitParam_t init) {
  static constexpr const char* kName = "cnrtInitKernelMemory";
  return guarded(kName, [&]() -> cnrtRet_t {
    const KernelEntry* entry = nullptr;
    cnrtRet_t code = find_entry(kName, kernel, &entry);
    if (code == cnrtSuccess) code = check_object(kName, init);
    if (code == cnrtSuccess) init->kernel = kernel;
    return code;
  });
}

cnrtRet_t cnrtDestroyKernelInitParamAndMemory(cnrtKernelInitParam_t init) {
  return destroy_object("cnrtDestroyKernelInitParamAndMemory", init);
}
