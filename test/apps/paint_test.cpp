// reel-paint, and the samples of reel-style that it painted.

#include "paint/paint.h"

#include <cmath>
#include <filesystem>
#include <sstream>

#include <reel/io/image.h>
#include <reel/reel.h>

#include "paint/palette.h"
#include "paint/random.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using namespace reel::test;
using reel::Tensor;

namespace {

ProcessResult reel_paint(const std::string& arguments) {
  return run_command(program("reel-paint") + " " + arguments);
}

std::string sample(const std::string& name) {
  return test_file("../apps/style_transfer/samples/" + name);
}

Tensor small(const std::string& kind, const std::string& palette = {}, uint64_t seed = 1) {
  paint::Settings settings;
  settings.kind = kind;
  settings.palette = palette;
  settings.seed = seed;
  settings.size = 96;
  return paint::paint(settings);
}

double mean_difference(const Tensor& a, const Tensor& b) {
  return (a.to(reel::kDouble) - b.to(reel::kDouble)).abs().mean().item<double>();
}

// All bytes, one after the other, mixed into one number.
uint64_t fingerprint(const Tensor& picture) {
  uint64_t print = 0;
  const auto* bytes = picture.data_ptr<uint8_t>();
  for (int64_t i = 0; i < picture.numel(); ++i) print = paint::hash(print ^ bytes[i]);
  return print;
}

}  // namespace

TEST_CASE("a seed gives the same bits every time, and another seed another painting") {
  for (const std::string& kind : paint::kinds()) {
    INFO(kind);
    const Tensor picture = small(kind, "ember");
    CHECK(reel::equal(small(kind, "ember"), picture));
    CHECK(mean_difference(small(kind, "ember", 2), picture) > 10);
  }
}

TEST_CASE("compilers, machines and instruction sets agree on every bit") {
  // As painted on x86-64 by GCC 12.
  CHECK(fingerprint(small("strokes", "ember")) == 0xebb38c3d25c69969u);
  CHECK(fingerprint(small("mosaic", "ember")) == 0xf85890a1539a8904u);
  CHECK(fingerprint(small("woodcut", "ember")) == 0xa8aae6e6eb1b3030u);

  const TempDir folder;
  for (const std::string& kind : paint::kinds()) {
    INFO(kind);
    std::string files[2];
    for (const char* isa : {"", "reference"}) {
      const std::string out = folder.file(std::string("by") + isa + ".png");
      REQUIRE(run_command("REEL_CPU_ISA=" + std::string(isa) + " " + program("reel-paint") +
                          " --size 96 --kind " + kind + " --out " + out)
                  .status == 0);
      files[*isa == '\0' ? 0 : 1] = read_file(out);
    }
    CHECK(files[0] == files[1]);
  }
}

TEST_CASE("every kind paints in every palette") {
  for (const std::string& kind : paint::kinds()) {
    for (const paint::Palette& palette : paint::palettes()) {
      INFO(kind << " in " << palette.name);
      const Tensor picture = small(kind, palette.name);
      REQUIRE(picture.sizes() == reel::IntArrayRef({96, 96, 3}));
      CHECK(picture.dtype() == reel::kByte);
      // Far from flat: an even ramp from black to white has a deviation of 74.
      CHECK(picture.to(reel::kDouble).std().item<double>() > 25);
    }
  }
}

TEST_CASE("sizes and aspects are as asked, and a painting is the same at every size") {
  paint::Settings settings;
  settings.size = 90;
  settings.aspect = 1.5;
  CHECK(paint::paint(settings).sizes() == reel::IntArrayRef({60, 90, 3}));
  settings.aspect = 0.25;
  CHECK(paint::paint(settings).sizes() == reel::IntArrayRef({90, 23, 3}));

  settings = {};
  settings.size = 240;
  const Tensor large = reel::resize_image(paint::paint(settings), 30, 30);
  settings.size = 120;
  // Eight levels of grey: what finer bristles and their shadows make of the same strokes.
  CHECK(mean_difference(reel::resize_image(paint::paint(settings), 30, 30), large) < 8);
}

TEST_CASE("reel-paint writes what it is asked for and explains what it cannot do") {
  const TempDir folder;
  const std::string out = folder.file("a.png");
  const ProcessResult painted =
      reel_paint("--kind mosaic --seed 7 --palette clay --size 64 --aspect 2 --out " + out);
  INFO(painted.output);
  REQUIRE(painted.status == 0);
  CHECK(painted.output.empty());
  CHECK(reel::load_image(out).sizes() == reel::IntArrayRef({32, 64, 3}));

  struct Wrong {
    const char *arguments, *message;
  };
  for (const Wrong& wrong :
       {Wrong{"--kind fresco --out a.png", "fresco not in {strokes,mosaic,woodcut}"},
        Wrong{"--palette mud --out a.png", "mud not in {dusk,"},
        Wrong{"--size 15 --out a.png", "15 not in range"},
        Wrong{"--size 5000 --out a.png", "5000 not in range"},
        Wrong{"--aspect nan --out a.png", "0.25 to 4, got nan"},
        Wrong{"--aspect 9 --out a.png", "--aspect"},
        Wrong{"--seed -1 --out a.png", "expected a number >= 0, got -1"},
        Wrong{"--quality 0 --out a.jpg", "0 not in range"}, Wrong{"", "--out is required"},
        Wrong{"--out a.gif", "a.gif: the name must end in .png, .jpg or .jpeg"},
        Wrong{"--out /nowhere/a.png", "/nowhere/a.png"}}) {
    INFO(wrong.arguments);
    const ProcessResult result = reel_paint(wrong.arguments);
    CHECK(result.status != 0);
    CHECK_THAT(result.output, ContainsSubstring(wrong.message));
  }

  paint::Settings settings;
  settings.kind = "fresco";
  CHECK_THROWS_WITH(paint::paint(settings), ContainsSubstring("one of strokes, mosaic, woodcut"));
  settings = {};
  settings.palette = "mud";
  CHECK_THROWS_WITH(paint::paint(settings), ContainsSubstring("got mud"));
  settings = {};
  settings.size = 0;
  CHECK_THROWS_WITH(paint::paint(settings), ContainsSubstring("16 to 4096 pixels, got 0"));
  settings = {};
  settings.aspect = std::nan("");
  CHECK_THROWS_WITH(paint::paint(settings), ContainsSubstring("got nan"));
}

TEST_CASE("the samples' README tells how the sample styles were painted") {
  const TempDir folder;
  std::istringstream readme(read_file(sample("README")));
  int commands = 0;
  for (std::string line; std::getline(readme, line);) {
    const size_t at = line.find("reel-paint --kind");
    if (at == std::string::npos) continue;
    const std::string name = line.substr(line.rfind(' ') + 1);
    INFO(line);
    REQUIRE(
        run_command("cd " + folder.path().string() + " && " + program(line.substr(at))).status ==
        0);
    const Tensor kept = reel::load_image(sample(name));
    const Tensor painted = reel::load_image(folder.file(name));
    REQUIRE(kept.sizes() == painted.sizes());
    // The painting has the same bits everywhere, but JPEG's cosine transform may round otherwise on
    // another machine. A coefficient that falls to its neighbour moves pixels by a quarter of its
    // step, here at most 30 and doubled by the conversion from blue and red differences.
    const Tensor difference = (kept.to(reel::kFloat) - painted.to(reel::kFloat)).abs();
    CHECK(difference.max().item<float>() <= 16);
    CHECK(difference.mean().item<float>() < 0.05);
    ++commands;
  }
  CHECK(commands == 2);
}

TEST_CASE("samples are small, and the portrait is what its README says") {
  CHECK(std::filesystem::file_size(sample("portrait.jpg")) <= 100 * 1024);
  for (const char* name : {"strokes.jpg", "woodcut.jpg"}) {
    CHECK(std::filesystem::file_size(sample(name)) <= 150 * 1024);
  }
  const Tensor portrait = reel::load_image(sample("portrait.jpg"));
  CHECK(portrait.sizes() == reel::IntArrayRef({512, 512, 3}));
  const std::string original = data_file("images/content/astronaut.png");
  if (original.empty()) return;
  const Tensor scaled = reel::resize_image(reel::load_image(original), 512, 512);
  // What JPEG of this quality, with colours at half the size, loses of a photograph in grey levels.
  CHECK(mean_difference(portrait, scaled) < 4);
}
