#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/conv.h>

namespace reel::reference {
namespace {

// An element of a 4-d view.
template <class T>
T& at(const View& view, int64_t i, int64_t j, int64_t k, int64_t l) {
  const int64_t* s = view.strides;
  return view.as<T>()[i * s[0] + j * s[1] + k * s[2] + l * s[3]];
}

// Calls body(n, o, oh, ow, c, channel, kh, kw, h, w) for every product of the convolution: output
// channel o at (oh, ow) takes `channel` of the input at (h, w), which is number c of its group,
// weighted by (kh, kw). `y` and `weight` have the output's and the weight's shape, `in_size` is the
// input's height and width.
template <class Body>
void for_each_product(const ops::ConvAttrs& attrs, const View& y, const View& weight,
                      const int64_t* in_size, const Body& body) {
  const int64_t group_outputs = y.sizes[1] / attrs.groups;
  const int64_t group_inputs = weight.sizes[1];
  for (int64_t n = 0; n < y.sizes[0]; ++n) {
    for (int64_t o = 0; o < y.sizes[1]; ++o) {
      const int64_t first_input = o / group_outputs * group_inputs;
      for (int64_t oh = 0; oh < y.sizes[2]; ++oh) {
        for (int64_t ow = 0; ow < y.sizes[3]; ++ow) {
          for (int64_t c = 0; c < group_inputs; ++c) {
            for (int64_t kh = 0; kh < weight.sizes[2]; ++kh) {
              const int64_t h = oh * attrs.stride[0] - attrs.padding[0] + kh * attrs.dilation[0];
              if (h < 0 || h >= in_size[0]) continue;
              for (int64_t kw = 0; kw < weight.sizes[3]; ++kw) {
                const int64_t w = ow * attrs.stride[1] - attrs.padding[1] + kw * attrs.dilation[1];
                if (w < 0 || w >= in_size[1]) continue;
                body(n, o, oh, ow, c, first_input + c, kh, kw, h, w);
              }
            }
          }
        }
      }
    }
  }
}

// Sums for every element of a 4-d view, rounded once at the end.
template <class T>
class Sums {
 public:
  explicit Sums(const View& view) : view_(view), sums_(static_cast<size_t>(view.numel), 0) {}
  Accumulate<T>& at(int64_t i, int64_t j, int64_t k, int64_t l) {
    const int64_t* s = view_.sizes;
    return sums_[static_cast<size_t>(((i * s[1] + j) * s[2] + k) * s[3] + l)];
  }
  void store() const {
    auto sum = sums_.begin();
    walk_all(view_).for_each(
        [&](const auto& offset) { view_.as<T>()[offset[0]] = convert<T>(*sum++); });
  }

 private:
  const View& view_;
  std::vector<Accumulate<T>> sums_;
};

template <class T>
Accumulate<T> product(T a, T b) {
  return convert<Accumulate<T>>(a) * convert<Accumulate<T>>(b);
}

const char* conv2d(const Call& call) {
  const View& x = call.in[0];
  const View& weight = call.in[1];
  const View& y = call.out[0];
  const bool has_bias = call.num_in > 2 && call.in[2].defined();
  const bool done = RealTypes::visit(y.dtype, [&]<class T>() {
    Sums<T> sums(y);
    for_each_product(call.as<ops::Conv2d>(), y, weight, x.sizes + 2,
                     [&](auto n, auto o, auto oh, auto ow, auto c, auto channel, auto kh, auto kw,
                         auto h, auto w) {
                       sums.at(n, o, oh, ow) += product(at<const T>(x, n, channel, h, w),
                                                        at<const T>(weight, o, c, kh, kw));
                     });
    for (int64_t n = 0; has_bias && n < y.sizes[0]; ++n) {
      for (int64_t o = 0; o < y.sizes[1]; ++o) {
        const T bias = call.in[2].as<const T>()[o * call.in[2].strides[0]];
        for (int64_t h = 0; h < y.sizes[2]; ++h) {
          for (int64_t w = 0; w < y.sizes[3]; ++w) {
            sums.at(n, o, h, w) += convert<Accumulate<T>>(bias);
          }
        }
      }
    }
    sums.store();
  });
  return done ? nullptr : kNoDtype;
}

const char* conv2d_input_grad(const Call& call) {
  const View& g = call.in[0];
  const View& weight = call.in[1];
  const View& dx = call.out[0];
  const bool done = RealTypes::visit(dx.dtype, [&]<class T>() {
    Sums<T> sums(dx);
    for_each_product(call.as<ops::Conv2dInputGrad>(), g, weight, dx.sizes + 2,
                     [&](auto n, auto o, auto oh, auto ow, auto c, auto channel, auto kh, auto kw,
                         auto h, auto w) {
                       sums.at(n, channel, h, w) +=
                           product(at<const T>(g, n, o, oh, ow), at<const T>(weight, o, c, kh, kw));
                     });
    sums.store();
  });
  return done ? nullptr : kNoDtype;
}

const char* conv2d_weight_grad(const Call& call) {
  const View& g = call.in[0];
  const View& x = call.in[1];
  const View& dweight = call.out[0];
  const bool done = RealTypes::visit(dweight.dtype, [&]<class T>() {
    Sums<T> sums(dweight);
    for_each_product(call.as<ops::Conv2dWeightGrad>(), g, dweight, x.sizes + 2,
                     [&](auto n, auto o, auto oh, auto ow, auto c, auto channel, auto kh, auto kw,
                         auto h, auto w) {
                       sums.at(o, c, kh, kw) +=
                           product(at<const T>(g, n, o, oh, ow), at<const T>(x, n, channel, h, w));
                     });
    sums.store();
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_conv(KernelTable& table) {
  table.add(ops::Conv2d::name, conv2d);
  table.add(ops::Conv2dInputGrad::name, conv2d_input_grad);
  table.add(ops::Conv2dWeightGrad::name, conv2d_weight_grad);
}

}  // namespace reel::reference
