#pragma once

#include <string>

#include <reel/backends/backend.h>

namespace reel {

namespace backends {

/// The devices that one backend may have.
inline constexpr int kMaxDevices = 16;

/// The backend of a device; throws if no such backend is registered or it has no such device.
Backend& backend_of(Device device);
/// The type under which a backend of this name is registered; throws, listing the names there are.
DeviceType type_of(const std::string& name);
/// The name of a registered type.
const char* name_of(DeviceType type);
/// Adds a backend; `name` and what `register_backend` fills in must live as long as the process.
DeviceType register_backend(const char* name, void (*register_backend)(Backend&));
/// The scalar backend that the tests compare all others with: `Device("reference")`.
DeviceType reference_type();

}  // namespace backends

/// Loads a backend from a plugin library and registers it; throws if the file cannot be loaded,
/// exports no plugin, or was built for another ABI. Those named in REEL_BACKEND_PATH (separated by
/// ':') are loaded when the first device is named.
DeviceType load_backend(const std::string& path);

}  // namespace reel
