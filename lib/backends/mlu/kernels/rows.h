#pragma once

// Host side of elementwise kernels: all operands get the layout of the output, so that kernels see
// rows of numbers.

#include <array>
#include <optional>

#include <reel/backends/mlu/kernels/copy.h>
#include <reel/backends/mlu/kernels/launch.h>
#include <reel/tensor/scalar.h>

namespace reel::mlu {

inline constexpr int kMaxInputs = 3;
/// Elements of a tile, as many as fit NRAM of every card with all operands and a dozen Spans.
inline constexpr int64_t kTile = 4096;

/// The operands of a kernel, `count` elements each, in parts of `part`.
struct Rows {
  struct Operand {
    const char* data = nullptr;  ///< nullptr: an input that is absent
    ScalarType type = ScalarType::Undefined;
    int item = 0;         ///< bytes of an element
    bool single = false;  ///< one value, for all
    int64_t period = 0;   ///< so many elements, again and again; parts are multiples of it
  };
  Operand in[kMaxInputs];
  char* out = nullptr;
  ScalarType out_type = ScalarType::Undefined;
  int out_item = 0;
  int64_t count = 0, part = 0;
};

/// Brings the operands of a call into one layout, that of the output. finish() copies the result
/// where the output itself is no dense block.
class Flat {
 public:
  explicit Flat(const Call& call);
  const Rows& rows() const { return rows_; }
  cnrtDim3_t tasks() const { return tasks_for(divide_up(rows_.count, rows_.part)); }
  const char* refusal() const { return refusal_; }
  const char* finish() const;

 private:
  void set_input(const Call& call, int i, const View& out);
  bool set_period(Rows::Operand& operand, const View& in, const View& out);

  Rows rows_;
  int64_t period_ = 0;
  View target_;
  std::optional<Temporary> result_;
  std::array<std::optional<Temporary>, kMaxInputs> copies_;
  const char* refusal_ = nullptr;
};

/// Every element becomes `value`. In the scope of an OnDevice. Returns a Kernel's result.
const char* fill_view(Device device, const View& y, const Scalar& value);

void register_unary(KernelTable& table);
void register_unary_grad(KernelTable& table);
void register_binary(KernelTable& table);
void register_selection(KernelTable& table);
void register_fill(KernelTable& table);

}  // namespace reel::mlu
