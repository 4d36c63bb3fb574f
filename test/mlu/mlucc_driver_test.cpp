// How mlucc takes its command line, and what it makes of it.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "mlucc/options.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using mlucc::parse_options;
using namespace reel::test;

namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

ProcessResult run_mlucc(const std::string& arguments, const std::string& environment = "") {
  return run_command(environment + " " + program("mlucc") + " " + arguments);
}

// A scratch folder that is also where temporary files go.
struct Scratch {
  TempDir dir, temporaries;
  std::string file(const std::string& name, const std::string& text) const {
    write(dir.file(name), text);
    return dir.file(name);
  }
  ProcessResult run(const std::string& arguments, const std::string& environment = "") const {
    return run_command("cd " + dir.path().string() + " && " + environment + " TMPDIR=" +
                       temporaries.path().string() + " " + program("mlucc") + " " + arguments);
  }
  bool left_nothing() const { return std::filesystem::is_empty(temporaries.path()); }
};

}  // namespace

TEST_CASE("mlucc sorts its command line") {
  const auto options = parse_options({"-c", "a.mlu", "-o", "a.o", "-I", "x", "-DN=1", "-O3",
                                      "-Wall", "-lm", "-Wl,-x", "-Ly", "b.cpp", "-MD", "-MF", "d"});
  CHECK(options.stage == mlucc::Stage::compile);
  CHECK(options.output == "a.o");
  CHECK(options.preprocess == std::vector<std::string>{"-Ix", "-DN=1"});
  CHECK(options.compile == std::vector<std::string>{"-O3", "-Wall"});
  CHECK(options.link == std::vector<std::string>{"-Ly"});
  CHECK(options.depend == std::vector<std::string>{"-MD", "-MF", "d"});
  REQUIRE(options.inputs.size() == 4);
  CHECK(options.inputs[0].language == mlucc::Language::mlu);
  CHECK(options.inputs[1].text == "-lm");
  CHECK(options.inputs[3].language == mlucc::Language::host);
  CHECK(options.arch == 372);
  CHECK(options.sanitize);

  CHECK(parse_options({"-x", "bang", "a.h"}).inputs[0].language == mlucc::Language::mlu);
  CHECK(parse_options({"-x", "mlu", "a", "-x", "none", "b.o"}).inputs[1].language ==
        mlucc::Language::linker);
  CHECK(parse_options({"--sanitize=off"}).sanitize == false);
  CHECK(parse_options({"-E", "-c"}).stage == mlucc::Stage::preprocess);
  CHECK(parse_options({"-std=c++11"}).standard == "-std=c++17");
  CHECK(parse_options({"-std=gnu++14"}).standard == "-std=gnu++17");
  CHECK(parse_options({"--std=c++20"}).standard == "-std=c++20");
}

TEST_CASE("mlucc takes the options of the vendor's compiler") {
  CHECK(parse_options({"--bang-mlu-arch=mtp_270"}).arch == 270);
  CHECK(parse_options({"--bang-mlu-arch", "mtp_220"}).arch == 220);
  CHECK(parse_options({"--bang-arch=compute_20"}).arch == 270);
  CHECK(parse_options({"--bang-mlu-arch=mtp_322", "--bang-arch=compute_30"}).arch == 322);
  const auto options = parse_options({"--target=x86_64-linux-gnu", "-mcpu=x", "-mllvm", "-a=b",
                                      "--neuware-path=/n", "--bang-wram-align64", "-fno-x"});
  CHECK(options.compile == std::vector<std::string>{"-fno-x"});
  CHECK(options.inputs.empty());
  CHECK_THROWS_WITH(parse_options({"--bang-mlu-arch=mtp_999"}),
                    "unknown architecture 'mtp_999': the known ones are mtp_220, mtp_270, mtp_290, "
                    "mtp_322, mtp_372, mtp_392");
  CHECK_THROWS_WITH(parse_options({"--bang-arch=compute_7"}), ContainsSubstring("compute_30"));
  CHECK_THROWS_WITH(parse_options({"--sanitize=maybe"}), ContainsSubstring("--sanitize=on or"));
  CHECK_THROWS_WITH(parse_options({"-o"}), "missing argument to '-o'");
}

TEST_CASE("builtins whose meaning is not public are refused by name") {
  const Scratch scratch;
  for (const std::string name : {"__bang_expand_channel_mul", "__bang_expand_channel_mul_add"}) {
    scratch.file("k.mlu", "__mlu_global__ void k(float* x) {\n  " + name + "(x, x, x, 1, 1);\n}\n");
    const auto refused = scratch.run("-c k.mlu");
    CHECK(refused.status == 1);
    CHECK_THAT(refused.output, ContainsSubstring("error: static assertion failed: " + name +
                                                 " is not simulated: nothing public says what it "
                                                 "computes"));
  }
}

TEST_CASE("mlucc says what is wrong with a call") {
  CHECK(run_mlucc("").status == 1);
  CHECK(run_mlucc("").output == "mlucc: fatal error: no input files\ncompilation terminated.\n");
  const auto missing = run_mlucc("-c not_there.mlu");
  CHECK(missing.status == 1);
  CHECK_THAT(missing.output,
             ContainsSubstring("mlucc: error: not_there.mlu: No such file or directory"));
  CHECK_THAT(run_mlucc("--bang-mlu-arch=mtp_1 x.mlu").output,
             ContainsSubstring("mlucc: error: unknown architecture 'mtp_1'"));
  const auto compiler = run_mlucc("x.mlu", "MLUCC_CXX=/no/such/compiler");
  CHECK(compiler.status == 1);
  CHECK_THAT(compiler.output, ContainsSubstring("mlucc: no host compiler: '/no/such/compiler'"));
  CHECK(run_mlucc("--help").status == 0);
  CHECK_THAT(run_mlucc("--help").output, ContainsSubstring("mtp_372, mtp_392"));
  CHECK_THAT(run_mlucc("--version").output, ContainsSubstring("host compiler: "));

  const Scratch scratch;
  scratch.file("a.mlu", "");
  scratch.file("b.mlu", "");
  const auto both = scratch.run("-c a.mlu b.mlu -o x.o");
  CHECK(both.status == 1);
  CHECK_THAT(both.output, ContainsSubstring("cannot specify '-o' with '-c', '-S' or '-E'"));
}

TEST_CASE("mlucc reports errors at the lines of the source and leaves no files") {
  const Scratch scratch;
  scratch.file("wrong.mlu", "#define N 4\nvoid f() {\n  int x = no_such_name;\n}\n");
  const auto wrong = scratch.run("-c wrong.mlu");
  CHECK(wrong.status == 1);
  CHECK_THAT(wrong.output, ContainsSubstring("wrong.mlu:3:") && ContainsSubstring("no_such_name"));
  CHECK(!std::filesystem::exists(scratch.dir.file("wrong.o")));
  scratch.file("types.mlu",
               "__mlu_global__ void kernel(int*) {}\nvoid f() {\n  int y;\n"
               "  kernel<<<y, y>>>(&y);\n}\n__nram__ no_type x[4];\n");
  const auto types = scratch.run("-c types.mlu");
  CHECK_THAT(types.output, ContainsSubstring("types.mlu:4:") && ContainsSubstring("types.mlu:6:"));
  scratch.file("cut.mlu", "void f() {\n  k<<<1;\n}\n");
  const auto cut = scratch.run("-c cut.mlu");
  CHECK(cut.status == 1);
  CHECK_THAT(cut.output, ContainsSubstring("cut.mlu:2: error: a launch is kernel<<<"));
  CHECK(scratch.left_nothing());
}

TEST_CASE("mlucc prints the rewritten source and its commands") {
  const Scratch scratch;
  scratch.file("k.mlu", "#define L k<<<d, t>>>(M)\nvoid f() { L; int a = __BANG_ARCH__; }\n");
  const auto printed = scratch.run("-E -DM=7 --bang-mlu-arch=mtp_290 k.mlu");
  CHECK(printed.status == 0);
  CHECK_THAT(printed.output, ContainsSubstring("{\"k.mlu\", 2}, d, t).of(k)(7); int a = 290;"));
  const auto commands = scratch.run("-### --sanitize=off k.mlu -o k");
  CHECK(commands.status == 0);
  CHECK_THAT(commands.output, ContainsSubstring("-lreel_mlu") && ContainsSubstring("-O2") &&
                                  !ContainsSubstring("-fsanitize"));
  CHECK(!std::filesystem::exists(scratch.dir.file("k")));
  CHECK_THAT(scratch.run("-### k.mlu").output, ContainsSubstring("-fsanitize=thread"));
  CHECK_THAT(scratch.run("-### -g k.mlu").output, ContainsSubstring("-Og"));
  CHECK(scratch.left_nothing());
}

TEST_CASE("mlucc refuses what can not be together, and passes on what it does not know") {
  CHECK_THROWS_WITH(parse_options({"-fsanitize=undefined,address"}),
                    "'-fsanitize=undefined,address' and the checks of kernels' accesses exclude "
                    "each other: add --sanitize=off");
  CHECK(parse_options({"-fsanitize=address", "--sanitize=off"}).compile ==
        std::vector<std::string>{"-fsanitize=address"});
  CHECK(parse_options({"-fsanitize=undefined"}).sanitize);
  const Scratch scratch;
  scratch.file("k.mlu", "int x;\n");
  const auto unknown = scratch.run("-c -fno-such-option k.mlu");
  CHECK(unknown.status == 1);
  CHECK_THAT(unknown.output, ContainsSubstring("-fno-such-option"));
  CHECK(std::count(unknown.output.begin(), unknown.output.end(), '\n') == 1);
  CHECK(!std::filesystem::exists(scratch.dir.file("k.o")));
  const auto nowhere = scratch.run("-c k.mlu -o no/such/folder/k.o");
  CHECK(nowhere.status == 1);
  CHECK_THAT(nowhere.output, ContainsSubstring("no/such/folder/k.o"));
}

TEST_CASE("mlucc builds programs and libraries of several files") {
  const Scratch scratch;
  scratch.file("add.h", "void add(float* out, float value);\n");
  scratch.file("add.mlu",
               "#include <add.h>\n#include <bang.h>\n"
               "template <class T> __mlu_global__ void kernel(T* out, T value) { *out += value; }\n"
               "void add(float* out, float value) {\n"
               "  kernel<<<cnrtDim3_t{1, 1, 1}, CNRT_FUNC_TYPE_BLOCK, nullptr>>>(out, value);\n"
               "}\n");
  scratch.file("twice.mlu",
               "#include <add.h>\n#include <bang.h>\n"
               "static __mlu_global__ void kernel(float* out) { *out *= TIMES; }\n"
               "void twice(float* out) {\n"
               "  kernel<<<cnrtDim3_t{1, 1, 1}, CNRT_FUNC_TYPE_BLOCK, nullptr>>>(out);\n"
               "}\n");
  scratch.file("main.cpp",
               "#include <cnrt.h>\n#include <cstdio>\n#include \"add.h\"\n"
               "void twice(float*);\n"
               "int main() {\n"
               "  void* p; float x = 4;\n"
               "  CNRT_CHECK(cnrtMalloc(&p, 4));\n"
               "  CNRT_CHECK(cnrtMemcpy(p, &x, 4, cnrtMemcpyHostToDev));\n"
               "  add((float*)p, 1); twice((float*)p);\n"
               "  CNRT_CHECK(cnrtQueueSync(nullptr));\n"
               "  CNRT_CHECK(cnrtMemcpy(&x, p, 4, cnrtMemcpyDevToHost));\n"
               "  std::printf(\"%g\\n\", x);\n"
               "}\n");
  const std::string run = "cd " + scratch.dir.path().string() + " && ";
  // All at once.
  const auto program = scratch.run("-O1 -g -I. -D TIMES=2 add.mlu twice.mlu main.cpp -o program");
  INFO(program.output);
  REQUIRE(program.status == 0);
  CHECK(run_command(run + "./program").output == "10\n");
  // Objects and a library.
  const auto objects = scratch.run("-c -fPIC -std=c++20 -I. -DTIMES=3 add.mlu twice.mlu");
  INFO(objects.output);
  REQUIRE(objects.status == 0);
  REQUIRE(scratch.run("-shared add.o twice.o -o libkernels.so").status == 0);
  REQUIRE(scratch.run("-I. main.cpp -L. -lkernels -Wl,-rpath,. -o other").status == 0);
  CHECK(run_command(run + "./other").output == "15\n");
  CHECK(scratch.left_nothing());
}

TEST_CASE("mlucc says what it runs") {
  const Scratch scratch;
  scratch.file("k.mlu", "int x;\n");
  const auto verbose = scratch.run("-v -c k.mlu");
  CHECK(verbose.status == 0);
  CHECK_THAT(verbose.output, ContainsSubstring(" -E ") && ContainsSubstring("# rewrite ") &&
                                 ContainsSubstring(" -o k.o"));
}

TEST_CASE("mlucc writes the rule of what a source includes") {
  const Scratch scratch;
  scratch.file("h.h", "#pragma once\n");
  scratch.file("k.mlu", "#include \"h.h\"\nint x;\n");
  CHECK(scratch.run("-c -MD k.mlu -o out.o").status == 0);
  const std::string rule = read_file(scratch.dir.file("out.d"));
  CHECK_THAT(rule, ContainsSubstring("out.o: k.mlu") && ContainsSubstring("h.h") &&
                       ContainsSubstring("bang/launch.h"));
  CHECK(scratch.run("-c -MMD -MF x.d -MT target k.mlu -o out.o").status == 0);
  CHECK_THAT(read_file(scratch.dir.file("x.d")), ContainsSubstring("target: k.mlu"));
}

TEST_CASE("mlucc cleans up when it is interrupted") {
  const Scratch scratch;
  const std::string slow = scratch.file("slow.sh", "#!/bin/sh\nexec sleep 30\n");
  std::filesystem::permissions(slow, std::filesystem::perms::owner_all);
  scratch.file("k.mlu", "");
  Process mlucc("env TMPDIR=" + scratch.temporaries.path().string() + " MLUCC_CXX='" + slow +
                    " g++' " + program("mlucc") + " -c " + scratch.dir.file("k.mlu"),
                scratch.dir.file("log"));
  REQUIRE(wait_until([&] { return !scratch.left_nothing(); }, 10));
  mlucc.signal(SIGINT);
  CHECK(mlucc.wait() == -1);  // ended by the signal
  CHECK(scratch.left_nothing());
}
