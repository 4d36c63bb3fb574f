// Devices of the C API.

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/cnrt_state.h>
#include <reel/backends/mlu/runtime/queues.h>

namespace bang {

Handles& handles() {
  static auto* all = new Handles;  // threads of queues may outlive static objects
  return *all;
}

namespace {

constexpr size_t kMB = size_t{1} << 20;
constexpr int kMaxDim = 65535;
constexpr int kMaxQueues = 4094;
constexpr int kFirstPciBus = 0x10;

/// What an attribute is; -1: the simulator knows none, -2: there is no such attribute.
int attribute_value(cnrtDeviceAttr_t attribute, int device) {
  const Arch& card = arch();
  switch (attribute) {
    case cnrtAttrComputeCapabilityMajor:
      return card.number / 100;
    case cnrtAttrComputeCapabilityMinor:
      return card.number / 10 % 10;
    case cnrtAttrFP16ComputingSupported:
    case cnrtAttrINT8ComputingSupported:
      return 1;
    case cnrtAttrBF16ComputingSupported:
      return card.number >= 300 ? 1 : 0;
    case cnrtAttrSparseComputingSupported:
    case cnrtAttrINT4ComputingSupported:
    case cnrtAttrTF32ComputingSupported:
    case cnrtAttrComputeMode:
    case cnrtAttrSupportQueuePriorities:
    case cnrtAttrIsMultipleTensorProcessor:
    case cnrtAttrEccEnable:
    case cnrtAttrPciDeviceID:
    case cnrtAttrPciDomainID:
      return 0;
    case cnrtAttrQueueSize:
    case cnrtAttrNotifierSize:
      return kMaxQueues;
    case cnrtAttrMaxDimX:
    case cnrtAttrMaxDimY:
    case cnrtAttrMaxDimZ:
      return kMaxDim;
    case cnrtAttrMaxClusterCountPerUnionTask:
    case cnrtAttrMaxClusterPerUnionLimitTask:
    case cnrtAttrClusterCount:
      return card.clusters;
    case cnrtAttrMcorePerCluster:
      return Arch::kCoresPerCluster;
    case cnrtAttrMaxQuadrantCount:
    case cnrtAttrGlobalMemoryNodeCount:
      return 1;
    case cnrtAttrISAVersion:
      return card.number;
    case cnrtAttrNramSizePerMcore:
      return static_cast<int>(card.nram);
    case cnrtAttrWramSizePerMcore:
      return static_cast<int>(card.wram);
    case cnrtAttrSramSizePerMcore:
      return static_cast<int>(card.sram);
    case cnrtAttrAvailableGlobalMemorySize:
    case cnrtAttrTotalMemSize:
    case cnrtAttrMDRMemorySize:
      return static_cast<int>(memory_info(device).total / kMB);
    case cnrtAttrIpuClockRate:
      return static_cast<int>(card.clock_mhz * 1000);
    case cnrtAttrPciBusID:
      return kFirstPciBus + device;
    case cnrtAttrMaxUnionTypePerQuadrant:
    case cnrtAttrMaxL2CacheSize:
    case cnrtAttrTotalConstMemorySize:
    case cnrtAttrLmemSizePerMcore:
    case cnrtAttrMaxPersistingL2CacheSize:
    case cnrtAttrMemClockRate:
    case cnrtAttrGmemBusWidth:
      return -1;
    case cnrtAttrUnsupportedFlag:
      break;
  }
  return -2;
}

cnrtRet_t reset_device(const char* name, int device) {
  if (in_queue_thread()) return waiting_not_permitted(name);
  finish_device(device);
  std::vector<std::shared_ptr<Queue>> queues;  // their threads are joined without the lock
  {
    const std::lock_guard guard(handles().mutex);
    std::erase_if(handles().queues, [&](const auto& entry) {
      if (entry.second.queue->device() != device) return false;
      queues.push_back(entry.second.queue);
      return true;
    });
    std::erase_if(handles().notifiers,
                  [&](const auto& entry) { return entry.second->device == device; });
  }
  queues.clear();
  free_blocks(device);
  return cnrtSuccess;
}

}  // namespace
}  // namespace bang

using namespace bang;

// ---- Devices ----------------------------------------------------------------------------------

cnrtRet_t cnrtGetDeviceCount(unsigned int* count) {
  return guarded("cnrtGetDeviceCount", [&]() -> cnrtRet_t {
    if (count == nullptr) return null_argument("cnrtGetDeviceCount", "count");
    *count = static_cast<unsigned>(device_count());
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtSetDevice(int ordinal) {
  return guarded("cnrtSetDevice", [&]() -> cnrtRet_t {
    if (!valid_device(ordinal)) return invalid_device("cnrtSetDevice", ordinal);
    set_current_device(ordinal);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetDevice(int* ordinal) {
  if (ordinal == nullptr) return null_argument("cnrtGetDevice", "ordinal");
  *ordinal = current_device();
  return cnrtSuccess;
}

cnrtRet_t cnrtDeviceGetAttribute(int* value, cnrtDeviceAttr_t attribute, int ordinal) {
  static constexpr const char* kName = "cnrtDeviceGetAttribute";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (value == nullptr) return null_argument(kName, "value");
    if (!valid_device(ordinal)) return invalid_device(kName, ordinal);
    const int found = attribute_value(attribute, ordinal);
    const int number = static_cast<int>(attribute);
    if (found == -1) {
      return error(cnrtErrorNotSupport, "{}: nothing is known of attribute 0x{:x} of {}", kName,
                   number, arch().name);
    }
    if (found < 0) return error(cnrtErrorNoAttribute, "{}: attribute 0x{:x}", kName, number);
    *value = found;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetDeviceProperties(cnrtDeviceProp_t* properties, int ordinal) {
  static constexpr const char* kName = "cnrtGetDeviceProperties";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (properties == nullptr) return null_argument(kName, "properties");
    if (!valid_device(ordinal)) return invalid_device(kName, ordinal);
    const auto value = [ordinal](cnrtDeviceAttr_t attribute) {
      return attribute_value(attribute, ordinal);
    };
    *properties = {};
    std::snprintf(properties->name, sizeof(properties->name), "MLU%d", arch().number / 10 * 10);
    properties->totalMem = value(cnrtAttrTotalMemSize);
    std::fill_n(properties->maxDim, 3, kMaxDim);
    properties->ipuClockRate = value(cnrtAttrIpuClockRate);
    properties->major = value(cnrtAttrComputeCapabilityMajor);
    properties->minor = value(cnrtAttrComputeCapabilityMinor);
    properties->pciBusID = value(cnrtAttrPciBusID);
    properties->FP16ComputingSupported = value(cnrtAttrFP16ComputingSupported);
    properties->INT8ComputingSupported = value(cnrtAttrINT8ComputingSupported);
    properties->BF16ComputingSupported = value(cnrtAttrBF16ComputingSupported);
    properties->maxQueueSize = properties->maxNotifierSize = kMaxQueues;
    properties->maxClusterCountPerUnionTask = properties->clusterCount =
        properties->maxClusterPerUnionLimitTask = arch().clusters;
    properties->McorePerCluster = Arch::kCoresPerCluster;
    properties->ISAVersion = arch().number;
    properties->NramSizePerMcore = value(cnrtAttrNramSizePerMcore);
    properties->WramSizePerMcore = value(cnrtAttrWramSizePerMcore);
    properties->SramSizePerMcore = value(cnrtAttrSramSizePerMcore);
    properties->globalMemoryNodeCount = 1;
    properties->availableGlobalMemorySize = properties->totalMem;
    properties->totalGlobalMemSize = memory_info(ordinal).total;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtDeviceGetPCIBusId(char* id, int length, int ordinal) {
  static constexpr const char* kName = "cnrtDeviceGetPCIBusId";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (id == nullptr) return null_argument(kName, "id");
    if (!valid_device(ordinal)) return invalid_device(kName, ordinal);
    const std::string text = fmt::format("0000:{:02x}:00.0", kFirstPciBus + ordinal);
    if (length <= static_cast<int>(text.size())) {
      return error(cnrtErrorArgsInvalid, "{}: {} bytes for an id of {} and a null", kName, length,
                   text.size());
    }
    std::memcpy(id, text.c_str(), text.size() + 1);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtDeviceGetByPCIBusId(int* ordinal, const char* id) {
  static constexpr const char* kName = "cnrtDeviceGetByPCIBusId";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (ordinal == nullptr || id == nullptr) {
      return null_argument(kName, ordinal == nullptr ? "ordinal" : "id");
    }
    unsigned domain = 0, bus = 0;
    const bool read = std::sscanf(id, "%x:%x:", &domain, &bus) == 2;
    const int device = static_cast<int>(bus) - kFirstPciBus;
    if (!read || domain != 0 || !valid_device(device)) {
      return error(cnrtErrorDeviceInvalid, "{}: no device at '{}'", kName, id);
    }
    *ordinal = device;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtSyncDevice() {
  static constexpr const char* kName = "cnrtSyncDevice";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (in_queue_thread()) return waiting_not_permitted(kName);
    const std::string failure = synchronize_device(current_device());
    if (failure.empty()) return cnrtSuccess;
    return set_error(cnrtErrorKernelTrap, failure);
  });
}

cnrtRet_t cnrtDeviceReset() {
  return guarded("cnrtDeviceReset",
                 [] { return reset_device("cnrtDeviceReset", current_device()); });
}

namespace {
unsigned device_flags = 0;
}

cnrtRet_t cnrtSetDeviceFlag(unsigned int flags) {
  if (flags > cnrtDeviceScheduleAuto) {
    return error(cnrtErrorArgsInvalid, "cnrtSetDeviceFlag: flags 0x{:x}", flags);
  }
  device_flags = flags;
  return cnrtSuccess;
}

cnrtRet_t cnrtGetDeviceFlag(unsigned int* flags) {
  if (flags == nullptr) return null_argument("cnrtGetDeviceFlag", "flags");
  *flags = device_flags;
  return cnrtSuccess;
}

cnrtRet_t cnrtGetPeerAccessibility(unsigned int* accessible, int ordinal, int peer) {
  static constexpr const char* kName = "cnrtGetPeerAccessibility";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (accessible == nullptr) return null_argument(kName, "accessible");
    if (!valid_device(ordinal)) return invalid_device(kName, ordinal);
    if (!valid_device(peer)) return invalid_device(kName, peer);
    *accessible = ordinal != peer ? 1 : 0;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetLibVersion(int* major, int* minor, int* patch) {
  if (major == nullptr || minor == nullptr || patch == nullptr) {
    return null_argument("cnrtGetLibVersion", "a pointer");
  }
  *major = CNRT_MAJOR_VERSION;
  *minor = CNRT_MINOR_VERSION;
  *patch = CNRT_PATCH_VERSION;
  return cnrtSuccess;
}

cnrtRet_t cnrtDriverGetVersion(int* major, int* minor, int* patch) {
  return cnrtGetLibVersion(major, minor, patch);
}

// ---- CNRT 4 -----------------------------------------------------------------------------------

cnrtRet_t cnrtInit(unsigned int flags) {
  // 1 asks for a fake device, which all of these are.
  if (flags > 1) return error(cnrtErrorArgsInvalid, "cnrtInit: flags 0x{:x}", flags);
  unsigned count = 0;
  return cnrtGetDeviceCount(&count);
}

void cnrtDestroy() {
  guarded("cnrtDestroy", []() -> cnrtRet_t {
    for (int device = 0; device < device_count(); ++device) reset_device("cnrtDestroy", device);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetDeviceInfo(cnrtDeviceInfo_t* info, int ordinal) {
  return guarded("cnrtGetDeviceInfo", [&]() -> cnrtRet_t {
    if (info == nullptr) return null_argument("cnrtGetDeviceInfo", "info");
    if (!valid_device(ordinal)) return invalid_device("cnrtGetDeviceInfo", ordinal);
    *info = {};
    const int model = arch().number / 10 * 10;
    std::snprintf(info->device_name, sizeof(info->device_name), "MLU%d", model);
    info->core_version = model == 220 ? CNRT_MLU220 : model == 270 ? CNRT_MLU270 : CNRT_MLU370;
    info->core_num = arch().cores();
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetDeviceHandle(cnrtDev_t* device, int ordinal) {
  return guarded("cnrtGetDeviceHandle", [&]() -> cnrtRet_t {
    if (device == nullptr) return null_argument("cnrtGetDeviceHandle", "device");
    if (ordinal == -1) ordinal = 0;  // the fake device of cnrtInit(1)
    if (!valid_device(ordinal)) return invalid_device("cnrtGetDeviceHandle", ordinal);
    *device = static_cast<cnrtDev_t>(ordinal);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtGetCurrentDevice(cnrtDev_t* device) {
  if (device == nullptr) return null_argument("cnrtGetCurrentDevice", "device");
  *device = static_cast<cnrtDev_t>(current_device());
  return cnrtSuccess;
}

cnrtRet_t cnrtSetCurrentDevice(cnrtDev_t device) {
  return guarded("cnrtSetCurrentDevice", [&]() -> cnrtRet_t {
    if (device >= static_cast<cnrtDev_t>(device_count())) {
      return error(cnrtErrorDeviceInvalid, "cnrtSetCurrentDevice: device {} of {}", device,
                   device_count());
    }
    set_current_device(static_cast<int>(device));
    return cnrtSuccess;
  });
}
