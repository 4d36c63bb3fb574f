// reel-style: repaints a picture in the style of a painting.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <reel/backends/parallel.h>
#include <reel/io/atomic_file.h>
#include <reel/io/image.h>
#include <reel/reel.h>
#include <reel/tensor/check.h>

#include "devices.h"
#include "style_transfer/checkpoint.h"
#include "style_transfer/inputs.h"
#include "style_transfer/pictures.h"
#include "style_transfer/progress.h"
#include "style_transfer/report.h"
#include "style_transfer/serve/serve.h"
#include "style_transfer/settings.h"

namespace style {
namespace {

constexpr int kInterrupted = 130;  // what shells report of a program ended by Ctrl-C

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "written by a signal handler");

// The first Ctrl-C asks the run to stop after its step, the second ends the program.
void on_interrupt(int) {
  interrupted = true;
  std::signal(SIGINT, SIG_DFL);
}

// Everything is checked that would else fail after the work is done.
void check_outputs(const Settings& settings) {
  reel::encode_image(reel::zeros({1, 1, 3}, reel::kByte), settings.out);
  for (const std::string* path :
       {&settings.out, &settings.report, &settings.json, &settings.checkpoint}) {
    if (!path->empty()) reel::check_writable(*path);
  }
}

// When to keep a small copy for the report: often in the beginning, where much changes.
bool is_snapshot(int64_t step, int64_t steps) {
  constexpr int64_t kEarly[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
  return step == steps || std::find(std::begin(kEarly), std::end(kEarly), step) != std::end(kEarly);
}

void save_progress(const Settings& settings, const History& history,
                   const StyleTransfer& transfer) {
  reel::save_image(to_bytes(transfer.picture()), settings.out);
  if (!settings.checkpoint.empty()) {
    save_checkpoint(settings.checkpoint, settings, history, transfer);
  }
}

int run(Settings settings) {
  if (settings.threads > 0) reel::set_num_threads(settings.threads);
  const reel::Device device(settings.device);
  check_outputs(settings);
  reel::Weights weights = reel::load_weights(settings.weights);
  settle_pooling(settings, weights);

  ReportPictures pictures;
  pictures.content = load_picture(settings.content, settings.size);
  pictures.style = load_picture(settings.style, settings.size);
  check_size("--content", pictures.content.size(2), pictures.content.size(3), settings);
  check_size("--style", pictures.style.size(2), pictures.style.size(3), settings);
  const Tensor start = starting_picture(settings.init, pictures.content, settings.seed);
  const reel::Preprocessing preprocessing = preprocessing_of(settings, weights);
  StyleTransfer transfer(settings.recipe, std::move(weights), preprocessing,
                         pictures.content.to(device), pictures.style.to(device), start.to(device));
  History history;
  if (!settings.resume.empty()) history = load_checkpoint(settings.resume, transfer);

  std::signal(SIGINT, on_interrupt);
  Progress progress(settings.steps, settings.quiet);
  for (auto step = static_cast<int64_t>(history.losses.size()) + 1;
       step <= settings.steps && !interrupted; ++step) {
    const auto begin = std::chrono::steady_clock::now();
    const PredictedTime predicted(device);
    history.losses.push_back(transfer.step());
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    history.seconds.push_back(elapsed.count());
    if (const auto ms = predicted.ms()) history.predicted_ms.push_back(*ms);
    progress.update(history);
    if (!settings.report.empty() && is_snapshot(step, settings.steps)) {
      constexpr int64_t kSmall = 240;
      pictures.snapshots.emplace_back(step, encode_small(transfer.picture(), kSmall));
    }
    if (settings.save_every > 0 && step % settings.save_every == 0) {
      save_progress(settings, history, transfer);
    }
  }
  progress.finish();

  if (interrupted && settings.checkpoint.empty())
    settings.checkpoint = settings.out + ".checkpoint";
  save_progress(settings, history, transfer);
  pictures.result = transfer.picture();
  if (!settings.report.empty()) {
    reel::write_file(settings.report, report_page(settings, history, pictures));
  }
  if (!settings.json.empty()) {
    reel::write_file(settings.json, summary(settings, history).dump(1) + "\n");
  }
  if (interrupted) {
    fmt::print(
        "Stopped after {} of {} steps. {} holds the picture so far. To go on:\n"
        "  reel-style --resume {} --out {} --steps {}\n",
        history.losses.size(), settings.steps, settings.out, settings.checkpoint, settings.out,
        settings.steps);
    return kInterrupted;
  }
  if (!settings.quiet) fmt::print("{} written\n", settings.out);
  return 0;
}

}  // namespace
}  // namespace style

int main(int argc, char** argv) {
  try {
    register_devices();
    style::Settings settings;
    if (const auto code = style::parse_command_line(argc, argv, settings)) return *code;
    if (settings.serve) return style::serve(settings);
    return style::run(std::move(settings));
  } catch (const reel::OutOfMemoryError& error) {
    fmt::print(stderr, "reel-style: {}; a smaller --size needs less\n", error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "reel-style: out of memory; a smaller --size needs less\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "reel-style: {}\n", error.what());
  }
  return 1;
}
