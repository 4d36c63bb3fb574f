#include <array>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <dlfcn.h>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include <reel/backends/builtin.h>
#include <reel/backends/registry.h>
#include <reel/tensor/check.h>

namespace reel {
namespace {

// Op names and their ids. Ids are given out as ops are first named, by kernels or by calls.
struct OpIds {
  std::mutex mutex;
  std::unordered_map<std::string_view, int> ids;
  std::deque<std::string> names;
};

OpIds& op_ids() {
  static OpIds& instance = *new OpIds;
  return instance;
}

constexpr int kMaxBackends = 16;

// Slots are filled once and never change, so that lookups need no lock.
struct Registry {
  std::mutex mutex;
  std::array<Backend, kMaxBackends> backends;
  std::array<std::atomic<bool>, kMaxBackends> ready{};
  int next = 2;
  bool plugins_loaded = false;
};

void add_backend(Registry& registry, int slot, const char* name, void (*fill)(Backend&)) {
  Backend& backend = registry.backends[static_cast<size_t>(slot)];
  backend.name = name;
  fill(backend);
  if (backend.runtime == nullptr) fail("register_backend: backend '{}' set no runtime", name);
  if (backend.runtime->device_count() > backends::kMaxDevices) {
    fail("register_backend: expected at most {} devices, backend '{}' has {}",
         backends::kMaxDevices, name, backend.runtime->device_count());
  }
  registry.ready[static_cast<size_t>(slot)].store(true, std::memory_order_release);
}

// Backends live as long as the process: tensors in static variables outlive any order of exit.
Registry& registry() {
  static Registry& instance = *[] {
    auto* r = new Registry;
    for (const backends::Builtin& builtin : backends::builtins()) {
      const int slot = builtin.slot >= 0 ? builtin.slot : r->next++;
      add_backend(*r, slot, builtin.name, builtin.fill);
    }
    return r;
  }();
  return instance;
}

void load_environment_plugins() {
  Registry& r = registry();
  {
    std::lock_guard lock(r.mutex);
    if (std::exchange(r.plugins_loaded, true)) return;
  }
  const char* paths = std::getenv("REEL_BACKEND_PATH");
  if (paths == nullptr) return;
  for (std::string_view rest = paths; !rest.empty();) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) load_backend(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

int find_type(const std::string& name) {
  Registry& r = registry();
  for (int i = 0; i < kMaxBackends; ++i) {
    if (r.ready[static_cast<size_t>(i)].load(std::memory_order_acquire) &&
        name == r.backends[static_cast<size_t>(i)].name) {
      return i;
    }
  }
  return -1;
}

}  // namespace

int op_id(const char* name) {
  OpIds& ops = op_ids();
  std::lock_guard lock(ops.mutex);
  if (const auto found = ops.ids.find(name); found != ops.ids.end()) return found->second;
  const int id = static_cast<int>(ops.names.size());
  ops.ids.emplace(ops.names.emplace_back(name), id);
  return id;
}

const char* op_name(int id) {
  OpIds& ops = op_ids();
  std::lock_guard lock(ops.mutex);
  return ops.names.at(static_cast<size_t>(id)).c_str();
}

void KernelTable::add(const char* op, Kernel kernel) {
  const auto id = static_cast<size_t>(op_id(op));
  if (id >= rows_.size()) rows_.resize(id + 1);
  Kernel* row = rows_[id].kernels;
  if (row[kMaxKernels - 1] != nullptr) {
    fail("KernelTable::add: the row of '{}' already lists {} kernels", op, kMaxKernels);
  }
  for (int i = kMaxKernels - 1; i > 0; --i) row[i] = row[i - 1];
  row[0] = kernel;
}

namespace backends {

Backend& backend_of(Device device) {
  Registry& r = registry();
  const auto slot = static_cast<size_t>(device.type());
  if (slot >= kMaxBackends || !r.ready[slot].load(std::memory_order_acquire)) {
    fail("device: no backend is registered for '{}'", device.str());
  }
  Backend& backend = r.backends[slot];
  if (const int count = backend.runtime->device_count(); device.ordinal() >= count) {
    fail("device: backend '{}' has {} device(s), got '{}'", backend.name, count, device.str());
  }
  return backend;
}

DeviceType type_of(const std::string& name) {
  load_environment_plugins();
  const int type = find_type(name);
  if (type < 0) {
    std::string known;
    Registry& r = registry();
    for (size_t i = 0; i < kMaxBackends; ++i) {
      if (!r.ready[i].load(std::memory_order_acquire)) continue;
      known += known.empty() ? r.backends[i].name : std::string(", ") + r.backends[i].name;
    }
    fail("Device: expected one of the backends {}, got '{}'", known, name);
  }
  return static_cast<DeviceType>(type);
}

const char* name_of(DeviceType type) {
  Registry& r = registry();
  const auto slot = static_cast<size_t>(type);
  if (slot < kMaxBackends && r.ready[slot].load(std::memory_order_acquire)) {
    return r.backends[slot].name;
  }
  if (type == DeviceType::CUDA) return "cuda";
  return type == DeviceType::MLU ? "mlu" : "unknown";
}

DeviceType register_backend(const char* name, void (*fill)(Backend&)) {
  Registry& r = registry();
  std::lock_guard lock(r.mutex);
  if (find_type(name) >= 0) fail("register_backend: '{}' is already registered", name);
  if (r.next >= kMaxBackends) {
    fail("register_backend: expected at most {} backends, '{}' is one more", kMaxBackends, name);
  }
  // kMLU is the type of whatever backend has this name.
  const bool mlu = std::string_view(name) == "mlu";
  const int slot = mlu ? static_cast<int>(kMLU) : r.next++;
  add_backend(r, slot, name, fill);
  return static_cast<DeviceType>(slot);
}

DeviceType reference_type() {
  static const DeviceType type = type_of("reference");
  return type;
}

}  // namespace backends

DeviceType load_backend(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail("load_backend: cannot load '{}': {}", path, dlerror());
  using Entry = const BackendPlugin* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "reel_backend_plugin"));
  const BackendPlugin* plugin = entry != nullptr ? entry() : nullptr;
  if (plugin == nullptr) {
    dlclose(library);
    fail("load_backend: '{}' exports no reel_backend_plugin", path);
  }
  if (const int abi = plugin->abi; abi != kBackendAbi) {
    dlclose(library);
    fail("load_backend: '{}' was built for backend ABI {}, this reel has ABI {}", path, abi,
         kBackendAbi);
  }
  return backends::register_backend(plugin->name, plugin->register_backend);
}

}  // namespace reel
