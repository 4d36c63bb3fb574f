// reel-paint: paints pictures from nothing but a seed, as styles for reel-style.
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include <reel/io/atomic_file.h>
#include <reel/io/image.h>
#include <reel/reel.h>

#include "paint/paint.h"
#include "paint/palette.h"
#include "validators.h"

int main(int argc, char** argv) {
  CLI::App app{"Paints a picture from nothing but a seed, e.g. as a style for reel-style.",
               "reel-paint"};
  paint::Settings settings;
  std::string out;
  int quality = 95;
  std::vector<std::string> palettes;
  for (const paint::Palette& palette : paint::palettes()) palettes.push_back(palette.name);
  app.add_option("--kind", settings.kind, "Manner of painting")
      ->check(CLI::IsMember(paint::kinds()))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "Every seed is another painting")
      ->check(apps::not_negative())
      ->capture_default_str();
  app.add_option("--palette", settings.palette, "Colours; the seed's choice if not given")
      ->check(CLI::IsMember(palettes));
  app.add_option("--size", settings.size, "Longer side in pixels")
      ->check(CLI::Range(int64_t{16}, int64_t{4096}))
      ->capture_default_str();
  app.add_option("--aspect", settings.aspect, "Width / height")
      ->check(CLI::Range(0.25, 4.0))
      ->capture_default_str();
  app.add_option("--out", out, "The painting: a .png or .jpg file")->required();
  app.add_option("--quality", quality, "Of JPEG")->check(CLI::Range(1, 100))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    // Before the work, not after it: whether the name is a picture's, and can be written.
    reel::encode_image(reel::zeros({1, 1, 3}, reel::kByte), out);
    reel::check_writable(out);
    reel::save_image(paint::paint(settings), out, quality);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reel-paint: %s\n", error.what());
    return 1;
  }
  return 0;
}
