#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include <reel/io/image.h>

#include "support/catch.h"
#include "support/files.h"

namespace {

/// With `size` pixels on the longer side, so that neither program resizes.
void write_resized(const std::string& from, int64_t size, const std::string& to) {
  const reel::Tensor picture = reel::load_image(from);
  const int64_t longer = std::max(picture.size(0), picture.size(1));
  reel::save_image(
      reel::resize_image(picture, picture.size(0) * size / longer, picture.size(1) * size / longer),
      to);
}

nlohmann::json run(const std::string& command, const std::string& report) {
  INFO(command);
  REQUIRE(std::system((command + " --json " + report + " > " + report + ".log 2>&1").c_str()) == 0);
  return nlohmann::json::parse(std::ifstream(report));
}

}  // namespace

// The same recipe, written twice: by reel-style and by a LibTorch program that shares no line with
// it. With average pooling everything is smooth: the losses agree to 1e-6 at first and to 6e-5
// after 100 steps, where two memory layouts of LibTorch itself are 9e-5 apart; 1e-3 leaves room for
// other machines. Max pooling passes the gradient to one of nearly equal neighbours, of which a
// photograph's black and white areas have many, and Winograd's rounding decides to which: 6e-3
// measured with AVX-512, 9.7e-3 with AVX2 (2e-3 with direct convolutions), 1e-2 allowed.
TEST_CASE("style transfer has the losses of the same recipe in LibTorch") {
  const auto content = reel::test::data_file("images/content/astronaut.png");
  const auto style = reel::test::data_file("images/style/starry_night.jpg");
  const auto weights = reel::test::data_file("vgg19/vgg19_conv_f16.safetensors");
  if (content.empty() || style.empty() || weights.empty()) return;
  const auto peer = reel::test::program("peer-style");
  if (!std::filesystem::exists(peer)) {
    WARN("skipped: " << peer << " is not built (configure with -DREEL_BUILD_PEERS=ON)");
    return;
  }

  struct Run {
    std::string pool;
    int size, steps;
    double tolerance;
  };
  const auto [pool, size, steps, tolerance] =
      GENERATE(Run{"avg", 128, 20, 1e-3}, Run{"max", 384, 100, 1e-2});
  const reel::test::TempDir folder;
  write_resized(content, size, folder.file("content.png"));
  write_resized(style, size, folder.file("style.png"));
  const std::string options = " --content " + folder.file("content.png") + " --style " +
                              folder.file("style.png") + " --weights " + weights + " --size " +
                              std::to_string(size) + " --steps " + std::to_string(steps) +
                              " --pool " + pool;
  // Or else it gives all memory back in each step, and spends most of its time on page faults.
  const std::string keeping =
      "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold="
      "8589934592 ";
  const auto theirs = run(keeping + peer + options, folder.file("theirs.json"));
  const auto ours =
      run(reel::test::program("reel-style") + options + " --out " + folder.file("out.png"),
          folder.file("ours.json"));

  REQUIRE(ours.at("steps").size() == static_cast<size_t>(steps));
  REQUIRE(theirs.at("steps").size() == static_cast<size_t>(steps));
  for (const int step : {1, 10, steps}) {
    const auto& own = ours["steps"][static_cast<size_t>(step) - 1];
    const auto& other = theirs["steps"][static_cast<size_t>(step) - 1];
    CHECK(own.at("step") == step);
    for (const char* term : {"total", "content", "style"}) {
      INFO(pool << " pooling, step " << step << ", " << term);
      // Content is 0 in step 1, where both start from the content picture, and 1e9 ten steps on.
      CHECK(own.at(term).get<double>() ==
            Approx(other.at(term).get<double>()).epsilon(tolerance).margin(1.0));
    }
  }
  if (steps == 100) {
    CHECK(ours["steps"].back()["total"].get<double>() <
          ours["steps"][0]["total"].get<double>() / 20);
  }
}
