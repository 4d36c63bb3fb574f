#include "style_transfer/serve/studio.h"

#include <algorithm>
#include <cmath>
#include <new>

#include <fmt/format.h>

#include <reel/io/image.h>
#include <reel/reel.h>
#include <reel/tensor/check.h>

#include "style_transfer/inputs.h"
#include "style_transfer/pictures.h"
#include "style_transfer/progress.h"
#include "style_transfer/report.h"

namespace style {
namespace {

using Clock = std::chrono::steady_clock;
using Reason = Refusal::Reason;

// Pictures to look at cost time, so there are about three a second.
constexpr auto kPreviewInterval = std::chrono::milliseconds(330);
// The most losses that a watcher is told at once.
constexpr int64_t kMaxPoints = 500;
// The pace is the median of the last steps.
constexpr std::ptrdiff_t kPaceSteps = 15;

const char* name_of(Role role) { return role == Role::kContent ? "content" : "style"; }

// An option by the command line's rules, as a refusal that names it.
void set(Settings& settings, const std::string& name, const std::string& value) {
  try {
    set_option(settings, name, value);
  } catch (const reel::Error& error) {
    throw Refusal(Reason::kOption, error.what(), name);
  }
}

void check_fits(Role role, const PictureInfo& info, const Settings& settings) {
  const auto [height, width] = fitted(info.height, info.width, settings.size);
  const std::string which = fmt::format("the {} picture", name_of(role));
  try {
    check_size(which.c_str(), height, width, settings);
  } catch (const reel::Error& error) {
    throw Refusal(Reason::kOption, error.what(), "size");
  }
}

template <class T>
T present(const T& value, bool there, const char* what) {
  if (!there) throw Refusal(Reason::kMissing, fmt::format("there is no {} yet", what));
  return value;
}

}  // namespace

Studio::Studio(Settings settings, reel::Weights weights)
    : defaults_([&] {
        settle_pooling(settings, weights);
        return std::move(settings);
      }()),
      weights_(std::move(weights)),
      preprocessing_(preprocessing_of(defaults_, weights_)),
      device_(defaults_.device),
      settings_(defaults_),
      worker_([this] { work(); }) {}

Studio::~Studio() {
  close();
  worker_.join();
}

const std::vector<std::string>& Studio::options() {
  static const std::vector<std::string> names{"size",         "steps",     "lr",  "content-weight",
                                              "style-weight", "tv-weight", "pool"};
  return names;
}

void Studio::set_picture(Role role, std::string file) {
  auto upload = std::make_shared<Upload>();
  {
    const std::lock_guard one_at_a_time(decoding_);
    try {
      const Tensor bytes =
          reel::decode_image(file, fmt::format("the {} picture", name_of(role)), kMaxPixels);
      upload->info = {bytes.size(0), bytes.size(1), 0};
      const int64_t size = std::min(kPreviewSize, std::max(bytes.size(0), bytes.size(1)));
      upload->preview =
          std::make_shared<std::string>(encode_small(fit_picture(bytes, size), kPreviewSize));
    } catch (const reel::OutOfMemoryError&) {
      throw;
    } catch (const reel::Error& error) {
      throw Refusal(Reason::kPicture, error.what());
    }
  }
  upload->file = std::move(file);
  const std::lock_guard lock(mutex_);
  changed();
  upload->info.version = version_;
  uploads_[static_cast<size_t>(role)] = std::move(upload);
}

void Studio::start(const std::vector<std::pair<std::string, std::string>>& options) {
  Settings settings = defaults_;
  for (const auto& [name, value] : options) {
    if (std::find(Studio::options().begin(), Studio::options().end(), name) ==
        Studio::options().end()) {
      throw Refusal(Reason::kOption,
                    fmt::format("{}: expected one of {}", name, fmt::join(Studio::options(), ", ")),
                    name);
    }
    set(settings, name, value);
  }
  std::shared_ptr<const Upload> uploads[2];
  {
    const std::lock_guard lock(mutex_);
    std::copy(std::begin(uploads_), std::end(uploads_), std::begin(uploads));
  }
  for (const Role role : {Role::kContent, Role::kStyle}) {
    const auto& upload = uploads[static_cast<size_t>(role)];
    if (!upload) {
      throw Refusal(Reason::kBusy, fmt::format("choose a {} picture first", name_of(role)));
    }
    check_fits(role, upload->info, settings);
  }

  const std::lock_guard lock(mutex_);
  if (busy()) throw Refusal(Reason::kBusy, "a run is going already: stop it first");
  std::move(std::begin(uploads), std::end(uploads), std::begin(run_uploads_));
  settings_ = std::move(settings);
  ++run_;
  history_ = {};
  original_ = preview_ = nullptr;
  result_ = Tensor();
  result_info_ = {};
  fresh_ = ordered_ = true;
  error_.clear();
  stage_ = Stage::kLoading;
  changed();
  work_.notify_one();
}

void Studio::stop() {
  const std::lock_guard lock(mutex_);
  if (!busy()) throw Refusal(Reason::kBusy, "there is no run to stop");
  stage_ = Stage::kStopping;
  changed();
}

void Studio::resume(const std::string& steps) {
  Settings asked = defaults_;
  set(asked, "steps", steps);
  const std::lock_guard lock(mutex_);
  if (busy()) throw Refusal(Reason::kBusy, "a run is going already: stop it first");
  if (stage_ != Stage::kStopped && stage_ != Stage::kFinished) {
    throw Refusal(Reason::kBusy, "there is no run to go on with: start a new one");
  }
  const auto done = static_cast<int64_t>(history_.losses.size());
  if (asked.steps <= done) {
    throw Refusal(
        Reason::kOption,
        fmt::format("steps: expected more than the {} that are done, got {}", done, steps),
        "steps");
  }
  settings_.steps = asked.steps;
  ordered_ = true;
  stage_ = Stage::kRunning;
  changed();
  work_.notify_one();
}

View Studio::view() const {
  const std::lock_guard lock(mutex_);
  return view_after({});
}

std::optional<View> Studio::wait(Watcher& watcher, std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, at_most, [&] { return closed_ || watcher.version != version_; });
  if (closed_ || watcher.version == version_) return std::nullopt;
  View view = view_after(watcher);
  watcher = {version_, view.run, view.step};
  return view;
}

View Studio::view_after(const Watcher& watcher) const {
  View view;
  view.stage = stage_;
  view.error = error_;
  if (uploads_[0]) view.content = uploads_[0]->info;
  if (uploads_[1]) view.style = uploads_[1]->info;
  view.result = result_info_;
  view.settings = settings_;
  view.run = run_;
  view.step = static_cast<int64_t>(history_.losses.size());
  const auto& seconds = history_.seconds;
  view.seconds_per_step =
      median({seconds.end() - std::min(kPaceSteps, std::ssize(seconds)), seconds.end()});
  const int64_t seen = watcher.run == run_ ? watcher.step : 0;
  const int64_t stride = (view.step - seen + kMaxPoints - 1) / kMaxPoints;
  for (int64_t step = view.step; step > seen; step -= stride) {
    view.losses.push_back({step, history_.losses[static_cast<size_t>(step - 1)]});
  }
  std::reverse(view.losses.begin(), view.losses.end());
  return view;
}

Studio::Jpeg Studio::picture(Role role) const {
  const std::lock_guard lock(mutex_);
  const auto& upload = uploads_[static_cast<size_t>(role)];
  return present(upload ? upload->preview : nullptr, upload != nullptr, "such picture");
}

Studio::Jpeg Studio::original() const {
  const std::lock_guard lock(mutex_);
  return present(original_, original_ != nullptr, "run");
}

Studio::Jpeg Studio::preview() const {
  const std::lock_guard lock(mutex_);
  return present(preview_, preview_ != nullptr, "result");
}

Tensor Studio::result() const {
  const std::lock_guard lock(mutex_);
  return present(result_, result_.defined(), "result");
}

void Studio::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  work_.notify_all();
  news_.notify_all();
}

bool Studio::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

// With the mutex held.
void Studio::changed() {
  ++version_;
  news_.notify_all();
}

// With the mutex held.
bool Studio::busy() const {
  return stage_ == Stage::kLoading || stage_ == Stage::kRunning || stage_ == Stage::kStopping;
}

void Studio::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return closed_ || ordered_; });
    if (closed_) return;
    ordered_ = false;
    const bool fresh = std::exchange(fresh_, false);
    const Settings settings = settings_;
    const auto content = std::move(run_uploads_[0]);
    const auto style = std::move(run_uploads_[1]);
    lock.unlock();
    std::string error;
    try {
      if (fresh) prepare(settings, *content, *style);
      advance();
    } catch (const reel::OutOfMemoryError& e) {
      error = fmt::format("{}; a smaller size needs less", e.what());
    } catch (const std::bad_alloc&) {
      error = "out of memory; a smaller size needs less";
    } catch (const std::exception& e) {
      error = e.what();
    }
    lock.lock();
    error_ = error;
    const bool done = static_cast<int64_t>(history_.losses.size()) >= settings_.steps;
    stage_ = !error.empty() ? Stage::kFailed : done ? Stage::kFinished : Stage::kStopped;
    changed();
  }
}

void Studio::prepare(const Settings& settings, const Upload& content, const Upload& style) {
  transfer_.reset();  // before there is another one in memory
  const auto load = [&](const Upload& upload, const char* which) {
    const std::lock_guard one_at_a_time(decoding_);
    return fit_picture(reel::decode_image(upload.file, which, kMaxPixels), settings.size);
  };
  const Tensor content_picture = load(content, "the content picture");
  const Tensor style_picture = load(style, "the style picture");
  const Tensor start = starting_picture(settings.init, content_picture, settings.seed);
  auto original = std::make_shared<std::string>(encode_small(content_picture, kPreviewSize));
  {
    const std::lock_guard lock(mutex_);
    original_ = std::move(original);
  }
  transfer_ = std::make_unique<StyleTransfer>(settings.recipe, weights_, preprocessing_,
                                              content_picture.to(device_),
                                              style_picture.to(device_), start.to(device_));
  publish_picture();
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::kLoading) stage_ = Stage::kRunning;
  changed();
}

// Steps until there are enough or somebody stops it. The last picture is always shown.
void Studio::advance() {
  const auto more = [&] {
    const std::lock_guard lock(mutex_);
    return !closed_ && stage_ == Stage::kRunning &&
           static_cast<int64_t>(history_.losses.size()) < settings_.steps;
  };
  while (more()) {
    const auto begin = Clock::now();
    const Losses losses = transfer_->step();
    const std::chrono::duration<double> elapsed = Clock::now() - begin;
    {
      const std::lock_guard lock(mutex_);
      history_.losses.push_back(losses);
      history_.seconds.push_back(elapsed.count());
      changed();
    }
    if (!std::isfinite(losses.total)) {
      reel::fail(
          "the loss is no longer a finite number: a smaller learning rate or smaller weights "
          "keep it so");
    }
    if (Clock::now() - published_ >= kPreviewInterval) publish_picture();
  }
  publish_picture();
}

void Studio::publish_picture() {
  const Tensor picture = transfer_->picture();
  Tensor bytes = to_bytes(picture);
  auto preview = std::make_shared<std::string>(encode_small(picture, kPreviewSize));
  const std::lock_guard lock(mutex_);
  changed();
  result_info_ = {bytes.size(0), bytes.size(1), version_};
  result_ = std::move(bytes);
  preview_ = std::move(preview);
  published_ = Clock::now();
}

}  // namespace style
