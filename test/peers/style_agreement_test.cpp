#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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
// it. 1 %: float32 sums of 1e14 agree to 1e-6 in the first step, then Adam, whose step is the sign
// of the gradient at first, lets the paths drift: two memory layouts of LibTorch itself differ by
// 0.07 % after 100 steps of this very run.
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

  constexpr int kSize = 128, kSteps = 100;
  const reel::test::TempDir folder;
  write_resized(content, kSize, folder.file("content.png"));
  write_resized(style, kSize, folder.file("style.png"));
  const std::string options = " --content " + folder.file("content.png") + " --style " +
                              folder.file("style.png") + " --weights " + weights + " --size " +
                              std::to_string(kSize) + " --steps " + std::to_string(kSteps);
  const auto theirs = run(peer + options, folder.file("theirs.json"));
  const auto ours =
      run(reel::test::program("reel-style") + options + " --out " + folder.file("out.png"),
          folder.file("ours.json"));

  REQUIRE(ours.at("steps").size() == kSteps);
  REQUIRE(theirs.at("steps").size() == kSteps);
  for (const size_t step : {1, 10, 100}) {
    const auto& own = ours["steps"][step - 1];
    const auto& other = theirs["steps"][step - 1];
    CHECK(own.at("step") == step);
    for (const char* term : {"total", "content", "style"}) {
      INFO("step " << step << ", " << term);
      // Content is 0 in step 1, where both start from the content picture, and 1e10 ten steps on.
      CHECK(own.at(term).get<double>() ==
            Approx(other.at(term).get<double>()).epsilon(0.01).margin(1.0));
    }
  }
  CHECK(ours["steps"].back()["total"].get<double>() < ours["steps"][0]["total"].get<double>() / 20);
}
