#include "toolchain.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "process.h"

namespace fs = std::filesystem;

namespace mlucc {

namespace {

constexpr const char* kLibrary = "libreel_mlu.so";

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool can_run(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream stream(path == nullptr ? "" : path);
  for (std::string folder; std::getline(stream, folder, ':');)
    if (access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

std::vector<std::string> find_compiler() {
  const char* chosen = std::getenv("MLUCC_CXX");
  const bool by_user = chosen != nullptr && *chosen != '\0';
  std::vector<std::string> cxx = words(by_user ? chosen : MLUCC_DEFAULT_CXX);
  if (!cxx.empty() && can_run(cxx.front())) return cxx;
  if (!by_user && can_run("g++")) return {"g++"};
  throw std::runtime_error("no host compiler: '" + (cxx.empty() ? "" : cxx.front()) + "'" +
                           (by_user ? ", which MLUCC_CXX names," : "") +
                           " cannot be run; install g++ or let MLUCC_CXX name a C++17 compiler");
}

bool is_clang(const std::vector<std::string>& cxx) {
  if (cxx.back().find("clang") != std::string::npos) return true;
  if (cxx.back().find("g++") != std::string::npos) return false;
  std::vector<std::string> command = cxx;
  command.emplace_back("--version");
  return output_of(command).find("clang") != std::string::npos;
}

// Beside our own program when installed, or else where we were built.
std::string find_folder(const char* from_program, const char* built, const std::string& holds) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder : {program / from_program, fs::path(built)})
    if (fs::exists(folder / holds, error)) return fs::weakly_canonical(folder, error).string();
  return "";
}

// Conversions of half take one instruction with these. A kernel runs where it was compiled.
std::vector<std::string> half_conversion_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    line += ' ';
    const bool both =
        line.find(" f16c ") != std::string::npos && line.find(" avx2 ") != std::string::npos;
    return both ? std::vector<std::string>{"-mf16c", "-mavx2"} : std::vector<std::string>{};
  }
  return {};
}

}  // namespace

std::string default_optimization(const Options& options) {
  return options.optimize_given ? "" : options.debug ? "-Og" : "-O2";
}

std::vector<std::string> Toolchain::definitions(const Options& options) const {
  // Ours come first: on a machine with the vendor's toolkit, -I of the user leads to its cnrt.h.
  return {"-I" + include_dir, "-D__BANG__",
          "-D__MLUCC__",      "-D__BANG_ARCH__=" + std::to_string(options.arch),
          "-include",         include_dir + "/bang.h"};
}

std::vector<std::string> Toolchain::code_generation(const Options& options) const {
  // A failed check is an exception out of a memory access or a call of C; products and sums are
  // rounded one by one, as on the card, and kernels see the same NRAM as several types.
  std::vector<std::string> flags = {"-fexceptions", "-ffp-contract=off", "-fno-strict-aliasing",
                                    "-Wno-unknown-pragmas"};
  if (!clang) flags.emplace_back("-fnon-call-exceptions");
  for (const std::string& flag : half_conversion_flags()) flags.push_back(flag);
  if (!options.sanitize) return flags;
  // Each access calls __tsan_read4 and the like, which the simulator's library defines: the real
  // ThreadSanitizer is never linked. -g1 lets it name the line.
  const std::string parameter = "tsan-instrument-func-entry-exit=0";
  flags.emplace_back("-fsanitize=thread");
  if (clang) {
    flags.insert(flags.end(), {"-mllvm", "-" + parameter});
  } else {
    flags.insert(flags.end(), {"--param", parameter, "-Wno-tsan"});
  }
  if (!options.debug) flags.emplace_back("-g1");
  return flags;
}

Toolchain find_toolchain() {
  Toolchain toolchain;
  toolchain.cxx = find_compiler();
  toolchain.clang = is_clang(toolchain.cxx);
  toolchain.include_dir =
      find_folder(MLUCC_INCLUDE_FROM_PROGRAM, MLUCC_BUILT_INCLUDE, "bang/runtime.h");
  if (toolchain.include_dir.empty())
    throw std::runtime_error(
        std::string("the headers of the simulator (bang/runtime.h) are neither in ") +
        MLUCC_INCLUDE_FROM_PROGRAM + " beside mlucc nor in " + MLUCC_BUILT_INCLUDE);
  toolchain.library_dir = find_folder(MLUCC_LIBRARY_FROM_PROGRAM, MLUCC_BUILT_LIBRARY, kLibrary);
  return toolchain;
}

}  // namespace mlucc
