#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace reel::test;

TEST_CASE("docs/ops.md is what reel-ops writes today") {
  const TempDir folder;
  const auto result = run_command(program("reel-ops") + " " + folder.file("ops.md"));
  INFO(result.output);
  REQUIRE(result.status == 0);
  const std::string written = read_file(folder.file("ops.md"));
  REQUIRE(written.size() > 1000);
  // ./dev docs writes it anew.
  CHECK(written == read_file(test_file("../docs/ops.md")));
}
