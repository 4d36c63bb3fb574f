// reel-style as a user runs it.

#include <csignal>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include <reel/io/image.h>
#include <reel/reel.h>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using namespace reel::test;

namespace {

// The files of a small run, and its command.
struct Run {
  std::string content = data_file("images/content/astronaut.png");
  std::string style = data_file("images/style/starry_night.jpg");
  std::string weights = data_file("vgg19/vgg19_conv_f16.safetensors");
  TempDir folder;

  bool ready() const { return !content.empty() && !style.empty() && !weights.empty(); }
  std::string out(const std::string& name) const { return folder.file(name); }
  std::string command(const std::string& options, int64_t size = 64) const {
    return program("reel-style") + " --content " + content + " --style " + style + " --weights " +
           weights + " --size " + std::to_string(size) + " " + options;
  }
};

json losses(const std::string& path) { return json::parse(read_file(path)).at("steps"); }

int64_t steps_in(const std::string& log) {
  const std::string text = read_file(log);
  const size_t at = text.rfind("step ");
  return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + 5);
}

}  // namespace

TEST_CASE("a resumed run gives the bits of one that never stopped, on any number of threads") {
  const Run run;
  if (!run.ready()) return;
  const auto whole =
      run_command(run.command("--steps 6 --threads 2 --tv-weight 10 --out " + run.out("whole.png") +
                              " --json " + run.out("whole.json")));
  INFO(whole.output);
  REQUIRE(whole.status == 0);
  REQUIRE(run_command(run.command("--steps 2 --threads 1 --tv-weight 10 --out " + run.out("a.png") +
                                  " --checkpoint " + run.out("c")))
              .status == 0);
  const auto rest =
      run_command(program("reel-style") + " --resume " + run.out("c") + " --steps 6 --out " +
                  run.out("b.png") + " --json " + run.out("b.json"));
  INFO(rest.output);
  REQUIRE(rest.status == 0);
  CHECK(losses(run.out("b.json")) == losses(run.out("whole.json")));
  CHECK(read_file(run.out("b.png")) == read_file(run.out("whole.png")));
  CHECK(losses(run.out("b.json")).size() == 6);
  CHECK(losses(run.out("b.json"))[5].at("step") == 6);
}

TEST_CASE("what makes the picture cannot be changed when a run is resumed") {
  const Run run;
  if (!run.ready()) return;
  REQUIRE(run_command(
              run.command("--steps 1 --out " + run.out("a.png") + " --checkpoint " + run.out("c")))
              .status == 0);
  const auto changed = run_command(program("reel-style") + " --resume " + run.out("c") +
                                   " --steps 2 --lr 3 --out " + run.out("b.png"));
  CHECK(changed.status == 1);
  CHECK_THAT(changed.output,
             ContainsSubstring("made with --lr 2.0, which cannot be changed to 3.0"));
}

TEST_CASE("Ctrl-C keeps the picture and says how to go on") {
  const Run run;
  if (!run.ready()) return;
  Process process(run.command("--steps 100000 --out " + run.out("o.png")), run.out("log"));
  REQUIRE(wait_until([&] { return steps_in(run.out("log")) >= 2; }, 120));
  process.signal(SIGINT);
  CHECK(process.wait() == 130);
  const std::string text = read_file(run.out("log"));
  CHECK_THAT(text, ContainsSubstring("--resume " + run.out("o.png.checkpoint")));
  CHECK(reel::load_image(run.out("o.png")).size(0) == 64);
  const auto resumed =
      run_command(program("reel-style") + " --resume " + run.out("o.png.checkpoint") +
                  " --steps 3 --out " + run.out("p.png"));
  INFO(resumed.output);
  CHECK(resumed.status == 0);
}

TEST_CASE("a kill at any moment leaves a checkpoint that works") {
  const Run run;
  if (!run.ready()) return;
  for (const double moment : {0.0, 0.013, 0.031}) {
    const std::string checkpoint = run.out("c" + std::to_string(moment));
    {
      Process process(run.command("--steps 100000 --save-every 1 --checkpoint " + checkpoint +
                                  " --out " + run.out("o.png")),
                      run.out("log"));
      REQUIRE(wait_until([&] { return std::filesystem::exists(checkpoint); }, 120));
      sleep_seconds(moment);
      process.signal(SIGKILL);
      CHECK(process.wait() == -1);
    }
    const auto resumed = run_command(program("reel-style") + " --resume " + checkpoint +
                                     " --steps 1 --out " + run.out("p.png"));
    INFO(resumed.output);
    CHECK(resumed.status == 0);
  }
}

TEST_CASE("a picture of the right size is used as it is, and the json says what was done") {
  const Run run;
  if (!run.ready()) return;
  reel::save_image(reel::resize_image(reel::load_image(run.content), 64, 48), run.out("c.png"));
  const auto result = run_command(program("reel-style") + " --content " + run.out("c.png") +
                                  " --style " + run.style + " --weights " + run.weights +
                                  " --size 64 --steps 3 --lr 0.001 --quiet --out " +
                                  run.out("o.png") + " --json " + run.out("o.json"));
  CHECK(result.status == 0);
  CHECK(result.output.empty());
  // So small a step changes no pixel by half a grey level.
  CHECK(reel::equal(reel::load_image(run.out("o.png")), reel::load_image(run.out("c.png"))));
  const json report = json::parse(read_file(run.out("o.json")));
  CHECK(report.at("settings").at("size") == 64);
  CHECK(report.at("settings").at("steps") == 3);
  CHECK(report.at("seconds_per_step") > 0);
  CHECK(report.at("peak_memory_bytes") > 10000000);
  CHECK(report.at("steps")[0].at("content") == 0);
  CHECK(report.at("steps")[0].at("total") ==
        Approx(1e4 * report.at("steps")[0].at("style").get<double>()).epsilon(1e-6));
}

TEST_CASE("the losses fall, from the picture and from noise, with either pooling") {
  const Run run;
  if (!run.ready()) return;
  for (const std::string options : {"", "--init noise --seed 3", "--pool avg"}) {
    const auto result = run_command(run.command(options + " --steps 30 --lr 5 --out " +
                                                run.out("o.png") + " --json " + run.out("o.json")));
    INFO(options << "\n" << result.output);
    REQUIRE(result.status == 0);
    const json steps = losses(run.out("o.json"));
    CHECK(steps[29].at("total").get<double>() < 0.5 * steps[0].at("total").get<double>());
  }
}

TEST_CASE("the report is one page with pictures, curves and settings") {
  const Run run;
  if (!run.ready()) return;
  REQUIRE(run_command(
              run.command("--steps 5 --out " + run.out("o.png") + " --report " + run.out("r.html")))
              .status == 0);
  const std::string page = read_file(run.out("r.html"));
  CHECK_THAT(page, ContainsSubstring("alt=\"content\"") && ContainsSubstring("alt=\"style\"") &&
                       ContainsSubstring("alt=\"result after 5 steps\"") &&
                       ContainsSubstring("alt=\"step 2\"") && ContainsSubstring("<polyline") &&
                       ContainsSubstring("starry_night.jpg") && ContainsSubstring("peak memory"));
  CHECK_THAT(page, !ContainsSubstring("http://") && !ContainsSubstring("https://"));

  if (std::system("command -v chromium >/dev/null") != 0) {
    WARN("skipped: no chromium to show the report in");
    return;
  }
  const auto shown = run_command(
      "chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
      "--disable-background-networking --disable-component-update --disable-sync --user-data-dir=" +
      run.out("profile") + " --hide-scrollbars --window-size=1100,1400 --screenshot=" +
      run.out("page.png") + " file://" + run.out("r.html"));
  INFO(shown.output);
  const reel::Tensor screen = reel::load_image(run.out("page.png")).to(reel::kFloat);
  // The three pictures lie side by side under the heading: where there are pictures, grey levels
  // vary; an image that does not load is a flat box.
  for (const int64_t left : {60, 420, 780}) {
    const reel::Tensor part = screen.slice(0, 150, 350).slice(1, left, left + 200);
    INFO("picture at " << left);
    CHECK(part.std().item<double>() > 20);
  }
}

TEST_CASE("errors are sentences that one can act on") {
  const Run run;
  if (!run.ready()) return;
  const std::string base = program("reel-style");
  const auto said = [&](const std::string& options, int64_t size = 64) {
    const auto result = run_command(run.command("--steps 1 " + options, size));
    CHECK(result.status != 0);
    CHECK_FALSE(std::filesystem::exists(run.out("o.png")));
    return result.output;
  };
  const std::string out = "--out " + run.out("o.png");
  const auto with = [&](const std::string& content, const std::string& weights) {
    const auto result = run_command(base + " --content " + content + " --style " + run.style +
                                    " --weights " + weights + " --size 64 --steps 1 " + out);
    CHECK(result.status == 1);
    return result.output;
  };

  CHECK_THAT(with("/no/such/picture.jpg", run.weights), ContainsSubstring("/no/such/picture.jpg"));
  std::ofstream(run.out("broken.png")) << "not a picture";
  CHECK_THAT(with(run.out("broken.png"), run.weights), ContainsSubstring("broken.png"));
  CHECK_THAT(with(run.content, "/no/such/weights"), ContainsSubstring("/no/such/weights"));
  const std::string five = data_file("formats/vgg19_5layers.safetensors");
  if (!five.empty()) CHECK_THAT(with(run.content, five), ContainsSubstring("conv3_2"));

  CHECK_THAT(said(out, 8), ContainsSubstring("--size 8") && ContainsSubstring("conv5_1") &&
                               ContainsSubstring("at least 16 x 16"));
  CHECK_THAT(said("--out /no/such/folder/o.png"), ContainsSubstring("/no/such/folder/o.png"));
  CHECK_THAT(said("--out " + run.out("o.bmp")), ContainsSubstring("must end in .png"));
  CHECK_THAT(said(out + " --report /no/such/folder/r.html"),
             ContainsSubstring("/no/such/folder/r.html"));
  CHECK_THAT(said(out + " --style-layers conv9_9"), ContainsSubstring("conv9_9"));
  CHECK_THAT(said(out + " --device gpu"), ContainsSubstring("got 'gpu'"));
  CHECK_THAT(said(out + " --pool median"), ContainsSubstring("--pool"));
  CHECK_THAT(said(out + " --seed -1"), ContainsSubstring("--seed") && ContainsSubstring(">= 0"));
  CHECK_THAT(said(out + " --resume " + run.weights), ContainsSubstring("expected a checkpoint"));
  CHECK_THAT(run_command(base + " --out o.png").output, ContainsSubstring("--content is required"));
}
