#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "support/files.h"

namespace reel::test {

/// A headless Chromium, driven through chromedriver (W3C WebDriver: HTTP and JSON).
class Browser {
 public:
  /// False, after a warning that starts with "skipped:", where one of the two is not installed.
  static bool installed();

  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  /// Size of the page in CSS pixels, and the colours that it shall choose.
  void show_as(int width, int height, bool dark);
  /// The body of a function; what it returns.
  nlohmann::json run(const std::string& script);
  /// Waits at most `seconds` until the expression is true; whether it became so.
  bool wait_for(const std::string& expression, double seconds = 60);
  void click(const std::string& selector);
  /// Types into an element; for a file input, chooses the file of that name.
  void type(const std::string& selector, const std::string& text);
  /// Presses one of WebDriver's named keys, e.g. U+E014 for the right arrow, where the focus is.
  void press(char32_t key);
  /// Of the whole page, as PNG.
  void screenshot(const std::string& path);
  /// Where saved files go.
  std::string downloads() const { return folder_.file("downloads"); }

 private:
  struct Driver;
  nlohmann::json command(const std::string& path, const nlohmann::json& body);
  std::string element(const std::string& selector);

  TempDir folder_;
  std::unique_ptr<Driver> driver_;
};

}  // namespace reel::test
