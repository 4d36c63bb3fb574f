#include "style_transfer/checkpoint.h"

#include <nlohmann/json.hpp>

#include <reel/io/safetensors.h>
#include <reel/tensor/check.h>

#include "style_transfer/settings.h"

namespace style {
namespace {

constexpr const char* kFormat = "reel-style checkpoint 1";
constexpr const char* kHistory = "history";
constexpr int64_t kColumns = 5;  // total, content, style, tv, seconds

}  // namespace

void save_checkpoint(const std::string& path, const Settings& settings, const History& history,
                     const StyleTransfer& transfer) {
  const auto rows = static_cast<int64_t>(history.losses.size());
  Tensor table = reel::empty({rows, kColumns}, reel::kDouble);
  auto cell = table.accessor<double, 2>();
  for (int64_t i = 0; i < rows; ++i) {
    const Losses& l = history.losses[static_cast<size_t>(i)];
    const double row[] = {l.total, l.content, l.style, l.tv,
                          history.seconds[static_cast<size_t>(i)]};
    for (int64_t k = 0; k < kColumns; ++k) cell[i][k] = row[k];
  }
  reel::StateDict state = transfer.state();
  state.insert(kHistory, table);
  reel::save_safetensors(path, state,
                         {{"format", kFormat}, {"settings", to_json(settings).dump()}});
}

nlohmann::json read_checkpoint_settings(const std::string& path) {
  reel::Metadata metadata;
  reel::load_safetensors(path, &metadata);
  const auto settings = metadata.find("settings");
  if (metadata["format"] != kFormat || settings == metadata.end()) {
    reel::fail("--resume {}: expected a checkpoint of reel-style, got another safetensors file",
               path);
  }
  try {
    return nlohmann::json::parse(settings->second);
  } catch (const nlohmann::json::exception& error) {
    reel::fail("--resume {}: the settings in it are damaged: {}", path, error.what());
  }
}

History load_checkpoint(const std::string& path, StyleTransfer& transfer) {
  const reel::StateDict state = reel::load_safetensors(path);
  const Tensor& table = state[kHistory];
  if (table.dim() != 2 || table.size(1) != kColumns || table.dtype() != reel::kDouble) {
    reel::fail("--resume {}: expected a history of {} columns of doubles, got {} {}", path,
               kColumns, table.dtype(), table.sizes());
  }
  transfer.restore(state);
  History history;
  const auto cell = table.accessor<double, 2>();
  for (int64_t i = 0; i < table.size(0); ++i) {
    history.losses.push_back({cell[i][0], cell[i][1], cell[i][2], cell[i][3]});
    history.seconds.push_back(cell[i][4]);
  }
  return history;
}

}  // namespace style
