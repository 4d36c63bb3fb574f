#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace {

// base with its region `view` overwritten: the entry of a base after one of its views was written
// in place. Input 0 is the base as it was, input 1 what was written.
class WriteViewEntry final : public autograd::Entry {
 public:
  WriteViewEntry(const TensorImpl& base, const TensorImpl& view)
      : sizes_(view.sizes), strides_(view.strides), offset_(view.offset - base.offset) {
    base_strides_ = base.strides;
  }
  const char* name() const override { return "write_view"; }
  void replay(autograd::Replay& call) override {
    const Tensor g = call.grad();
    Tensor rest = empty_strided(g.sizes(), base_strides_, g.options());
    rest.copy_(g);
    Tensor region = rest.as_strided(sizes_, strides_, offset_);
    if (call.needs(1)) call.set(1, region.clone(MemoryFormat::Contiguous));
    if (!call.needs(0)) return;
    region.zero_();
    call.set(0, rest);
  }

 private:
  Shape sizes_;
  Shape strides_;
  Shape base_strides_;
  int64_t offset_;
};

// Gives a view the place on the tape that its base's present one implies.
void refresh_view(TensorImpl& view) {
  const Tensor base(view.base);
  const ops::AsStrided op{view.sizes,   view.strides,   view.offset,
                          base.sizes(), base.strides(), base.storage_offset()};
  const Tensor handle{IntrusivePtr<TensorImpl>(&view)};
  ops::record(ops::info_of<ops::AsStrided>(), &op, {&base, 1}, {&handle, 1});
}

}  // namespace

namespace autograd {

Edge edge_of(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  if (impl.is_stale_view()) refresh_view(impl);
  if (impl.slot == nullptr) return {};
  if (impl.slot->entry) return {impl.slot->entry, impl.slot->output, {}};
  if (impl.slot->requires_grad) return {{}, 0, tensor.impl_ptr()};
  return {};
}

}  // namespace autograd

namespace ops {

InPlaceWrite::InPlaceWrite(const char* op, const Tensor& target, bool recording)
    : op_(op), target_(target) {
  const TensorImpl& t = *target.impl();
  for (size_t i = 0; i < t.sizes.size(); ++i) {
    if (t.sizes[i] > 1 && t.strides[i] == 0) {
      fail(
          "{}: unsupported operation: more than one element of the written-to tensor refers to a "
          "single memory location. Please clone() the tensor before performing the operation.",
          op);
    }
  }
  if (!GradMode::is_enabled()) return;
  if (target.requires_grad() && target.is_leaf()) {
    fail("{}: a leaf Variable that requires grad is being used in an in-place operation.", op);
  }
  if (t.base && (recording || target.requires_grad())) {
    const Tensor base(t.base);
    if (base.requires_grad() && base.is_leaf()) {
      fail(
          "{}: a view of a leaf Variable that requires grad is being used in an in-place "
          "operation.",
          op);
    }
  }
  if (recording && t.is_inference) {
    fail("{}: Inplace update to inference tensor outside InferenceMode is not allowed.", op);
  }
}

void InPlaceWrite::written() const {
  TensorImpl& t = *target_.impl();
  t.storage->bump_version();
  t.storage->set_last_writer(op_);
  // A write off the tape leaves the view's place on it as it was.
  if (t.base) t.base_version = t.storage->version();
}

void InPlaceWrite::attach(const IntrusivePtr<autograd::Entry>& entry) const {
  TensorImpl& t = *target_.impl();
  if (!t.base) {
    autograd::attach(target_, entry, 0);
    return;
  }
  const Tensor base(t.base);
  auto write = IntrusivePtr<autograd::Entry>::adopt(new WriteViewEntry(*t.base, t));
  write->edges.push_back(autograd::edge_of(base));
  write->edges.push_back({entry, 0, {}});
  write->outputs.push_back({base.sizes(), base.dtype(), base.device(), {}, nullptr});
  autograd::attach(base, write, 0);
  refresh_view(t);
}

namespace detail {

void write_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                    const Tensor& target, const Infer::Output& result, RunInto run,
                    const void* context) {
  if (!(IntArrayRef(result.sizes) == target.sizes())) {
    fail("{}: output with shape {} doesn't match the broadcast shape {}", info.name, target.sizes(),
         IntArrayRef(result.sizes));
  }
  if (!can_cast(result.dtype, target.dtype())) {
    fail("{}: result type {} can't be cast to the desired output type {}", info.name, result.dtype,
         target.dtype());
  }
  const auto requires_grad = [](const Tensor& t) {
    return t.defined() && t.requires_grad() && is_differentiable(t.dtype());
  };
  const bool recording =
      GradMode::is_enabled() && is_differentiable(target.dtype()) &&
      (std::any_of(inputs.begin(), inputs.end(), requires_grad) || requires_grad(target));
  const InPlaceWrite write(info.name, target, recording);
  IntrusivePtr<autograd::Entry> entry;
  if (recording) entry = make_entry(info, op, inputs);

  const auto overlaps = [&](const Tensor& t) {
    return t.defined() && t.storage() == target.storage() &&
           !(t.storage_offset() == target.storage_offset() && t.sizes() == target.sizes() &&
             t.strides() == target.strides());
  };
  const bool direct = info.elementwise && result.dtype == target.dtype() &&
                      std::none_of(inputs.begin(), inputs.end(), overlaps);
  Tensor destination = direct ? target
                              : empty_strided(result.sizes, result.strides,
                                              TensorOptions(result.dtype).device(target.device()));
  run(context, destination, /*keep_target=*/direct);
  if (!direct) {
    const NoGradGuard no_grad;
    Tensor into = target;
    into.copy_(destination);
  }
  write.written();
  if (!entry) return;
  finish_entry(info, entry, {&target, 1});
  write.attach(entry);
}

}  // namespace detail
}  // namespace ops
}  // namespace reel
