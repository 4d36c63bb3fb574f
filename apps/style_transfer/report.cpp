#include "style_transfer/report.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <reel/io/image.h>
#include <reel/reel.h>

#include "style_transfer/pictures.h"
#include "style_transfer/progress.h"

namespace style {
namespace {

std::string base64(std::string_view bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return text;
}

std::string escape(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string figure(const std::string& jpeg, std::string_view caption) {
  return fmt::format(
      "<figure><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}</figcaption>"
      "</figure>\n",
      escape(caption), base64(jpeg));
}

struct Curve {
  const char* name;
  const char* colour;
  std::vector<double> values;
};

constexpr double kWidth = 860;
constexpr double kHeight = 320;
constexpr double kLeft = 70;
constexpr double kBottom = 40;

// Loss curves over the steps as SVG, on a logarithmic scale with a line at each power of ten.
std::string chart(const std::vector<Curve>& curves) {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  size_t steps = 0;
  for (const Curve& curve : curves) {
    for (const double v : curve.values) {
      if (!(v > 0) || !std::isfinite(v)) continue;
      low = std::min(low, std::log10(v));
      high = std::max(high, std::log10(v));
    }
    steps = std::max(steps, curve.values.size());
  }
  if (low > high) return "<p>No losses to draw.</p>";
  low = std::floor(low);
  high = std::max(std::ceil(high), low + 1);
  const auto x = [&](size_t i) {
    return kLeft + (kWidth - kLeft - 10) * static_cast<double>(i) /
                       static_cast<double>(std::max<size_t>(1, steps - 1));
  };
  const auto y = [&](double exponent) {
    return 10 + (kHeight - kBottom - 10) * (high - exponent) / (high - low);
  };
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"loss curves\">\n", kWidth, kHeight);
  for (double e = low; e <= high; ++e) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">1e{5:.0f}</text>\n",
        kLeft, kWidth - 10, y(e), kLeft - 8, y(e) + 4, e);
  }
  for (size_t i = 0; i < 5; ++i) {
    const size_t step = (steps - 1) * i / 4;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(step),
                       kHeight - kBottom + 20, step + 1);
  }
  double legend = kWidth - 30;
  for (const Curve& curve : curves) {
    std::string points;
    for (size_t i = 0; i < curve.values.size(); ++i) {
      const double v = curve.values[i];
      if (v > 0 && std::isfinite(v))
        points += fmt::format("{:.1f},{:.1f} ", x(i), y(std::log10(v)));
    }
    if (points.empty()) continue;
    svg += fmt::format(
        "<polyline fill=\"none\" stroke=\"{0}\" stroke-width=\"2\" points=\"{1}\"/>"
        "<text x=\"{2}\" y=\"28\" text-anchor=\"end\" style=\"fill:{0}\">{3}</text>\n",
        curve.colour, points, legend, curve.name);
    legend -= 80;
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>\n</svg>\n",
                     kWidth / 2, kHeight - 4);
  return svg;
}

std::string loss_chart(const Settings& settings, const History& history) {
  Curve total{"total", "#222", {}};
  Curve content{"content", "#1f6fb4", {}};
  Curve style{"style", "#c2452d", {}};
  Curve variation{"tv", "#4a8f3c", {}};
  for (const Losses& l : history.losses) {
    total.values.push_back(l.total);
    content.values.push_back(l.content * settings.recipe.content_weight);
    style.values.push_back(l.style * settings.recipe.style_weight);
    variation.values.push_back(l.tv * settings.recipe.tv_weight);
  }
  return chart({total, content, style, variation});
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string html = "<table>\n";
  for (const auto& [name, value] : rows) {
    html += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escape(name), escape(value));
  }
  return html + "</table>\n";
}

constexpr const char* kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fdfdfb; }
h1 { font-size: 1.6em; } h2 { font-size: 1.15em; margin-top: 2em; }
.row { display: flex; gap: 14px; flex-wrap: wrap; }
.row figure { flex: 1 1 240px; max-width: 420px; } .small figure { flex: 0 1 150px; }
figure { margin: 0; } img { width: 100%; border-radius: 3px; display: block; }
figcaption { color: #666; font-size: .9em; }
svg { width: 100%; font-size: 13px; } svg text { fill: #666; } .grid { stroke: #e2e2dc; }
th { text-align: left; font-weight: 500; color: #666; padding-right: 2em; }
)";

}  // namespace

std::string encode_small(const Tensor& picture, int64_t size) {
  Tensor bytes = to_bytes(picture);
  const int64_t height = bytes.size(0);
  const int64_t width = bytes.size(1);
  const int64_t longer = std::max(height, width);
  if (longer > size) {
    bytes = reel::resize_image(bytes, std::max<int64_t>(1, height * size / longer),
                               std::max<int64_t>(1, width * size / longer));
  }
  return reel::encode_image(bytes, ".jpg");
}

nlohmann::json summary(const Settings& settings, const History& history) {
  nlohmann::json steps = nlohmann::json::array();
  for (size_t i = 0; i < history.losses.size(); ++i) {
    const Losses& l = history.losses[i];
    steps.push_back({{"step", i + 1},
                     {"total", l.total},
                     {"content", l.content},
                     {"style", l.style},
                     {"tv", l.tv}});
  }
  nlohmann::json all = to_json(settings);
  all["out"] = settings.out;
  all["steps"] = settings.steps;
  all["threads"] = reel::get_num_threads();
  all["device"] = settings.device;
  nlohmann::json result = {{"settings", all},
                           {"steps", steps},
                           {"seconds_per_step", median(history.seconds)},
                           {"peak_memory_bytes", peak_memory_bytes()}};
  if (!history.predicted_ms.empty()) {
    result["predicted_ms_per_step"] = median(history.predicted_ms);
  }
  return result;
}

std::string report_page(const Settings& settings, const History& history,
                        const ReportPictures& pictures) {
  constexpr int64_t kLarge = 720;
  double seconds = 0;
  for (const double s : history.seconds) seconds += s;
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>reel-style: {0}</title>\n<style>{1}</style></head>\n<body>\n"
      "<h1>A picture repainted</h1>\n<div class=\"row\">\n",
      escape(settings.out), kStyle);
  html += figure(encode_small(pictures.content, kLarge), "content");
  html += figure(encode_small(pictures.style, kLarge), "style");
  html += figure(encode_small(pictures.result, kLarge),
                 fmt::format("result after {} steps", history.losses.size()));
  html += "</div>\n<h2>On the way</h2>\n<div class=\"row small\">\n";
  for (const auto& [step, jpeg] : pictures.snapshots) {
    html += figure(jpeg, fmt::format("step {}", step));
  }
  html += "</div>\n<h2>Losses, weighted, before each step</h2>\n";
  html += loss_chart(settings, history);
  html += "<h2>Time and memory</h2>\n";
  std::vector<std::pair<std::string, std::string>> rows = {
      {"steps", std::to_string(history.losses.size())},
      {"seconds a step (median)", fmt::format("{:.3f}", median(history.seconds))},
      {"in all", duration(seconds)},
      {"threads", std::to_string(reel::get_num_threads())},
      {"device", settings.device},
      {"peak memory", fmt::format("{:.0f} MB", static_cast<double>(peak_memory_bytes()) * 1e-6)}};
  if (!history.predicted_ms.empty()) {
    rows.emplace_back("milliseconds a step, predicted for the device",
                      fmt::format("{:.3f}", median(history.predicted_ms)));
  }
  html += table(rows);
  html += "<h2>Settings</h2>\n";
  rows.clear();
  const nlohmann::json all = to_json(settings);
  for (const auto& [name, value] : all.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (!text.empty()) rows.emplace_back(name, text);
  }
  return html + table(rows) + "</body></html>\n";
}

}  // namespace style
