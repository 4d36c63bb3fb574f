#pragma once

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/tensor.h>

namespace reel {
namespace autograd {

using variable_list = std::vector<Tensor>;

/// Replays the tape from `tensors` and adds the gradients of the leaves to their grad().
/// `grad_tensors` are the gradients of the roots; ones of a scalar may be left out. The tape is
/// freed unless retain_graph; create_graph records the replay itself (and retains by default).
/// With `inputs` given, only those accumulate, and what does not lead to them is not replayed.
void backward(const variable_list& tensors, const variable_list& grad_tensors = {},
              std::optional<bool> retain_graph = std::nullopt, bool create_graph = false,
              const variable_list& inputs = {});

/// The gradients of the sum of `outputs` with respect to `inputs`; grad() of leaves is untouched.
/// An input that was not used is an error unless allow_unused, which gives an undefined tensor.
variable_list grad(const variable_list& outputs, const variable_list& inputs,
                   const variable_list& grad_outputs = {},
                   std::optional<bool> retain_graph = std::nullopt, bool create_graph = false,
                   bool allow_unused = false);

/// Whether ops remember where they were called, on all threads, and whether a gradient that turns
/// NaN is an error.
struct AnomalyMode {
  static bool is_enabled();
  static bool should_check_nan();
  static void set_enabled(bool enabled, bool check_nan = true);
};

/// In its scope ops remember where they were called; an error in a gradient, and with check_nan a
/// gradient that turns NaN, names the op and that place.
class DetectAnomalyGuard {
 public:
  explicit DetectAnomalyGuard(bool check_nan = true);
  DetectAnomalyGuard(const DetectAnomalyGuard&) = delete;
  DetectAnomalyGuard& operator=(const DetectAnomalyGuard&) = delete;
  ~DetectAnomalyGuard();

 private:
  bool previous_enabled_;
  bool previous_check_nan_;
};

}  // namespace autograd

namespace tape {
/// The entries that lead to `root` in the order they ran: sequence number, op, attributes, shapes,
/// device, saved bytes, scope.
std::string dump(const Tensor& root);
/// How many entries are alive in this process.
int64_t live_entries();
}  // namespace tape
}  // namespace reel
