#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/conv_relu.h>
#include <reel/tensor/ops/pool.h>

namespace reel::ops {
namespace {

constexpr std::array<int64_t, 2> kWindow{2, 2};

/// The part of a gradient that passes through relu, whose result y is.
Tensor through_relu(const Tensor& g, const Tensor& y) { return where(y > 0, g, Scalar(0)); }

/// A value for each window, put where its winner is: [N, C, h, w] becomes [N, C, size...], zeros
/// elsewhere.
Tensor unpool(const Tensor& g, const Tensor& winners, const std::array<int64_t, 2>& size) {
  const int64_t n = g.size(0), c = g.size(1), h = g.size(2), w = g.size(3);
  const auto spread = [](const Tensor& x) {  // [n, h, 1, w, 1, c]
    return x.permute({0, 2, 3, 1}).unsqueeze(3).unsqueeze(2);
  };
  const Tensor corner = arange(4, TensorOptions(kByte).device(g.device())).view({2, 1, 2, 1});
  const Tensor whole = where(spread(winners) == corner, spread(g), Scalar(0))
                           .reshape({n, 2 * h, 2 * w, c})
                           .permute({0, 3, 1, 2});
  if (size[0] == 2 * h && size[1] == 2 * w) return whole;
  return constant_pad_nd(whole, {0, size[1] - 2 * w, 0, size[0] - 2 * h});
}

/// The winners of x [N, C, H, W]: zeros where there is none.
Tensor at_winners(const Tensor& x, const Tensor& winners) {
  const int64_t n = winners.size(0), c = winners.size(1), h = winners.size(2), w = winners.size(3);
  const Tensor windows = x.narrow(2, 0, 2 * h)
                             .narrow(3, 0, 2 * w)
                             .reshape({n, c, h, 2, w, 2})
                             .permute({0, 1, 2, 4, 3, 5})
                             .reshape({n, c, h, w, 4});
  const Tensor places = winners.to(kLong);
  const Tensor picked = windows.gather(4, places.clamp_max(3).unsqueeze(4)).squeeze(4);
  return where(places < Conv2dReluPool::kNoWinner, picked, Scalar(0));
}

std::array<int64_t, 2> size_of(IntArrayRef sizes) { return {sizes[2], sizes[3]}; }

}  // namespace

void Conv2dRelu::infer(Infer& call) const { Conv2d{*this}.infer(call); }

void Conv2dRelu::compose(Compose& call) const {
  const Tensor bias = call.has(2) ? call.in(2) : Tensor();
  Tensor y = apply(Conv2d{*this}, call.in(0), call.in(1), bias);
  call.set(0, y.relu_());
}

void Conv2dRelu::backward(Replay& call) const {
  const Tensor y = call.out();
  if (call.needs(0)) {
    call.set(0, apply(Conv2dReluInputGrad{*this, size_of(call.in_sizes(0))}, call.grad(),
                      call.in(1), y));
  }
  if (!call.needs(1) && !call.needs(2)) return;
  const Tensor g = through_relu(call.grad(), y);
  if (call.needs(1)) {
    call.set(1, apply(Conv2dWeightGrad{*this, size_of(call.in_sizes(1))}, g, call.in(0)));
  }
  if (call.needs(2)) call.set(2, g.sum({0, 2, 3}));
}

void Conv2dReluPool::infer(Infer& call) const {
  Infer convolved(call.inputs());
  Conv2d{*this}.infer(convolved);
  Shape sizes = convolved.outputs()[0].sizes;
  if (sizes[2] < 2 || sizes[3] < 2) {
    fail("{}: a picture of {} x {} after the convolution is smaller than the window of 2 x 2", name,
         sizes[2], sizes[3]);
  }
  sizes[2] /= 2;
  sizes[3] /= 2;
  call.out(sizes, call.in(0).dtype(), MemoryFormat::ChannelsLast);
  call.out(sizes, kByte, MemoryFormat::ChannelsLast);
}

void Conv2dReluPool::compose(Compose& call) const {
  const Tensor bias = call.has(2) ? call.in(2) : Tensor();
  Tensor y = apply(Conv2d{*this}, call.in(0), call.in(1), bias);
  y.relu_();
  const MaxPool2d pool{{kWindow, kWindow}};
  Outputs pooled = apply_all(pool, {&y, 1});
  const Tensor row = pooled[1].floor_divide(y.size(3)).remainder(2);
  const Tensor column = pooled[1].remainder(y.size(3)).remainder(2);
  const Tensor winners = where(pooled[0] > 0, row * 2 + column, Scalar(int64_t{kNoWinner}));
  call.set(0, pooled[0]);
  call.set(1, winners.to(kByte));
}

void Conv2dReluPool::backward(Replay& call) const {
  const Tensor winners = call.out(1);
  if (call.needs(0)) {
    call.set(0, apply(Conv2dReluPoolInputGrad{*this, size_of(call.in_sizes(0))}, call.grad(),
                      call.in(1), winners));
  }
  if (call.needs(1)) {
    const auto kernel = size_of(call.in_sizes(1));
    const auto size = conv_output_size(name, *this, size_of(call.in(0).sizes()), kernel);
    call.set(
        1, apply(Conv2dWeightGrad{*this, kernel}, unpool(call.grad(), winners, size), call.in(0)));
  }
  if (call.needs(2)) {
    call.set(2, where(winners < int64_t{kNoWinner}, call.grad(), Scalar(0)).sum({0, 2, 3}));
  }
}

void Conv2dReluInputGrad::infer(Infer& call) const {
  Conv2dInputGrad{*this, input_size}.infer(call);
}

void Conv2dReluInputGrad::compose(Compose& call) const {
  const Tensor g = through_relu(call.in(0), call.in(2));
  call.set(0, apply(Conv2dInputGrad{*this, input_size}, g, call.in(1)));
}

// Linear in g and in the weight; what passes depends on neither.
void Conv2dReluInputGrad::backward(Replay& call) const {
  const Tensor y = call.in(2);
  if (call.needs(0)) call.set(0, through_relu(apply(Conv2d{*this}, call.grad(), call.in(1)), y));
  if (call.needs(1)) {
    call.set(1, apply(Conv2dWeightGrad{*this, size_of(call.in_sizes(1))},
                      through_relu(call.in(0), y), call.grad()));
  }
}

void Conv2dReluPoolInputGrad::infer(Infer& call) const {
  const Tensor& g = call.in(0);
  const Tensor& weight = call.in(1);
  call.out({g.size(0), weight.size(1) * groups, input_size[0], input_size[1]}, g.dtype(),
           MemoryFormat::ChannelsLast);
}

void Conv2dReluPoolInputGrad::compose(Compose& call) const {
  const auto size = conv_output_size(name, *this, input_size, size_of(call.in(1).sizes()));
  const Tensor g = unpool(call.in(0), call.in(2), size);
  call.set(0, apply(Conv2dInputGrad{*this, input_size}, g, call.in(1)));
}

void Conv2dReluPoolInputGrad::backward(Replay& call) const {
  const Tensor winners = call.in(2);
  if (call.needs(0)) {
    call.set(0, at_winners(apply(Conv2d{*this}, call.grad(), call.in(1)), winners));
  }
  if (call.needs(1)) {
    const auto kernel = size_of(call.in_sizes(1));
    const auto size = conv_output_size(name, *this, input_size, kernel);
    call.set(
        1, apply(Conv2dWeightGrad{*this, kernel}, unpool(call.in(0), winners, size), call.grad()));
  }
}

}  // namespace reel::ops
