#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "style_transfer/style_transfer.h"

namespace style {

/// What a run is told on the command line.
struct Settings {
  // These make the picture; a resumed run takes them from its checkpoint.
  std::string content;
  std::string style;
  std::string weights;
  int64_t size = 512;
  Recipe recipe;
  std::string pool;
  std::string init = "content";
  std::string preprocess;
  uint64_t seed = 0;
  // These do not.
  std::string out;
  int64_t steps = 500;
  int threads = 0;
  std::string device = "cpu";
  int64_t save_every = 0;
  std::string report;
  std::string checkpoint;
  std::string resume;
  std::string json;
  bool quiet = false;
  /// The port of --serve, 0 for any free one; nothing without --serve.
  std::optional<int> serve;
};

/// Reads the command line. Ends in an exit code where the program has nothing (more) to do: after
/// --help, or an error, which was printed. With --resume, what makes the picture comes from the
/// checkpoint, and naming another value for it is an error.
std::optional<int> parse_command_line(int argc, char** argv, Settings& settings);

/// Sets an option by its name on the command line ("size", "lr"), by the command line's own rules;
/// errors start with the name.
void set_option(Settings& settings, const std::string& name, const std::string& value);

/// Everything that makes the picture, for checkpoints and reports, and back.
nlohmann::json to_json(const Settings& settings);
void from_json(const nlohmann::json& json, Settings& settings);

}  // namespace style
