#include "style_transfer/serve/events.h"

#include <nlohmann/json.hpp>

namespace style {
namespace {

using nlohmann::json;

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kIdle:
      return "idle";
    case Stage::kLoading:
      return "loading";
    case Stage::kRunning:
      return "running";
    case Stage::kStopping:
      return "stopping";
    case Stage::kStopped:
      return "stopped";
    case Stage::kFinished:
      return "finished";
    case Stage::kFailed:
      return "failed";
  }
  return "";
}

json to_json(const PictureInfo& info) {
  return {{"height", info.height}, {"width", info.width}, {"version", info.version}};
}

json options_of(const Settings& settings) {
  json all = to_json(settings);
  all["steps"] = settings.steps;
  json options = json::object();
  for (const std::string& name : Studio::options()) options[name] = all.at(name);
  return options;
}

}  // namespace

nlohmann::json to_json(const View& view) {
  json losses = json::array();
  for (const auto& [step, l] : view.losses) {
    losses.push_back({step, l.total, l.content, l.style, l.tv});
  }
  return {{"stage", name_of(view.stage)},
          {"error", view.error},
          {"content", to_json(view.content)},
          {"style", to_json(view.style)},
          {"result", to_json(view.result)},
          {"options", options_of(view.settings)},
          {"run", view.run},
          {"step", view.step},
          {"steps", view.settings.steps},
          {"seconds_per_step", view.seconds_per_step},
          {"losses", losses}};
}

}  // namespace style
