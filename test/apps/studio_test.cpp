// The studio behind reel-style --serve, without a network.

#include "style_transfer/serve/studio.h"

#include <atomic>
#include <functional>
#include <thread>

#include <reel/reel.h>

#include "apps/small_style.h"
#include "support/catch.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using namespace reel::test;
using namespace style;
using std::chrono::milliseconds;
using Reason = Refusal::Reason;

namespace {

// A studio with two pictures.
struct Ready : Studio {
  Ready() : Studio(small_settings(), small_weights()) {
    set_picture(Role::kContent, png(30, 40));
    set_picture(Role::kStyle, png(50, 20, 1));
  }
};

// What the studio refuses; fails if it does not.
template <class F>
Refusal refusal_of(F&& act) {
  try {
    act();
  } catch (const Refusal& refusal) {
    return refusal;
  }
  FAIL_CHECK("was not refused");
  return {Reason::kBusy, ""};
}

double seconds_of(const std::function<void()>& act) {
  const auto begin = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("a run goes from its pictures to its result") {
  Ready studio;
  CHECK(studio.view().stage == Stage::kIdle);
  CHECK(studio.view().content.width == 40);
  CHECK(studio.view().style.height == 50);
  studio.start({{"size", "32"}, {"steps", "7"}, {"tv-weight", "10"}, {"pool", "avg"}});
  REQUIRE(reaches(studio, Stage::kFinished));
  const View view = studio.view();
  CHECK(view.run == 1);
  CHECK(view.step == 7);
  CHECK(view.seconds_per_step > 0);
  CHECK(view.settings.size == 32);
  CHECK(view.settings.pool == "avg");
  CHECK(view.settings.recipe.pooling == reel::nn::models::VGGPooling::Avg);
  REQUIRE(view.losses.size() == 7);
  for (size_t i = 0; i < 7; ++i) {
    const Losses& l = view.losses[i].losses;
    CHECK(view.losses[i].step == static_cast<int64_t>(i) + 1);
    CHECK(l.total == Approx(l.content + 1e4 * l.style + 10 * l.tv).epsilon(1e-5));
  }
  CHECK(view.losses[6].losses.total < view.losses[0].losses.total);
  CHECK(view.result.height == 24);
  CHECK(view.result.width == 32);
  CHECK(studio.result().sizes() == reel::IntArrayRef({24, 32, 3}));
  CHECK(studio.preview()->starts_with("\xff\xd8\xff"));
  CHECK(studio.original()->starts_with("\xff\xd8\xff"));
  CHECK(*studio.preview() != *studio.original());
}

TEST_CASE("a run that was stopped goes on where it was, to the same bits") {
  Ready studio;
  studio.start({{"steps", "1000000"}});
  REQUIRE(wait_until([&] { return studio.view().step >= 2; }, 30));
  studio.stop();
  REQUIRE(reaches(studio, Stage::kStopped));
  const uint64_t shown = studio.view().result.version;
  const std::string steps = std::to_string(studio.view().step + 20);
  studio.resume(steps);
  REQUIRE(reaches(studio, Stage::kFinished));
  CHECK(studio.view().run == 1);
  CHECK(studio.view().step == std::stoll(steps));
  CHECK(studio.view().result.version > shown);

  Ready whole;
  whole.start({{"steps", steps}});
  REQUIRE(reaches(whole, Stage::kFinished));
  CHECK(reel::equal(studio.result(), whole.result()));

  studio.resume(std::to_string(std::stoll(steps) + 1));
  REQUIRE(wait_until([&] { return studio.view().step == std::stoll(steps) + 1; }, 30));
}

TEST_CASE("one thing at a time") {
  Ready studio;
  CHECK(refusal_of([&] { studio.stop(); }).reason == Reason::kBusy);
  CHECK(refusal_of([&] { studio.resume("9"); }).reason == Reason::kBusy);
  CHECK(refusal_of([&] { studio.result(); }).reason == Reason::kMissing);
  CHECK(refusal_of([&] { studio.preview(); }).reason == Reason::kMissing);
  studio.start({{"steps", "1000000"}});
  const Refusal second = refusal_of([&] { studio.start({}); });
  CHECK(second.reason == Reason::kBusy);
  CHECK_THAT(second.what(), ContainsSubstring("stop it first"));
  CHECK(refusal_of([&] { studio.resume("2000"); }).reason == Reason::kBusy);
  // Pictures are for the next run.
  REQUIRE(wait_until([&] { return studio.view().step > 0; }, 30));
  studio.set_picture(Role::kContent, png(16, 8));
  studio.stop();
  REQUIRE(reaches(studio, Stage::kStopped));
  CHECK(studio.view().result.height == 18);
  const Refusal less = refusal_of([&] { studio.resume("1"); });
  CHECK(less.option == "steps");
  CHECK_THAT(less.what(), ContainsSubstring("steps: expected more than the"));
  studio.start({});
  REQUIRE(reaches(studio, Stage::kFinished));
  CHECK(studio.view().run == 2);
  CHECK(studio.view().result.width == 12);
}

TEST_CASE("stopping while the run is prepared keeps it") {
  Ready studio;
  studio.start({{"steps", "100000"}});
  studio.stop();
  REQUIRE(reaches(studio, Stage::kStopped));
  const int64_t done = studio.view().step;  // on a busy machine it may have begun
  studio.resume(std::to_string(done + 3));
  REQUIRE(reaches(studio, Stage::kFinished));
  CHECK(studio.view().step == done + 3);
}

TEST_CASE("options obey the rules of the command line") {
  Ready studio;
  const std::vector<std::pair<std::string, std::string>> bad{{"size", "0"},
                                                             {"size", "16385"},
                                                             {"size", "12.5"},
                                                             {"size", ""},
                                                             {"size", "many"},
                                                             {"steps", "0"},
                                                             {"steps", "-3"},
                                                             {"steps", "1000001"},
                                                             {"lr", "0"},
                                                             {"lr", "nan"},
                                                             {"lr", "inf"},
                                                             {"content-weight", "-1"},
                                                             {"style-weight", "1 2"},
                                                             {"tv-weight", "1e999"},
                                                             {"pool", "median"},
                                                             {"size", "24 --seed 3"}};
  for (const auto& option : bad) {
    INFO(option.first << "=" << option.second);
    const Refusal refusal = refusal_of([&] { studio.start({option}); });
    CHECK(refusal.reason == Reason::kOption);
    CHECK(refusal.option == option.first);
    CHECK_THAT(refusal.what(), StartsWith(option.first));
  }
  // What else the command line takes is not for a page to set.
  for (const char* name : {"init", "out", "weights", "content", "device", "help", "serve"}) {
    INFO(name);
    const Refusal refusal = refusal_of([&] { studio.start({{name, "x"}}); });
    CHECK(refusal.option == name);
    CHECK_THAT(refusal.what(), ContainsSubstring("expected one of size, steps"));
  }
  CHECK(studio.view().stage == Stage::kIdle);

  Settings deep = small_settings();
  deep.recipe.content_layers = {"conv2_1"};
  Studio small(deep, small_weights());
  CHECK_THAT(refusal_of([&] { small.start({}); }).what(),
             ContainsSubstring("choose a content picture first"));
  small.set_picture(Role::kContent, png(8, 8));
  small.set_picture(Role::kStyle, png(8, 80));
  const Refusal flat = refusal_of([&] { small.start({{"size", "10"}}); });
  CHECK(flat.option == "size");
  CHECK_THAT(flat.what(), ContainsSubstring("the style picture becomes 10 x 1 pixels"));
}

TEST_CASE("what is no picture is refused, and the one before stays") {
  Ready studio;
  const auto refused = [&](const std::string& file) {
    const Refusal refusal = refusal_of([&] { studio.set_picture(Role::kContent, file); });
    CHECK(refusal.reason == Reason::kPicture);
    return std::string(refusal.what());
  };
  CHECK(refused("") == "the content picture: the file is empty");
  CHECK_THAT(refused("GIF89a"), ContainsSubstring("neither PNG nor JPEG"));
  const std::string good = png(30, 30);
  CHECK_THAT(refused(good.substr(0, good.size() / 2)), ContainsSubstring("the content picture"));
  // From the header alone: there are no pixels to decode.
  CHECK_THAT(refused(empty_png(10000, 6401)),
             ContainsSubstring("6401 x 10000 pixels are more than the 64000000 allowed"));
  CHECK_THAT(refused(empty_png(8000, 8000)), !ContainsSubstring("allowed"));
  CHECK(studio.view().content.width == 40);
}

TEST_CASE("a watcher sees each step once, or the latest where there were many") {
  Ready studio;
  Watcher keen;
  REQUIRE(studio.wait(keen, milliseconds(0)));
  CHECK_FALSE(studio.wait(keen, milliseconds(20)));
  studio.start({{"steps", "1100"}, {"size", "4"}});
  int64_t next = 1;
  Stage stage = Stage::kIdle;
  while (stage != Stage::kFinished) {
    const auto view = studio.wait(keen, milliseconds(30000));
    REQUIRE(view);
    REQUIRE(view->losses.size() <= 500);
    for (const LossPoint& point : view->losses) {
      CHECK(point.step >= next);
      next = point.step + 1;
    }
    CHECK(next == view->step + 1);
    stage = view->stage;
  }
  CHECK(next == 1101);

  Watcher late;
  const auto all = studio.wait(late, milliseconds(0));
  REQUIRE(all);
  CHECK(all->losses.size() > 300);
  CHECK(all->losses.size() <= 500);
  CHECK(all->losses.back().step == 1100);
  studio.start({});
  REQUIRE(reaches(studio, Stage::kFinished));
  const auto again = studio.wait(late, milliseconds(0));
  REQUIRE(again);
  CHECK(again->losses.size() == 6);  // of the new run, all
}

TEST_CASE("a run that leaves the numbers ends with a reason") {
  Ready studio;
  studio.start({{"lr", "1e30"}});
  REQUIRE(reaches(studio, Stage::kFailed));
  CHECK_THAT(studio.view().error, ContainsSubstring("smaller learning rate"));
  CHECK(refusal_of([&] { studio.resume("100"); }).reason == Reason::kBusy);
  studio.start({});
  REQUIRE(reaches(studio, Stage::kFinished));
  CHECK(studio.view().error.empty());
}

TEST_CASE("weights that do not fit are told when they are needed") {
  Settings settings = small_settings();
  settings.preprocess = "";
  CHECK_THROWS_WITH(Studio(settings, small_weights()), ContainsSubstring("--preprocess"));
  settings = small_settings();
  settings.device = "gpu";
  CHECK_THROWS_WITH(Studio(settings, small_weights()), ContainsSubstring("got 'gpu'"));

  settings = small_settings();
  settings.recipe.content_layers = {"conv1_2", "conv2_1"};
  Studio studio(settings, small_weights());
  studio.set_picture(Role::kContent, png(30, 40));
  studio.set_picture(Role::kStyle, png(30, 40));
  studio.start({});
  REQUIRE(reaches(studio, Stage::kFailed));
  CHECK_THAT(studio.view().error, ContainsSubstring("conv2_1"));
}

TEST_CASE("closing wakes watchers at once, whatever goes on") {
  auto studio = std::make_unique<Ready>();
  studio->start({{"steps", "1000000"}});
  REQUIRE(wait_until([&] { return studio->view().step > 0; }, 30));
  studio->stop();
  REQUIRE(reaches(*studio, Stage::kStopped));
  std::vector<std::thread> threads;
  std::atomic<int> woken{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Watcher watcher;
      while (studio->wait(watcher, std::chrono::hours(1))) {
      }
      ++woken;
    });
  }
  sleep_seconds(0.05);
  CHECK(woken == 0);
  CHECK(seconds_of([&] {
          studio->close();
          for (std::thread& thread : threads) thread.join();
        }) < 5);
  CHECK(woken == 4);

  auto running = std::make_unique<Ready>();
  running->start({{"steps", "1000000"}});
  REQUIRE(wait_until([&] { return running->view().step > 0; }, 30));
  CHECK(seconds_of([&] { running.reset(); }) < 10);
}

TEST_CASE("many threads may ask and tell at once") {
  Ready studio;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      Watcher watcher;
      while (!done) {
        studio.wait(watcher, milliseconds(1));
        try {
          if (i == 0) studio.set_picture(Role::kStyle, png(20, 30, 2));
          if (i == 1) studio.start({{"steps", "40"}});
          if (i == 2) studio.stop();
          studio.preview();
          if (studio.result().size(2) != 3) ++wrong;
        } catch (const Refusal&) {
        }
      }
    });
  }
  CHECK(wait_until([&] { return studio.view().run > 3; }, 60));
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
