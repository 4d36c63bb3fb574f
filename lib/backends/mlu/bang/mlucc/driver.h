#pragma once

#include <string>
#include <vector>

#include "options.h"
#include "process.h"
#include "toolchain.h"

namespace mlucc {

/// Carries out one command line.
class Driver {
 public:
  Driver(Options options, Toolchain toolchain);
  /// The exit status.
  int run();

 private:
  using Command = std::vector<std::string>;

  void check_inputs();
  /// The steps for one input; the object or the input itself for the linker, empty if one failed.
  std::string process(const Input& input);
  bool compile_mlu(const Input& input, const std::string& output);
  bool compile_host(const Input& input, const std::string& output);
  bool rewrite_file(const std::string& input, const std::string& from, const std::string& to);
  bool link(const std::vector<std::string>& objects);

  Command host() const { return toolchain_.cxx; }
  void add_depend(Command& command, const Input& input, const std::string& object) const;
  std::string result_name(const Input& input) const;
  std::string temporary(const Input& input, const std::string& extension);
  bool execute(const Command& command);

  Options options_;
  Toolchain toolchain_;
  TempDir temp_;
  int temporaries_ = 0;
  bool failed_ = false;
};

/// All that main does: messages go to stderr, "mlucc: " before them.
int run_driver(const std::vector<std::string>& arguments);

}  // namespace mlucc
