// Kernels in a debugger: cores are threads with names, a breakpoint stops each of them, and
// variables in NRAM are printed by their names.

#include <fstream>
#include <string>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using namespace reel::test;

namespace {

int line_of(const std::string& mark) {
  std::ifstream file(test_file("mlu/gdb/debugged.mlu"));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with(mark)) return number;
  }
  return 0;
}

}  // namespace

TEST_CASE("gdb stops in every core of a kernel and prints what it holds") {
  if (run_command("gdb --version").status != 0) {
    WARN("skipped: gdb is not installed");
    return;
  }
  const TempDir dir;
  std::ofstream(dir.file("commands")) << "set pagination off\n"
                                         "set debuginfod enabled off\n"
                                         "break debugged.mlu:"
                                      << line_of("// STOP")
                                      << "\ncommands\n"
                                         "silent\n"
                                         "python print('in ' + gdb.selected_thread().name)\n"
                                         "print factor\n"
                                         "print tile\n"
                                         "continue\n"
                                         "end\n"
                                         "run\n";
  const auto result = run_command("gdb -q -nx -batch -x " + dir.file("commands") + " " +
                                  program("../test/test_mlu_debugged"));
  INFO(result.output);
  if (result.output.find("ptrace") != std::string::npos) {
    WARN("skipped: gdb is not allowed to run a program here");
    return;
  }
  // Each core, whichever comes first: its thread's name, its scalar, its own part of NRAM.
  for (int core = 0; core < 4; ++core) {
    const std::string name = "\nin c0 core " + std::to_string(core) + "\n";
    CAPTURE(name);
    const size_t at = result.output.find(name);
    REQUIRE(at != std::string::npos);
    CHECK(result.output.find(name, at + 1) == std::string::npos);
    const std::string stop = result.output.substr(at, result.output.find("\nin ", at + 1) - at);
    const auto multiple = [core](int i) { return std::to_string((core + 1) * i); };
    CHECK_THAT(stop, ContainsSubstring(" = " + multiple(1) + "\n"));
    CHECK_THAT(stop, ContainsSubstring("{0, " + multiple(1) + ", " + multiple(2) + ", " +
                                       multiple(3) + "}"));
  }
  CHECK_THAT(result.output, ContainsSubstring("\nin c0 memory\n"));
  CHECK_THAT(result.output, ContainsSubstring("0 1 2 3 0 2 4 6 0 3 6 9 0 4 8 12"));
}
