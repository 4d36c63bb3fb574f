#pragma once

#include <nlohmann/json_fwd.hpp>

#include "style_transfer/serve/studio.h"

namespace style {

/// A view as the page wants it: {"stage", "error", "content", "style", "result", "options", "run",
/// "step", "steps", "seconds_per_step", "losses": [[step, total, content, style, tv], ...]}. The
/// losses are as in `Losses`; one that is not finite is null.
nlohmann::json to_json(const View& view);

}  // namespace style
