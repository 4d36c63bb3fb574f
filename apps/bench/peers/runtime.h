#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace peer {

/// Highest resident memory of this process so far, in bytes.
inline int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

/// File of the BLAS that LibTorch multiplies matrices with. Debian's LibTorch takes whichever
/// libblas.so.3 is installed, and with the reference one a style step is five times slower.
inline std::string blas_library() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto path = line.find('/');
    if (path != std::string::npos && (line.find("blas", path) != std::string::npos ||
                                      line.find("libmkl", path) != std::string::npos)) {
      return line.substr(path);
    }
  }
  return "none";
}

}  // namespace peer
