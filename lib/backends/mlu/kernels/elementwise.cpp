#include <algorithm>

#include <reel/backends/mlu/kernels/kernels.h>
#include <reel/backends/mlu/kernels/rows.h>

namespace reel::mlu {

Flat::Flat(const Call& call) : target_(call.out[0]) {
  if (!is_dense(target_)) result_.emplace(call.device, target_.dtype, sizes_of(target_));
  const View& out = result_ ? result_->view() : target_;
  rows_.out = out.as<char>();
  rows_.out_type = out.dtype;
  rows_.out_item = static_cast<int>(element_size(out.dtype));
  rows_.count = out.numel;
  rows_.part = part_size(out.numel, 1024, kTile);
  for (int i = 0; i < call.num_in && refusal_ == nullptr; ++i) set_input(call, i, out);
}

void Flat::set_input(const Call& call, int i, const View& out) {
  const View& in = call.in[i];
  if (!in.defined()) return;
  Rows::Operand& operand = rows_.in[i];
  operand.type = in.dtype;
  operand.item = static_cast<int>(element_size(in.dtype));
  operand.single = is_one_value(in);
  operand.data = in.as<const char>();
  if (operand.single || same_layout(in, out) || set_period(operand, in, out)) return;
  copies_[static_cast<size_t>(i)].emplace(call.device, in.dtype, out);
  const View& copy = copies_[static_cast<size_t>(i)]->view();
  refusal_ = copy_view(in, copy);
  operand.data = copy.as<const char>();
}

// A bias, for example: the last dimensions of the output, in one piece. All that repeat must agree.
bool Flat::set_period(Rows::Operand& operand, const View& in, const View& out) {
  Dims dims;
  if (!make_dims(dims, in, out) || dims.rank != 2 || dims.x[0] != 0 || dims.x[1] != 1) return false;
  const int64_t period = dims.size[1];
  if (period > kTile || (period_ != 0 && period_ != period)) return false;
  period_ = period;
  operand.period = period;
  rows_.part = std::max<int64_t>(1, rows_.part / period) * period;
  return true;
}

const char* Flat::finish() const { return result_ ? copy_view(result_->view(), target_) : nullptr; }

void register_elementwise(KernelTable& table) {
  register_unary(table);
  register_unary_grad(table);
  register_binary(table);
  register_selection(table);
  register_fill(table);
}

}  // namespace reel::mlu
