#pragma once

namespace reel {

/// Whether ops are recorded on this thread.
struct GradMode {
  static bool is_enabled() { return enabled; }
  static void set_enabled(bool value) { enabled = value; }

 private:
  static constinit thread_local bool enabled;
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

/// Records nothing in its scope; tensors made there are inference tensors: they may not be saved
/// for a gradient nor, outside of any InferenceMode, be written in place. InferenceMode(false)
/// records again inside another.
class InferenceMode {
 public:
  explicit InferenceMode(bool enabled = true) : grad_mode_(!enabled), previous_(inference) {
    inference = enabled;
  }
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;
  ~InferenceMode() { inference = previous_; }
  static bool is_enabled() { return inference; }

 private:
  static constinit thread_local bool inference;

  AutoGradMode grad_mode_;
  bool previous_;
};

namespace autograd {

/// As NoGradGuard, for what the library computes on its own: views made in its scope do not hold
/// on to what they look into, so that a result's memory is known to be nobody else's.
class InternalGuard {
 public:
  explicit InternalGuard(bool internal = true) : grad_mode_(!internal), previous_(active) {
    active = internal;
  }
  InternalGuard(const InternalGuard&) = delete;
  InternalGuard& operator=(const InternalGuard&) = delete;
  ~InternalGuard() { active = previous_; }
  static bool is_enabled() { return active; }

 private:
  static constinit thread_local bool active;

  AutoGradMode grad_mode_;
  bool previous_;
};

}  // namespace autograd
}  // namespace reel
