#include <algorithm>
#include <unordered_set>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/complex.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace {

// Where the elements of a view lie in memory.
struct Window {
  Shape sizes;
  Shape strides;
  int64_t offset = 0;
};

// Counted in the elements of `base`: where only one of the two is complex, in real numbers.
Window window_of(const TensorImpl& view, const TensorImpl& base) {
  Window window{view.sizes, view.strides, view.offset};
  if (view.dtype == base.dtype || !is_complex(view.dtype)) return window;
  for (int64_t& stride : window.strides) stride *= 2;
  window.sizes.push_back(2);
  window.strides.push_back(1);
  window.offset *= 2;
  return window;
}

// The base in which the window of a view is counted.
Tensor base_for(const TensorImpl& view) {
  Tensor base(view.base);
  return view.dtype != base.dtype() && base.is_complex() ? view_as_real(base) : base;
}

// base with its region `view` overwritten: the entry of a base after one of its views was written
// in place. Input 0 is the base as it was, input 1 what was written.
class WriteViewEntry final : public autograd::Entry {
 public:
  WriteViewEntry(const TensorImpl& base, Window window)
      : sizes_(std::move(window.sizes)),
        strides_(std::move(window.strides)),
        base_strides_(base.strides),
        offset_(window.offset - base.offset) {}
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

// A view whose origin says that writes must not be followed through it: why, in PyTorch's words.
[[noreturn]] void fail_view(const char* op, const TensorImpl& view, bool indirect) {
  const bool on_tape = view.slot != nullptr && view.slot->entry;
  const std::string output = on_tape ? fmt::format("Output {} of {} is a view", view.slot->output,
                                                   view.slot->entry->name())
                                     : std::string();
  const char* modified = indirect ? "its base or another view of its base has been" : "is being";
  const auto made_in = [&](const char* mode, const char* other, const char* block) {
    fail(
        "{}: {} was created in {} mode and {} modified inplace {}. Given that this use case is "
        "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the "
        "view and the inplace either both inside the {} block (if you don't want the inplace to "
        "be tracked) or both outside (if you want the inplace to be tracked).",
        op, on_tape ? output + " of a view which" : "A view", mode, modified, other, block);
  };
  if (view.view_origin == ViewOrigin::NoGrad) {
    made_in("no_grad", "with grad mode enabled", "no_grad");
  }
  if (view.view_origin == ViewOrigin::Inference) {
    made_in("inference", "in normal mode", "inference_mode");
  }
  fail("{}: {} and {} modified inplace. {}", op, on_tape ? output : "A tensor is a view", modified,
       view.view_origin == ViewOrigin::OneOfMany
           ? "This view is the output of a function that returns multiple views. Such functions do "
             "not allow the output views to be modified inplace. You should replace the inplace "
             "operation by an out-of-place one."
           : "This view was created inside a custom Function (or because an input was returned "
             "as-is) and the autograd logic to handle view+inplace would override the custom "
             "backward associated with the custom Function, leading to incorrect gradients. This "
             "behavior is forbidden. You can fix this by cloning the output of the custom "
             "Function.");
}

// Gives a view the place on the tape that its base's present one implies.
void refresh_view(TensorImpl& view) {
  if (view.view_origin != ViewOrigin::Recorded) fail_view("autograd", view, /*indirect=*/true);
  const AutoGradMode recording(true);
  const Tensor base = base_for(view);
  const Window window = window_of(view, *view.base);
  const ops::AsStrided op{window.sizes, window.strides, window.offset,
                          base.sizes(), base.strides(), base.storage_offset()};
  const Tensor handle{IntrusivePtr<TensorImpl>(&view)};
  if (is_complex(view.dtype) && !base.is_complex()) {
    const Tensor parts = ops::apply(op, base);
    ops::record(ops::info_of<ops::ViewAsComplex>(), nullptr, {&parts, 1}, {&handle, 1});
    return;
  }
  ops::record(ops::info_of<ops::AsStrided>(), &op, {&base, 1}, {&handle, 1});
}

bool needs_grad(const Tensor& t) {
  return t.defined() && t.requires_grad() && is_differentiable(t.dtype());
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

void attach_written(const Tensor& output, const IntrusivePtr<Entry>& entry, uint32_t k) {
  TensorImpl& t = *output.impl();
  if (!t.base) {
    attach(output, entry, k);
    return;
  }
  if (t.view_origin != ViewOrigin::Recorded) fail_view(entry->name(), t, /*indirect=*/false);
  const Tensor base(t.base);
  if (base.requires_grad() && base.is_leaf()) {
    fail("{}: a view of a leaf Variable that requires grad is being used in an in-place operation.",
         entry->name());
  }
  const AutoGradMode recording(true);
  // Where only one of view and base is complex, the write is recorded in real numbers.
  const Tensor counted = base_for(t);
  auto write =
      IntrusivePtr<Entry>::adopt(new WriteViewEntry(*counted.impl(), window_of(t, *t.base)));
  write->edges.push_back(edge_of(counted));
  if (is_complex(t.dtype) && !counted.is_complex()) {
    const Tensor written(t.detached());
    attach(written, entry, k);
    write->edges.push_back(edge_of(view_as_real(written)));
  } else {
    write->edges.push_back({entry, k, {}});
  }
  write->outputs.push_back({counted.sizes(), counted.dtype(), counted.device(), {}});
  if (counted.is_same(base)) {
    attach(base, write, 0);
  } else {
    const Tensor parts(counted.impl()->detached());
    attach(parts, write, 0);
    ops::record(ops::info_of<ops::ViewAsComplex>(), nullptr, {&parts, 1}, {&base, 1});
  }
  refresh_view(t);
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
  if (t.is_inference && !InferenceMode::is_enabled()) {
    fail(
        "{}: Inplace update to inference tensor outside InferenceMode is not allowed. You can make "
        "a clone to get a normal tensor before doing inplace update.",
        op);
  }
  if (!GradMode::is_enabled()) return;
  const bool base_requires_grad = t.base && t.base->requires_grad();
  if (t.base && (recording || base_requires_grad || target.requires_grad())) {
    if (t.view_origin != ViewOrigin::Recorded) fail_view(op, t, /*indirect=*/false);
    if (base_requires_grad && !t.base->slot->entry) {
      fail(
          "{}: a view of a leaf Variable that requires grad is being used in an in-place "
          "operation.",
          op);
    }
  }
  if (target.requires_grad() && target.is_leaf()) {
    fail("{}: a leaf Variable that requires grad is being used in an in-place operation.", op);
  }
}

// What is written off the tape through a view leaves the base where it is on the tape, and so the
// view: it is found anew from the base when it is used next.
void InPlaceWrite::written() const {
  StorageImpl& storage = *target_.storage();
  storage.bump_version();
  storage.set_last_writer(op_);
}

void InPlaceWrite::attach(const IntrusivePtr<autograd::Entry>& entry) const {
  autograd::attach_written(target_, entry, 0);
}

std::vector<Tensor> one_of_many(std::vector<Tensor> views) {
  for (Tensor& view : views) {
    ViewOrigin& origin = view.impl()->view_origin;
    if (view.is_view() && origin == ViewOrigin::Recorded) origin = ViewOrigin::OneOfMany;
  }
  return views;
}

namespace {

bool same_geometry(const Tensor& a, const Tensor& b) {
  return a.storage_offset() == b.storage_offset() && a.sizes() == b.sizes() &&
         a.strides() == b.strides();
}

}  // namespace

Overlap overlap_of(const Tensor& a, const Tensor& b) {
  if (!(a.storage() == b.storage()) || a.numel() == 0 || b.numel() == 0) return Overlap::None;
  if (a.is_same(b)) return Overlap::Full;
  if (!is_dense_layout(a.sizes(), a.strides()) || !is_dense_layout(b.sizes(), b.strides())) {
    return Overlap::Unknown;
  }
  const auto* a_begin = static_cast<const char*>(a.data_ptr());
  const auto* b_begin = static_cast<const char*>(b.data_ptr());
  const char* a_end = a_begin + a.nbytes();
  const char* b_end = b_begin + b.nbytes();
  if (a_begin == b_begin && a_end == b_end) {
    return a.strides() == b.strides() ? Overlap::Full : Overlap::Partial;
  }
  return a_begin < b_end && b_begin < a_end ? Overlap::Partial : Overlap::None;
}

namespace {

[[noreturn]] void fail_overlap(const char* op) {
  fail(
      "{}: unsupported operation: some elements of the input tensor and the written-to tensor "
      "refer to a single memory location. Please clone() the tensor before performing the "
      "operation.",
      op);
}

}  // namespace

Tensor memory_of(const Tensor& self, const Tensor& view) {
  const Tensor root = self.impl()->base ? Tensor(self.impl()->base) : self;
  if (root.dtype() != view.dtype()) return {};
  int64_t length = 1;
  for (int64_t d = 0; d < view.dim(); ++d) length += (view.size(d) - 1) * view.stride(d);
  return root.as_strided({length}, {1}, view.storage_offset());
}

void check_no_partial_overlap(const char* op, const Tensor& target, const Tensor& input) {
  if (overlap_of(target, input) == Overlap::Partial) fail_overlap(op);
}

namespace {

void check_castable(const char* op, ScalarType from, ScalarType to) {
  if (!can_cast(from, to)) {
    fail("{}: result type {} can't be cast to the desired output type {}", op, from, to);
  }
}

// Gradients of what the function recorded since `first` that read self get a copy of what it was.
void keep_past(const Tensor& self, const autograd::Entry* last, uint64_t first) {
  const autograd::InternalGuard internal;
  std::vector<const autograd::Entry*> open;
  std::unordered_set<const autograd::Entry*> seen;
  const auto visit = [&](const autograd::Entry* entry) {
    if (entry != nullptr && entry->sequence >= first && seen.insert(entry).second) {
      open.push_back(entry);
    }
  };
  visit(last);
  while (!open.empty()) {
    auto* entry = const_cast<autograd::Entry*>(open.back());
    open.pop_back();
    for (const autograd::Edge& edge : entry->edges) visit(edge.entry.get());
    for (autograd::Saved& saved : entry->saved) {
      if (!saved.tensor || !(saved.tensor->storage == self.storage())) continue;
      saved.tensor = Tensor(saved.tensor).clone().impl_ptr();
      saved.version = saved.tensor->storage->version();
    }
  }
}

}  // namespace

Tensor& InPlaceForm::of(const Tensor& result) const {
  if (!(result.sizes() == self_.sizes())) {
    fail("{}: output with shape {} doesn't match the broadcast shape {}", op_, self_.sizes(),
         result.sizes());
  }
  check_castable(op_, result.dtype(), self_.dtype());
  if (GradMode::is_enabled() && result.requires_grad()) {
    keep_past(self_, autograd::edge_of(result).entry.get(), first_);
  }
  if (result.is_same(self_)) return self_;
  apply_to(self_, Copy{self_.dtype()}, result);
  self_.storage()->set_last_writer(op_);
  return self_;
}

Tensor& write_result(Tensor& self, const char* op, const Tensor& result) {
  return InPlaceForm(self, op).of(result);
}

namespace detail {

void write_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                    const Tensor& target, const Infer::Output& result, RunInto run,
                    const void* context) {
  if (!(IntArrayRef(result.sizes) == target.sizes())) {
    fail("{}: output with shape {} doesn't match the broadcast shape {}", info.name, target.sizes(),
         IntArrayRef(result.sizes));
  }
  check_castable(info.name, result.dtype, target.dtype());
  const bool recording =
      GradMode::is_enabled() && is_differentiable(target.dtype()) &&
      (std::any_of(inputs.begin(), inputs.end(), needs_grad) || needs_grad(target));
  const InPlaceWrite write(info.name, target, recording);
  IntrusivePtr<autograd::Entry> entry;
  if (recording) {
    entry = make_entry(info, op, inputs);
    // A gradient that reads what is about to be overwritten gets a copy, as in PyTorch. (Another
    // input over the same memory does not: that is an error at replay.)
    for (autograd::Saved& saved : entry->saved) {
      if (saved.slot != 0 || !inputs[0].is_same(target)) continue;
      const autograd::InternalGuard internal;
      saved.tensor = target.clone().impl_ptr();
      saved.version = saved.tensor->storage->version();
    }
  }

  const auto overlaps = [&](const Tensor& t) {
    return t.defined() && t.storage() == target.storage() && !same_geometry(t, target);
  };
  bool direct = result.dtype == target.dtype();
  if (!inputs.empty() && &target == inputs.data()) {
    for (const Tensor& t : inputs.subspan(1)) {
      if (!t.defined()) continue;
      const Overlap met = overlap_of(target, t);
      if (met == Overlap::Partial || met == Overlap::Full) fail_overlap(info.name);
      direct = direct && met == Overlap::None;
    }
  } else if (info.elementwise) {
    for (const Tensor& t : inputs) {
      if (t.defined()) check_no_partial_overlap(info.name, target, t);
    }
    direct = direct && std::none_of(inputs.begin(), inputs.end(), overlaps);
  } else {
    direct = false;
  }
  Tensor destination = direct ? target
                              : empty_strided(result.sizes, result.strides,
                                              TensorOptions(result.dtype).device(target.device()));
  run(context, destination, /*keep_target=*/direct);
  if (!direct) {
    const autograd::InternalGuard internal;
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

namespace detail {

Tensor& write_out(const char* op, Tensor& out, const Tensor& result) {
  if (GradMode::is_enabled() && (out.requires_grad() || result.requires_grad())) {
    fail(
        "{}_out: functions with out=... arguments don't support automatic differentiation, but one "
        "of the arguments requires grad.",
        op);
  }
  ops::check_castable(op, result.dtype(), out.dtype());
  if (!(out.sizes() == result.sizes())) out.resize_(result.sizes());
  return out.copy_(result);
}

}  // namespace detail
}  // namespace reel
