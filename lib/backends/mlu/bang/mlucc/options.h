#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace mlucc {

/// Where the work ends.
enum class Stage { preprocess, depend, syntax, assemble, compile, link };
enum class Language { mlu, host, linker };

/// An input, or an option that has its place among them (-lm, -Wl,--start-group).
struct Input {
  std::string text;
  Language language;
  std::string forced;  ///< what -x said, for the host compiler
};

/// The command line, sorted by who needs what.
struct Options {
  Stage stage = Stage::link;
  std::string output;
  std::vector<Input> inputs;
  std::vector<std::string> preprocess;  ///< -I -D -U -include -isystem
  std::vector<std::string> depend;      ///< -MD -MF -MT
  std::vector<std::string> compile;     ///< -O -f -m -W and whatever is not known
  std::vector<std::string> link;        ///< -L -shared
  std::string standard = "-std=c++17";
  int arch = 372;
  bool sanitize = true;
  bool verbose = false, dry_run = false;
  bool optimize_given = false, debug = false;
  bool help = false, version = false;
  bool ask_host = false;  ///< -dumpversion, -print-...: the host compiler answers
};

/// A command line that can not be followed; what() has no "mlucc: " before it.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Options parse_options(const std::vector<std::string>& arguments);

/// "mtp_220, mtp_270, ..."
std::string known_archs();

std::string help_text();

}  // namespace mlucc
