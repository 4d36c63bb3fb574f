// The page of reel-style --serve in a browser, as a user meets it.

#include <fstream>
#include <memory>

#include <reel/io/image.h>
#include <reel/reel.h>

#include "apps/browser.h"
#include "apps/small_style.h"
#include "style_transfer/serve/server.h"
#include "style_transfer/serve/studio.h"
#include "support/catch.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using namespace reel::test;

namespace {

constexpr char32_t kTab = 0xe004, kRight = 0xe014, kEnd = 0xe010;

struct Page {
  std::unique_ptr<style::Studio> studio =
      std::make_unique<style::Studio>(small_settings(), small_weights());
  std::unique_ptr<style::Server> server = std::make_unique<style::Server>(*studio, 0);
  Browser browser;
  TempDir folder;

  Page() {
    std::ofstream(folder.file("content.png"), std::ios::binary) << png(300, 400);
    std::ofstream(folder.file("style.png"), std::ios::binary) << png(200, 200, 2);
    std::ofstream(folder.file("broken.png"), std::ios::binary) << "not a picture";
    browser.open(server->address());
    REQUIRE(browser.wait_for("stage.dataset.stage === 'idle'"));
  }

  std::string text(const std::string& id) {
    return browser.run("return document.getElementById('" + id + "').textContent");
  }
  std::string value(const std::string& id) {
    return browser.run("return document.getElementById('" + id + "').value");
  }
  void set(const std::string& option, const std::string& value) {
    browser.run("const f = document.getElementById('option-" + option + "'); f.value = '" + value +
                "'; f.dispatchEvent(new Event('input'))");
  }
  // As dragging a file onto a zone does: WebDriver itself cannot drag from outside of the page.
  void drop(const std::string& zone, const std::string& bytes, const std::string& type) {
    browser.run("const bytes = Uint8Array.from(" +
                nlohmann::json(
                    std::vector<int>(reinterpret_cast<const uint8_t*>(bytes.data()),
                                     reinterpret_cast<const uint8_t*>(bytes.data()) + bytes.size()))
                    .dump() +
                "); const data = new DataTransfer();"
                "data.items.add(new File([bytes], '../../evil.png', {type: '" +
                type +
                "'}));"
                "document.getElementById('" +
                zone +
                "').dispatchEvent(new DragEvent('drop', "
                "{dataTransfer: data, bubbles: true, cancelable: true}))");
  }
  void choose_both() {
    browser.type("#file-content", folder.file("content.png"));
    browser.type("#file-style", folder.file("style.png"));
    REQUIRE(browser.wait_for("view.content.version && view.style.version"));
  }
  // What the picture on the page looks like: the mean of its pixels, drawn at 8 x 8.
  nlohmann::json pixels(const std::string& id) {
    return browser.run(
        "const c = document.createElement('canvas'); c.width = c.height = 8;"
        "const p = c.getContext('2d'); p.drawImage(document.getElementById('" +
        id + "'), 0, 0, 8, 8); return Array.from(p.getImageData(0, 0, 8, 8).data)");
  }
  // Something that is wider than the page makes it scroll sideways.
  bool too_wide() {
    return browser.run("return document.documentElement.scrollWidth > innerWidth") == true;
  }
};

}  // namespace

TEST_CASE("two pictures are dropped, painted, compared and saved") {
  if (!Browser::installed()) return;
  Page page;
  Browser& browser = page.browser;
  CHECK(page.value("option-size") == "24");
  page.drop("drop-content", png(300, 400), "image/png");
  page.drop("drop-style", png(200, 200, 2), "");
  REQUIRE(browser.wait_for("view.content.version && view.style.version"));
  REQUIRE(browser.wait_for("document.querySelector('#drop-style img').naturalWidth === 200"));
  CHECK(page.text("about-content") == "400 × 300");

  page.set("size", "64");
  page.set("steps", "30");
  browser.click("#start");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'finished'"));
  REQUIRE(browser.wait_for("shown === `1.${view.result.version}`"));
  CHECK_THAT(page.text("progress-text"), ContainsSubstring("Step 30 of 30"));
  CHECK(browser.run("return document.querySelectorAll('#chart polyline').length") == 3);
  CHECK(browser.run("return points.length") == 30);
  CHECK(browser.run("return after.naturalWidth") == 64);
  CHECK(page.pixels("after") != page.pixels("before"));

  // The slider is worked with the keyboard.
  browser.run("compare.focus()");
  browser.press(kRight);
  CHECK(std::stod(page.value("compare")) > 0);
  browser.press(kEnd);
  CHECK(browser.run("return frame.style.getPropertyValue('--cut')") == "100%");

  browser.click("#save");
  const std::string saved = browser.downloads() + "/reel-style.png";
  REQUIRE(wait_until([&] { return std::filesystem::exists(saved); }, 30));
  CHECK(reel::equal(reel::load_image(saved), page.studio->result()));
}

TEST_CASE("a run is stopped, seen from a second page, and resumed") {
  if (!Browser::installed()) return;
  Page page;
  Browser& browser = page.browser;
  page.choose_both();
  page.set("steps", "100000");
  browser.click("#start");
  REQUIRE(browser.wait_for("view.step > 3"));
  CHECK(browser.run("return start.disabled && settings.disabled && !stop.hidden") == true);
  CHECK_THAT(browser.run("return document.title"), ContainsSubstring("%"));

  browser.open(page.server->address());
  REQUIRE(browser.wait_for("stage.dataset.stage === 'running' && view.step > 3"));
  CHECK(page.value("option-steps") == "100000");
  REQUIRE(browser.wait_for("points.length === view.step || points.length > 300"));
  browser.click("#stop");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'stopped'"));
  CHECK_THAT(page.text("resume"), ContainsSubstring("Resume to step 100000"));
  const int64_t done = browser.run("return view.step");
  page.set("steps", std::to_string(done + 10));
  browser.click("#resume");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'finished'"));
  CHECK(browser.run("return view.step") == done + 10);
  CHECK(browser.run("return view.run") == 1);
  CHECK_THAT(page.text("resume"),
             ContainsSubstring("Resume to step " + std::to_string(2 * (done + 10))));
}

TEST_CASE("a page whose program ended says so, and finds the next one") {
  if (!Browser::installed()) return;
  Page page;
  Browser& browser = page.browser;
  page.choose_both();
  browser.click("#start");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'finished' && !after.hidden"));
  const int port = page.server->port();
  page.server.reset();
  page.studio.reset();
  REQUIRE(browser.wait_for("stage.dataset.stage === 'lost'"));
  CHECK_THAT(page.text("error-run"), ContainsSubstring("does not answer"));
  browser.click("#start");
  REQUIRE(browser.wait_for("document.getElementById('error-run').textContent"));

  page.studio = std::make_unique<style::Studio>(small_settings(), small_weights());
  page.server = std::make_unique<style::Server>(*page.studio, port);
  REQUIRE(browser.wait_for("stage.dataset.stage === 'idle'"));
  CHECK(page.text("error-run").empty());
  CHECK(browser.run("return after.hidden && !document.querySelector('.drop.full')") == true);
}

TEST_CASE("errors stand where the user looks") {
  if (!Browser::installed()) return;
  Page page;
  Browser& browser = page.browser;
  browser.click("#start");
  REQUIRE(browser.wait_for("document.getElementById('error-run').textContent"));
  CHECK(page.text("error-run") == "Choose a content picture first.");

  browser.type("#file-content", page.folder.file("broken.png"));
  REQUIRE(browser.wait_for("document.getElementById('error-content').textContent"));
  CHECK_THAT(page.text("error-content"), ContainsSubstring("neither PNG nor JPEG"));
  page.drop("drop-style", "GIF89a", "image/gif");
  REQUIRE(browser.wait_for("document.getElementById('error-style').textContent"));
  CHECK(page.text("error-style") == "Expected a PNG or JPEG picture, got image/gif.");
  page.drop("drop-style", std::string(100, 'x') + "<img src=x onerror=alert(1)>", "image/png");
  REQUIRE(browser.wait_for(
      "document.getElementById('error-style').textContent.includes('neither PNG')"));

  page.choose_both();
  CHECK(page.text("error-content").empty());
  page.set("lr", "-1");
  browser.click("#start");
  REQUIRE(browser.wait_for("document.getElementById('error-lr').textContent"));
  CHECK(page.text("error-lr") == "Expected a number > 0, got -1.");
  CHECK(browser.run("return document.activeElement.id") == "option-lr");
  page.set("lr", "1e30");
  CHECK(page.text("error-lr").empty());
  browser.click("#start");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'failed'"));
  CHECK_THAT(page.text("failure"), ContainsSubstring("smaller learning rate"));
}

TEST_CASE("the page can be worked with the keyboard and fits its window, light and dark") {
  if (!Browser::installed()) return;
  Page page;
  Browser& browser = page.browser;
  page.choose_both();
  // Everything that can be worked has a name that a screen reader tells, and Tab reaches it.
  std::vector<std::string> ids;
  browser.run("document.activeElement.blur()");
  for (int i = 0; i < 10; ++i) {
    browser.press(kTab);
    ids.push_back(browser.run("return document.activeElement.id"));
  }
  CHECK(ids == std::vector<std::string>{"file-content", "file-style", "option-size", "option-steps",
                                        "option-content-weight", "option-style-weight", "option-lr",
                                        "option-tv-weight", "option-pool", "start"});
  CHECK(browser.run("return [...document.querySelectorAll('input, select')].every("
                    "e => e.getAttribute('aria-label') || e.labels.length)") == true);

  page.set("steps", "200");
  browser.click("#start");
  REQUIRE(browser.wait_for("stage.dataset.stage === 'finished'"));
  REQUIRE(browser.wait_for("shown === `1.${view.result.version}`"));
  for (const bool dark : {false, true}) {
    for (const int width : {1280, 400}) {
      browser.show_as(width, 900, dark);
      CHECK_FALSE(page.too_wide());
      const std::string path = page.folder.file("page.png");
      browser.screenshot(path);
      const reel::Tensor shot = reel::load_image(path).to(reel::kFloat);
      CHECK(shot.size(1) == width);
      CHECK(shot.slice(0, 0, 10).mean().item<double>() == Approx(dark ? 24 : 241).margin(12));
    }
  }
}
