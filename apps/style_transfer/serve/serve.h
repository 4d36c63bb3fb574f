#pragma once

namespace style {

struct Settings;

/// `reel-style --serve`: serves the page until Ctrl-C or SIGTERM, then ends the process with status
/// 0. Returns the exit status of what went wrong before.
int serve(const Settings& settings);

}  // namespace style
