#pragma once

#include <string_view>

namespace style {

/// page.html, which the build embeds.
extern const std::string_view kPage;

}  // namespace style
