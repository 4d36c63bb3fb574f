#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace mlucc {

/// The host compiler and where the simulator's headers and library lie.
struct Toolchain {
  std::vector<std::string> cxx;  ///< the command's first words: $MLUCC_CXX may be "ccache g++"
  bool clang = false;
  std::string include_dir;
  std::string library_dir;  ///< empty: not found

  /// What .mlu files are preprocessed with, before the user's own.
  std::vector<std::string> definitions(const Options& options) const;
  /// What rewritten files are compiled with, before the user's own.
  std::vector<std::string> code_generation(const Options& options) const;
};

/// Throws std::runtime_error if there is no compiler or no header.
Toolchain find_toolchain();

/// -O of the user, or else what mlucc takes.
std::string default_optimization(const Options& options);

}  // namespace mlucc
