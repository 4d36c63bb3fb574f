#pragma once

#include <filesystem>
#include <string>

namespace apps {

/// The folder of the running program.
inline std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace apps
