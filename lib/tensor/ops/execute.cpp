#include <algorithm>
#include <cstdio>
#include <memory>

#include <reel/backends/dispatch.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/op.h>

namespace reel::ops {

void Infer::out(Shape sizes, ScalarType dtype, MemoryFormat format) {
  Shape strides = format == MemoryFormat::ChannelsLast && sizes.size() == 4
                      ? channels_last_strides(sizes)
                      : contiguous_strides(sizes);
  out_strided(std::move(sizes), std::move(strides), dtype);
}

void Infer::out_like(const Tensor& input, ScalarType dtype) {
  const TensorImpl& x = *input.impl();
  if (x.row_major) {
    outputs_.emplace_back(x.sizes, x.strides, dtype);
  } else {
    outputs_.emplace_back(x.sizes, dense_strides_like(x.sizes, x.strides), dtype);
  }
}

void Infer::out_strided(Shape sizes, Shape strides, ScalarType dtype) {
  outputs_.emplace_back(std::move(sizes), std::move(strides), dtype);
}

namespace {

View view_of(const TensorImpl& t) {
  return {t.data(), t.sizes.data(),  t.strides.data(), t.numel, static_cast<int>(t.sizes.size()),
          t.dtype,  t.storage.get(), t.row_major};
}

// The strides with which `t` is read as a tensor of the output's sizes: 0 where it broadcasts.
Shape broadcast_strides(const TensorImpl& t, IntArrayRef sizes) {
  Shape strides(sizes.size());
  const size_t lead = sizes.size() - t.sizes.size();
  for (size_t i = 0; i < t.sizes.size(); ++i) {
    strides[lead + i] = t.sizes[i] == 1 ? 0 : t.strides[i];
  }
  return strides;
}

// The device of the inputs. Tensors of no dimensions on the CPU are copied to it by the caller.
Device common_device(const char* op, std::span<const Tensor> inputs) {
  const Tensor* first = nullptr;
  bool all_there = true;
  for (const Tensor& t : inputs) {
    if (!t.defined()) continue;
    all_there = all_there && (first == nullptr || t.device() == first->device());
    if (first == nullptr || (first->device().is_cpu() && first->dim() == 0 && t.dim() > 0)) {
      first = &t;
    }
  }
  if (first == nullptr) fail("{}: expected a tensor, got only undefined ones", op);
  const Device device = first->device();
  if (all_there) return device;
  for (const Tensor& t : inputs) {
    if (!t.defined() || t.device() == device || (t.device().is_cpu() && t.dim() == 0)) continue;
    fail(
        "{}: Expected all tensors to be on the same device, but found at least two devices, {} "
        "and {}!",
        op, device, t.device());
  }
  return device;
}

// Tells dispatch how to go on without a kernel.
class OpFallback final : public backends::Fallback {
 public:
  OpFallback(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
             std::span<Tensor> outputs, bool keep_outputs)
      : info_(info), op_(op), inputs_(inputs), outputs_(outputs), keep_outputs_(keep_outputs) {}

  bool compose() override {
    if (info_.compose == nullptr) return false;
    const autograd::InternalGuard internal;
    Compose call(inputs_);
    info_.compose(op_, call);
    for (size_t k = 0; k < outputs_.size(); ++k) deliver(k, std::move(call.results()[k]));
    return true;
  }

  int64_t run_on_cpu() override {
    const autograd::InternalGuard internal;
    int64_t bytes = 0;
    std::vector<Tensor> inputs;
    for (const Tensor& t : inputs_) {
      inputs.push_back(t.defined() ? t.to(Device(kCPU)) : t);
      if (t.defined()) bytes += static_cast<int64_t>(t.nbytes());
    }
    Outputs results;
    if (inputs.empty()) {
      results[0] = empty(outputs_[0].sizes(), TensorOptions(outputs_[0].dtype()).device(kCPU));
      execute_in_place(info_, op_, {}, results[0]);
    } else {
      execute(info_, op_, inputs, results);
    }
    for (size_t k = 0; k < outputs_.size(); ++k) {
      bytes += static_cast<int64_t>(results[k].nbytes());
      deliver(k, results[k].to(outputs_[k].device()));
    }
    return bytes;
  }

 private:
  // The result takes the place of the output that was allocated for it, unless that one was given
  // or lies in memory in another way.
  void deliver(size_t k, Tensor result) {
    if (!keep_outputs_ && result.strides() == outputs_[k].strides() &&
        result.storage()->use_count() == 1) {
      outputs_[k] = std::move(result);
    } else {
      outputs_[k].copy_(result);
    }
  }

  const OpInfo& info_;
  const void* op_;
  std::span<const Tensor> inputs_;
  std::span<Tensor> outputs_;
  bool keep_outputs_;
};

const bool kTracePlacement = backends::trace_enabled("placement");

void run(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
         std::span<Tensor> outputs, Device device, bool keep_outputs) {
  if (kTracePlacement) std::fprintf(stderr, "%s -> %s\n", info.name, device.str().c_str());
  InlineVector<View, 4> in;
  InlineVector<View, 2> out;
  InlineVector<Shape, 2> broadcast;  // what the views' strides point to
  for (const Tensor& output : outputs) out.emplace_back(view_of(*output.impl()));
  for (const Tensor& input : inputs) {
    if (!input.defined()) {
      in.emplace_back();
      continue;
    }
    View& view = in.emplace_back(view_of(*input.impl()));
    if (!info.elementwise) continue;
    const TensorImpl& y = *outputs[0].impl();
    if (input.impl()->sizes == y.sizes) continue;
    if (broadcast.empty()) broadcast.reserve(inputs.size());
    view.sizes = y.sizes.data();
    view.strides = broadcast.emplace_back(broadcast_strides(*input.impl(), y.sizes)).data();
    view.rank = static_cast<int>(y.sizes.size());
    view.numel = y.numel;
    view.row_major = false;
  }
  const Call call{info.name,
                  in.data(),
                  out.data(),
                  op,
                  static_cast<int>(inputs.size()),
                  static_cast<int>(outputs.size()),
                  device};
  OpFallback fallback(info, op, inputs, outputs, keep_outputs);
  backends::dispatch(info.id, call, fallback);
}

bool any_requires_grad(std::span<const Tensor> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
    return t.defined() && t.requires_grad() && is_differentiable(t.dtype());
  });
}

class OpEntry final : public autograd::Entry {
 public:
  OpEntry(const OpInfo& info, const void* op)
      : info_(info), op_(info.copy != nullptr ? info.copy(op) : nullptr) {}
  ~OpEntry() override {
    if (op_ != nullptr) info_.destroy(op_);
  }
  const char* name() const override { return info_.name; }
  void replay(Replay& call) override {
    if (info_.backward == nullptr) fail("{}: the derivative is not implemented", info_.name);
    // Ops without attributes are empty: any address serves as theirs.
    info_.backward(op_ != nullptr ? op_ : this, call);
  }

 private:
  const OpInfo& info_;
  void* op_;
};

Tensor run_view(const OpInfo& info, const void* op, const Tensor& input) {
  Tensor result = info.view(op, input);
  TensorImpl& impl = *result.impl();
  const TensorImpl& x = *input.impl();
  if (x.quant != nullptr && impl.dtype == x.dtype) {
    impl.quant = std::make_unique<QuantParams>(*x.quant);
  }
  if (!(impl.storage == x.storage)) return result;
  impl.is_inference = x.is_inference;
  const bool recording = GradMode::is_enabled();
  if (x.is_inference || (!recording && autograd::InternalGuard::is_enabled())) return result;
  impl.base = x.base ? x.base : input.impl_ptr();
  impl.base_version = impl.storage->version();
  impl.view_origin = InferenceMode::is_enabled() ? ViewOrigin::Inference
                     : !recording                ? ViewOrigin::NoGrad
                                                 : x.view_origin;
  return result;
}

}  // namespace

IntrusivePtr<autograd::Entry> make_entry(const OpInfo& info, const void* op,
                                         std::span<const Tensor> inputs) {
  // A view whose base was written since gets an entry now, whose number must be smaller than ours.
  for (const Tensor& input : inputs) {
    if (input.defined() && input.impl()->is_stale_view()) (void)autograd::edge_of(input);
  }
  auto entry = IntrusivePtr<autograd::Entry>::adopt(new OpEntry(info, op));
  entry->edges.reserve(inputs.size());
  uint32_t reads = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool needed = inputs[i].defined() && is_differentiable(inputs[i].dtype());
    const autograd::Edge& edge = needed ? entry->edges.emplace_back(autograd::edge_of(inputs[i]))
                                        : entry->edges.emplace_back();
    if (edge.needed()) reads |= info.reads[i];
  }
  for (size_t i = 0; i < inputs.size() && i < 16; ++i) {
    if ((reads & in(static_cast<int>(i))) == 0 || !inputs[i].defined()) continue;
    if (inputs[i].impl()->is_inference) {
      fail(
          "{}: Inference tensors cannot be saved for backward. To work around you can make a "
          "clone to get a normal tensor and use it in autograd.",
          info.name);
    }
    entry->save(inputs[i], static_cast<int8_t>(i));
  }
  return entry;
}

void finish_entry(const OpInfo& info, const IntrusivePtr<autograd::Entry>& entry,
                  std::span<const Tensor> outputs) {
  uint32_t reads = 0;
  for (size_t i = 0; i < entry->edges.size(); ++i) {
    if (entry->edges[i].needed()) reads |= info.reads[i];
  }
  for (size_t k = 0; k < outputs.size(); ++k) {
    const Tensor& output = outputs[k];
    entry->outputs.emplace_back(output.impl()->sizes, output.dtype(), output.device());
    if ((reads & out(static_cast<int>(k))) != 0) entry->save(output, static_cast<int8_t>(~k));
  }
}

void record(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
            std::span<const Tensor> outputs) {
  auto entry = make_entry(info, op, inputs);
  finish_entry(info, entry, outputs);
  for (size_t k = outputs.size(); k-- > 0;) {
    if (!is_differentiable(outputs[k].dtype())) continue;
    autograd::attach(outputs[k], k == 0 ? std::move(entry) : entry, static_cast<uint32_t>(k));
  }
}

namespace {

// The device that an op runs on. Inputs that are not there yet are copied to it, into `moved`.
Device place(const OpInfo& info, std::span<const Tensor>& inputs, std::vector<Tensor>& moved) {
  const Device device = common_device(info.name, inputs);
  if (device.is_cpu()) return device;
  moved.assign(inputs.begin(), inputs.end());
  for (Tensor& t : moved) {
    if (t.defined() && !(t.device() == device)) t = t.to(device);
  }
  inputs = moved;
  return device;
}

}  // namespace

Tensor execute_view(const OpInfo& info, const void* op, const Tensor& input) {
  Tensor result = run_view(info, op, input);
  if (GradMode::is_enabled() && any_requires_grad({&input, 1})) {
    record(info, op, {&input, 1}, {&result, 1});
  }
  return result;
}

void execute(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
             std::span<Tensor> outputs) {
  if (info.view != nullptr) {
    outputs[0] = execute_view(info, op, inputs[0]);
    return;
  }
  const bool recording = GradMode::is_enabled() && any_requires_grad(inputs);
  std::vector<Tensor> moved;
  const Device device = place(info, inputs, moved);
  Infer shapes(inputs);
  info.infer(op, shapes);
  const std::span<Infer::Output> inferred = shapes.outputs();
  if (inferred.size() > outputs.size()) fail("{}: declares too few outputs", info.name);
  outputs = outputs.first(inferred.size());
  for (size_t k = 0; k < inferred.size(); ++k) {
    Infer::Output& o = inferred[k];
    auto impl = IntrusivePtr<TensorImpl>::adopt(
        new TensorImpl({}, o.dtype, std::move(o.sizes), std::move(o.strides), 0));
    impl->storage =
        allocate_storage(static_cast<size_t>(impl->numel) * element_size(o.dtype), device);
    impl->is_inference = InferenceMode::is_enabled();
    outputs[k] = Tensor(std::move(impl));
  }
  run(info, op, inputs, outputs, device, /*keep_outputs=*/false);
  if (recording) record(info, op, inputs, outputs);
}

void execute_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                      const Tensor& target) {
  std::vector<Tensor> moved;
  const Device device = inputs.empty() ? target.device() : place(info, inputs, moved);
  Infer shapes(inputs);
  info.infer(op, shapes);
  write_in_place(info, op, inputs, target, shapes.outputs()[0], [&](Tensor& result, bool keep) {
    run(info, op, inputs, {&result, 1}, device, keep);
  });
}

}  // namespace reel::ops
