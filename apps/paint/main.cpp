// reel-paint: paints pictures from nothing but a seed, as styles for reel-style.
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include <reel/io/atomic_file.h>
#include <reel/io/image.h>

#include "paint/paint.h"
#include "paint/palette.h"

int main(int argc, char** argv) {
  CLI::App app{"Paints a picture from nothing but a seed, e.g. as a style for reel-style.",
               "reel-paint"};
  paint::Settings settings;
  std::string out;
  std::vector<std::string> palettes;
  for (const paint::Palette& palette : paint::palettes()) palettes.push_back(palette.name);
  app.add_option("--kind", settings.kind, "Manner of painting")
      ->check(CLI::IsMember(paint::kinds()))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "Every seed is another painting")->capture_default_str();
  app.add_option("--palette", settings.palette, "Colours; the seed's choice if not given")
      ->check(CLI::IsMember(palettes));
  app.add_option("--size", settings.size, "Longer side in pixels, 16 to 4096")
      ->check(CLI::Range(int64_t{16}, int64_t{4096}).description(""))
      ->capture_default_str();
  app.add_option("--aspect", settings.aspect, "Width / height, 0.25 to 4")
      ->check(CLI::Range(0.25, 4.0).description(""))
      ->capture_default_str();
  app.add_option("--out", out, "The painting: a .png or .jpg file")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    reel::check_writable(out);
    reel::save_image(paint::paint(settings), out);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reel-paint: %s\n", error.what());
    return 1;
  }
  return 0;
}
