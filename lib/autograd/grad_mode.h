#pragma once

namespace reel {

/// Whether ops are recorded on this thread.
struct GradMode {
  static bool is_enabled() { return enabled; }
  static void set_enabled(bool value) { enabled = value; }

 private:
  static thread_local bool enabled;
};

/// Switches recording on or off in its scope.
class AutoGradMode {
 public:
  explicit AutoGradMode(bool enabled) : previous_(GradMode::is_enabled()) {
    GradMode::set_enabled(enabled);
  }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;
  ~AutoGradMode() { GradMode::set_enabled(previous_); }

 private:
  bool previous_;
};

/// Nothing is recorded in its scope.
class NoGradGuard : public AutoGradMode {
 public:
  NoGradGuard() : AutoGradMode(false) {}
};

/// As NoGradGuard; tensors made in its scope may never be recorded later, which an error says.
class InferenceMode {
 public:
  explicit InferenceMode(bool enabled = true);
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;
  ~InferenceMode();
  static bool is_enabled();

 private:
  AutoGradMode grad_mode_;
  bool previous_;
};

}  // namespace reel
