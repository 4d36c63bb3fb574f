#include "apps/browser.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <httplib.h>
#include <stdexcept>

#include <reel/io/atomic_file.h>

#include "support/catch.h"
#include "support/process.h"

namespace reel::test {

using nlohmann::json;

struct Browser::Driver {
  explicit Driver(const std::string& log) : process("chromedriver --port=0", log) {}

  Process process;
  std::unique_ptr<httplib::Client> client;
  std::string session;  // "/session/..."
};

namespace {

std::string decode_base64(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    group = group << 6 | static_cast<uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits);
    }
  }
  return bytes;
}

}  // namespace

bool Browser::installed() {
  for (const char* name : {"chromium", "chromedriver"}) {
    if (std::system(("command -v " + std::string(name) + " >/dev/null").c_str()) != 0) {
      WARN("skipped: no " << name << " to show the page in");
      return false;
    }
  }
  return true;
}

Browser::Browser() {
  const std::string log = folder_.file("log");
  driver_ = std::make_unique<Driver>(log);
  const std::string started = "started successfully on port ";
  wait_until([&] { return read_file(log).find(started) != std::string::npos; }, 60);
  const std::string text = read_file(log);
  const size_t at = text.find(started);
  if (at == std::string::npos) throw std::runtime_error("chromedriver does not start: " + text);
  driver_->client =
      std::make_unique<httplib::Client>("127.0.0.1", std::atoi(&text[at + started.size()]));
  driver_->client->set_read_timeout(120);

  std::filesystem::create_directory(downloads());
  const json arguments{"--headless",
                       "--no-sandbox",
                       "--disable-gpu",
                       "--disable-quic",
                       "--no-first-run",
                       "--disable-background-networking",
                       "--disable-component-update",
                       "--disable-sync",
                       "--hide-scrollbars",
                       "--force-prefers-reduced-motion",  // clicks miss what still scrolls
                       "--window-size=1280,900",
                       "--user-data-dir=" + folder_.file("profile")};
  const json options{{"args", arguments}, {"prefs", {{"download.default_directory", downloads()}}}};
  const json answer =
      command("/session", {{"capabilities", {{"alwaysMatch", {{"goog:chromeOptions", options}}}}}});
  driver_->session = "/session/" + answer.at("sessionId").get<std::string>();
}

Browser::~Browser() {
  // Chromium goes with its session, chromedriver with its process.
  if (!driver_->session.empty()) driver_->client->Delete(driver_->session);
}

json Browser::command(const std::string& path, const json& body) {
  const auto result =
      driver_->client->Post(driver_->session + path, body.dump(), "application/json");
  if (!result) throw std::runtime_error("chromedriver does not answer " + path);
  const json value = json::parse(result->body).at("value");
  if (result->status != 200) {
    throw std::runtime_error(path + ": " + value.value("message", result->body));
  }
  return value;
}

void Browser::open(const std::string& url) { command("/url", {{"url", url}}); }

void Browser::show_as(int width, int height, bool dark) {
  const auto devtools = [&](const char* name, const json& parameters) {
    command("/goog/cdp/execute", {{"cmd", name}, {"params", parameters}});
  };
  devtools("Emulation.setDeviceMetricsOverride",
           {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
  const json scheme{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}};
  devtools("Emulation.setEmulatedMedia", {{"features", json::array({scheme})}});
}

json Browser::run(const std::string& script) {
  return command("/execute/sync", {{"script", script}, {"args", json::array()}});
}

bool Browser::wait_for(const std::string& expression, double seconds) {
  return wait_until([&] { return run("return !!(" + expression + ")") == true; }, seconds);
}

std::string Browser::element(const std::string& selector) {
  const json found = command("/element", {{"using", "css selector"}, {"value", selector}});
  return found.begin().value();
}

void Browser::click(const std::string& selector) {
  command("/element/" + element(selector) + "/click", json::object());
}

void Browser::type(const std::string& selector, const std::string& text) {
  command("/element/" + element(selector) + "/value", {{"text", text}});
}

void Browser::press(char32_t key) {
  // The named keys lie in U+E000..U+F8FF, three bytes of UTF-8.
  const std::string text{static_cast<char>(0xe0 | key >> 12),
                         static_cast<char>(0x80 | (key >> 6 & 0x3f)),
                         static_cast<char>(0x80 | (key & 0x3f))};
  const json actions{{{"type", "keyDown"}, {"value", text}}, {{"type", "keyUp"}, {"value", text}}};
  command("/actions", {{"actions", {{{"type", "key"}, {"id", "keyboard"}, {"actions", actions}}}}});
}

void Browser::screenshot(const std::string& path) {
  const json shot = command("/goog/cdp/execute",
                            {{"cmd", "Page.captureScreenshot"},
                             {"params", {{"format", "png"}, {"captureBeyondViewport", true}}}});
  write_file(path, decode_base64(shot.at("data")));
}

}  // namespace reel::test
