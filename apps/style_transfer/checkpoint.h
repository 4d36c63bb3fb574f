#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "style_transfer/style_transfer.h"

namespace style {

struct Settings;

/// What a run has done so far.
struct History {
  std::vector<Losses> losses;   ///< of step 1, 2, ...
  std::vector<double> seconds;  ///< that each step took
  /// That a simulated device would have taken for each step of this process; empty of others.
  std::vector<double> predicted_ms;
};

/// Writes settings, losses, picture and optimizer as one safetensors file, replacing the file in
/// one step: a run that is killed leaves the last good one.
void save_checkpoint(const std::string& path, const Settings& settings, const History& history,
                     const StyleTransfer& transfer);

/// The settings in a checkpoint; errors if the file is none.
nlohmann::json read_checkpoint_settings(const std::string& path);

/// Gives a run the state it had; errors if the checkpoint does not fit it.
History load_checkpoint(const std::string& path, StyleTransfer& transfer);

}  // namespace style
