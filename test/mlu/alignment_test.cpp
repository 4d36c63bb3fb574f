// Addresses and sizes that the cards of the first generations can not use.

#include "alignment.h"

#include <cnrt.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <support/catch.h>
#include <support/files.h>
#include <support/process.h>

#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/findings.h>

namespace {

struct Case {
  const char* kernel;
  const char* message;  ///< on mtp_270
  const char* advice;
  bool everywhere;  ///< on later cards too
};
constexpr const char* kOffsets64 = "let offsets into them be multiples of 64 bytes";
const Case kCases[] = {
    {"count_of_33", "__bang_add takes multiples of 128 bytes on mtp_270, got 132",
     "Round the size up to 256 bytes and make the arrays as long.", false},
    {"operand_at_16",
     "__bang_mul_scalar takes addresses that are multiples of 64 bytes on mtp_270; an operand is "
     "in NRAM, 'a' + 16",
     kOffsets64, false},
    {"bits_of_64", "__bang_gt_bitindex takes multiples of 512 bytes on mtp_270, got 256",
     "Round the size up to 512 bytes", false},
    {"weights_of_12_bytes", "__memcpy(GDRAM2WRAM) takes multiples of 8 bytes on mtp_270, got 12",
     "Round the size up to 16 bytes", false},
    {"weights_at_4",
     "__memcpy(GDRAM2WRAM) takes addresses that are multiples of 8 bytes on mtp_270; an operand is "
     "in WRAM, 'w' + 4",
     "let offsets into them be multiples of 8 bytes", false},
    {"moved_96_bytes", "__memcpy(NRAM2NRAM) takes multiples of 64 bytes on mtp_270, got 96",
     "Round the size up to 128 bytes", false},
    {"moved_from_32",
     "__memcpy(NRAM2NRAM) takes addresses that are multiples of 64 bytes on mtp_270; an operand is "
     "in NRAM, 'a' + 32",
     kOffsets64, false},
    {"filter_at_16",
     "__bang_conv takes addresses that are multiples of 32 bytes on mtp_270; an operand is in "
     "WRAM, 'kernel' + 16",
     "let offsets into them be multiples of 32 bytes", true},
};

std::vector<bang::Finding> run(const char* kernel) {
  bang::clear_findings();
  void* data = nullptr;
  REQUIRE(cnrtMalloc(&data, 512) == cnrtSuccess);
  REQUIRE(cnrtMemset(data, 0, 512) == cnrtSuccess);
  launch_misaligned(kernel, static_cast<const float*>(data));
  const std::string failure = bang::default_queue(0).synchronize();
  const auto findings = bang::findings();
  CHECK(failure.empty() == findings.empty());
  CHECK(cnrtFree(data) == cnrtSuccess);
  return findings;
}

std::string line_of(const std::string& kernel) {
  std::ifstream file(reel::test::test_file("mlu/alignment.mlu"));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with("MISTAKE " + kernel)) return std::to_string(number);
  }
  return "no line";
}

}  // namespace

// The architecture is one of the process: the next test runs this one in another.
TEST_CASE("misaligned kernels on a 2xx card", "[mlu_misaligned]") {
  if (bang::arch_number() >= 300) return;
  for (const Case& c : kCases) CHECK(run(c.kernel).size() == 1);
}

TEST_CASE("what a 2xx card can not address is named with its kernel, line and advice") {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto result =
      reel::test::run_command("REEL_MLU_ARCH=mtp_270 " + program + " '[mlu_misaligned]'");
  INFO(result.output);
  CHECK(result.status == 0);
  for (const Case& c : kCases) {
    INFO(c.kernel);
    const size_t begin = result.output.find(std::string("reel-mlu: misaligned: ") + c.message);
    REQUIRE(begin != std::string::npos);
    const std::string finding =
        result.output.substr(begin, result.output.find("reel-mlu:", begin + 1) - begin);
    CHECK_THAT(
        finding,
        Catch::Matchers::ContainsSubstring(std::string("kernel ") + c.kernel + ",") &&
            Catch::Matchers::ContainsSubstring("alignment.mlu:" + line_of(c.kernel) + ", task 0") &&
            Catch::Matchers::ContainsSubstring(c.advice));
  }
}

TEST_CASE("later cards take any address and size, but for filters") {
  for (const Case& c : kCases) {
    INFO(c.kernel);
    const auto findings = run(c.kernel);
    REQUIRE(findings.size() == (c.everywhere ? 1 : 0));
    if (c.everywhere) CHECK(findings[0].kind == bang::Finding::Kind::misaligned);
  }
}
