#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <reel/tensor/error.h>

#include "style_transfer/checkpoint.h"
#include "style_transfer/settings.h"

namespace style {

/// A studio that says no. What it was doing goes on as before.
class Refusal : public reel::Error {
 public:
  enum class Reason {
    kBusy,     ///< not in this state, e.g. a run is going
    kOption,   ///< a value that the command line would refuse as well; `option` is its name
    kPicture,  ///< a file that is no picture or too large a one
    kMissing,  ///< there is none (yet)
  };
  Refusal(Reason reason, std::string message, std::string option = {})
      : Error(std::move(message)), reason(reason), option(std::move(option)) {}

  Reason reason;
  std::string option;
};

enum class Stage { kIdle, kLoading, kRunning, kStopping, kStopped, kFinished, kFailed };

enum class Role { kContent, kStyle };

/// Height and width of a picture; the version grows when it changes and is 0 while there is none.
struct PictureInfo {
  int64_t height = 0;
  int64_t width = 0;
  uint64_t version = 0;
};

struct LossPoint {
  int64_t step;
  Losses losses;
};

/// What a watcher is told.
struct View {
  Stage stage = Stage::kIdle;
  std::string error;  ///< of kFailed
  PictureInfo content;
  PictureInfo style;
  PictureInfo result;
  Settings settings;  ///< of the run, or of the command line before the first
  int64_t run = 0;    ///< 1, 2, ...; 0 before the first
  int64_t step = 0;
  double seconds_per_step = 0;
  /// Of the steps that the watcher has not seen, thinned out if there are many; the last is there.
  std::vector<LossPoint> losses;
};

/// How far a watcher has seen. All that is kept for one, so a slow watcher costs nothing and gets
/// the latest state when it comes back.
struct Watcher {
  uint64_t version = 0;
  int64_t run = 0;
  int64_t step = 0;
};

/// Runs one style transfer at a time, in a thread of its own, watched from any number of others.
/// It knows nothing of HTTP. Every member may be called from any thread.
class Studio {
 public:
  /// The most pixels of a picture that is handed in.
  static constexpr int64_t kMaxPixels = 64'000'000;
  /// Longer side of the pictures made for looking at.
  static constexpr int64_t kPreviewSize = 768;

  /// `settings` are those of the command line, which a run changes some of; `weights` belong to
  /// them. Errors if the weights do not say what they expect of pixels, or there is no such device.
  Studio(Settings settings, reel::Weights weights);
  /// Returns after the present step.
  ~Studio();
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;

  /// Takes a picture, a PNG or JPEG file, for the runs to come.
  void set_picture(Role role, std::string file);
  /// Begins a run with these options (see options()), the rest as on the command line.
  void start(const std::vector<std::pair<std::string, std::string>>& options);
  /// Asks the run to stop after its present step.
  void stop();
  /// Goes on with a run that stopped or finished, up to `steps` in all.
  void resume(const std::string& steps);
  /// Names of the options that start() takes.
  static const std::vector<std::string>& options();

  View view() const;
  /// Waits until there is something new, at most so long; nothing if there is none or the studio
  /// is closed.
  std::optional<View> wait(Watcher& watcher, std::chrono::milliseconds at_most);

  /// Pictures to look at, as JPEG: what was handed in, the run's own content picture at its size,
  /// the run's picture as it was a moment ago. Refused while there is none.
  using Jpeg = std::shared_ptr<const std::string>;
  Jpeg picture(Role role) const;
  Jpeg original() const;
  Jpeg preview() const;
  /// The run's picture in full, Byte [height, width, 3].
  Tensor result() const;

  /// Wakes all watchers for good and stops the run after its step.
  void close();
  bool closed() const;

 private:
  struct Upload {
    std::string file;
    PictureInfo info;
    Jpeg preview;
  };

  void work();
  void prepare(const Settings& settings, const Upload& content, const Upload& style);
  void advance();
  void publish_picture();
  void changed();
  bool busy() const;
  View view_after(const Watcher& watcher) const;

  const Settings defaults_;
  const reel::Weights weights_;
  const reel::Preprocessing preprocessing_;
  const reel::Device device_;

  // The worker's own.
  std::unique_ptr<StyleTransfer> transfer_;
  std::chrono::steady_clock::time_point published_;

  // Decoding takes much memory: one picture at a time.
  std::mutex decoding_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable work_;
  std::condition_variable news_;
  Stage stage_ = Stage::kIdle;
  bool closed_ = false;
  bool ordered_ = false;  // work that the worker has not taken up
  bool fresh_ = false;    // ... a new run, not more of the last one
  std::string error_;
  uint64_t version_ = 1;
  std::shared_ptr<const Upload> uploads_[2];      // by role
  std::shared_ptr<const Upload> run_uploads_[2];  // those of a run that begins
  Settings settings_;
  int64_t run_ = 0;
  History history_;
  Jpeg original_;
  Jpeg preview_;
  Tensor result_;
  PictureInfo result_info_;

  std::thread worker_;  // last: it uses all of the above
};

}  // namespace style
