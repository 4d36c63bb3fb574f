// The ops and how to call them, in names that reel and LibTorch share. Included inside a namespace
// in which `library` is one of them; so it has no include guard and includes nothing.

using Tensor = library::Tensor;
using List = std::vector<Tensor>;
using Sizes = std::vector<int64_t>;

struct Case {
  const char* name;
  // The shapes of the inputs; values are spread over [low, high].
  std::vector<Sizes> shapes;
  List (*run)(const List& x);
  double low = -2;
  double high = 2;
  // Works on integers too.
  bool integers = false;
  // Works for inputs of any one shape: empty, without dimensions.
  bool any_shape = false;
  // 0: no gradient; 1: first order; 2: second order.
  int order = 2;
  // float32 error allowed, relative to the largest value. Elementwise formulas are within a few
  // units of 6e-8 in the last place; sums and products grow with the number of terms.
  double tolerance = 2e-6;
};

inline Tensor indices(const Tensor& like, std::vector<int64_t> values, Sizes sizes) {
  return library::tensor(values, library::kLong).view(sizes).to(like.device());
}

inline List pair(std::tuple<Tensor, Tensor> t) { return {std::get<0>(t), std::get<1>(t)}; }

inline std::vector<Case> elementwise_cases() {
  return {
      {"abs", {{3, 4, 5}}, [](const List& x) { return List{x[0].abs()}; }, -2, 2, true, true},
      {"neg", {{3, 4, 5}}, [](const List& x) { return List{-x[0]}; }, -2, 2, true, true},
      {"sign", {{3, 4, 5}}, [](const List& x) { return List{x[0].sign()}; }, -2, 2, true, true},
      {"ceil", {{3, 4, 5}}, [](const List& x) { return List{x[0].ceil()}; }, -2, 2, false, true},
      {"floor", {{3, 4, 5}}, [](const List& x) { return List{x[0].floor()}; }, -2, 2, false, true},
      {"round", {{3, 4, 5}}, [](const List& x) { return List{x[0].round()}; }, -2, 2, false, true},
      {"exp", {{3, 4, 5}}, [](const List& x) { return List{x[0].exp()}; }, -2, 2, true, true},
      {"expm1", {{3, 4, 5}}, [](const List& x) { return List{x[0].expm1()}; }, -2, 2, true, true},
      {"log", {{3, 4, 5}}, [](const List& x) { return List{x[0].log()}; }, 0.1, 4, false, true},
      {"log2", {{3, 4, 5}}, [](const List& x) { return List{x[0].log2()}; }, 0.1, 4, false, true},
      {"log10", {{3, 4, 5}}, [](const List& x) { return List{x[0].log10()}; }, 0.1, 4, false, true},
      {"log1p",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].log1p()}; },
       -0.5,
       4,
       false,
       true},
      {"sqrt", {{3, 4, 5}}, [](const List& x) { return List{x[0].sqrt()}; }, 0.1, 4, false, true},
      {"rsqrt", {{3, 4, 5}}, [](const List& x) { return List{x[0].rsqrt()}; }, 0.1, 4, false, true},
      {"square", {{3, 4, 5}}, [](const List& x) { return List{x[0].square()}; }, -2, 2, true, true},
      {"reciprocal",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].reciprocal()}; },
       0.2,
       3,
       false,
       true},
      {"sin", {{3, 4, 5}}, [](const List& x) { return List{x[0].sin()}; }, -2, 2, true, true},
      {"cos", {{3, 4, 5}}, [](const List& x) { return List{x[0].cos()}; }, -2, 2, true, true},
      {"tan", {{3, 4, 5}}, [](const List& x) { return List{x[0].tan()}; }, -1, 1, false, true},
      {"tanh", {{3, 4, 5}}, [](const List& x) { return List{x[0].tanh()}; }, -2, 2, true, true},
      {"erf", {{3, 4, 5}}, [](const List& x) { return List{x[0].erf()}; }, -2, 2, true, true},
      {"sigmoid",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].sigmoid()}; },
       -4,
       4,
       true,
       true},
      {"relu", {{3, 4, 5}}, [](const List& x) { return List{x[0].relu()}; }, -2, 2, true, true},
      {"leaky_relu",
       {{3, 4, 5}},
       [](const List& x) { return List{library::leaky_relu(x[0], 0.2)}; },
       -2,
       2,
       false,
       true},
      {"elu",
       {{3, 4, 5}},
       [](const List& x) { return List{library::elu(x[0], 1.3)}; },
       -2,
       2,
       false,
       true},
      {"gelu",
       {{3, 4, 5}},
       [](const List& x) { return List{library::gelu(x[0])}; },
       -3,
       3,
       false,
       true},
      {"gelu_tanh",
       {{3, 4, 5}},
       [](const List& x) { return List{library::gelu(x[0], "tanh")}; },
       -3,
       3,
       false,
       true},
      {"silu",
       {{3, 4, 5}},
       [](const List& x) { return List{library::silu(x[0])}; },
       -3,
       3,
       false,
       true},
      {"softplus",
       {{3, 4, 5}},
       [](const List& x) { return List{library::softplus(x[0], 2, 3)}; },
       -3,
       3,
       false,
       true},
      {"clamp",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].clamp(-0.7, 1.1)}; },
       -2,
       2,
       false,
       true},
      {"clamp of integers",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].clamp(-1, 1)}; },
       -2,
       2,
       true,
       true,
       0},
      {"pow of a scalar",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].pow(2.5)}; },
       0.1,
       3,
       false,
       true},
      {"pow with scalar 3",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].pow(3)}; },
       -2,
       2,
       true,
       true},
      {"scalar to the power",
       {{3, 4, 5}},
       [](const List& x) { return List{library::pow(1.7, x[0])}; },
       -2,
       2,
       false,
       true},
      {"pow", {{3, 4, 5}, {4, 1}}, [](const List& x) { return List{x[0].pow(x[1])}; }, 0.2, 2},
      {"add",
       {{3, 4, 5}, {3, 4, 5}},
       [](const List& x) { return List{x[0] + x[1]}; },
       -2,
       2,
       true,
       true},
      {"add of broadcast",
       {{3, 4, 5}, {4, 1}},
       [](const List& x) { return List{x[0] + x[1]}; },
       -2,
       2,
       true},
      {"add with alpha",
       {{3, 4, 5}, {5}},
       [](const List& x) { return List{x[0].add(x[1], 3)}; },
       -2,
       2,
       true},
      {"add of a scalar",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0] + 1.5}; },
       -2,
       2,
       true,
       true},
      {"sub", {{3, 4, 5}, {4, 5}}, [](const List& x) { return List{x[0] - x[1]}; }, -2, 2, true},
      {"scalar minus",
       {{3, 4, 5}},
       [](const List& x) { return List{2 - x[0]}; },
       -2,
       2,
       true,
       true},
      {"mul", {{3, 1, 5}, {4, 1}}, [](const List& x) { return List{x[0] * x[1]}; }, -2, 2, true},
      {"div", {{3, 4, 5}, {4, 5}}, [](const List& x) { return List{x[0] / x[1]}; }, 0.3, 2, true},
      {"scalar over",
       {{3, 4, 5}},
       [](const List& x) { return List{2 / x[0]}; },
       0.3,
       2,
       false,
       true},
      {"minimum",
       {{3, 4, 5}, {4, 5}},
       [](const List& x) { return List{library::minimum(x[0], x[1])}; },
       -2,
       2,
       true},
      {"maximum",
       {{3, 4, 5}, {3, 4, 5}},
       [](const List& x) { return List{library::maximum(x[0], x[1])}; },
       -2,
       2,
       true,
       true},
      {"comparisons",
       {{3, 4, 5}, {4, 5}},
       [](const List& x) {
         return List{x[0] == x[1], x[0] != x[1], x[0]<x[1], x[0] <= x[1], x[0]> x[1], x[0] >= x[1]};
       },
       -2,
       2,
       true,
       false,
       0},
      {"comparisons with a scalar",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0] == 1, x[0] != 1, x[0]<1, x[0] <= 1, x[0]> 1, x[0] >= 1};
       },
       -2,
       2,
       true,
       true,
       0},
      {"where",
       {{3, 4, 5}, {4, 1}},
       [](const List& x) { return List{library::where(x[0] > 0.3, x[0], x[1])}; },
       -2,
       2,
       true},
      {"addcmul",
       {{3, 4}, {3, 4}, {4}},
       [](const List& x) { return List{library::addcmul(x[0], x[1], x[2], 0.5)}; }},
      {"addcdiv",
       {{3, 4}, {3, 4}, {4}},
       [](const List& x) { return List{library::addcdiv(x[0], x[1], x[2], 0.5)}; },
       0.5,
       2},
      {"to double and back",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].to(library::kDouble).mul(2).to(x[0].scalar_type())}; },
       -2,
       2,
       true,
       true},
  };
}

inline std::vector<Case> reduction_cases() {
  return {
      {"sum", {{3, 4, 5}}, [](const List& x) { return List{x[0].sum()}; }, -2, 2, true, true},
      {"sum over dims",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].sum(Sizes{0, 2}), x[0].sum(Sizes{1}, true), x[0].sum(Sizes{-1})};
       },
       -2,
       2,
       true},
      {"mean", {{3, 4, 5}}, [](const List& x) { return List{x[0].mean()}; }, -2, 2, false, true},
      {"mean over dims",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].mean(Sizes{1}), x[0].mean(Sizes{0, 2}, true)};
       }},
      {"prod",
       {{2, 3, 4}},
       [](const List& x) {
         return List{x[0].prod(), x[0].prod(1)};
       },
       0.4,
       1.6,
       true},
      {"var",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].var(), x[0].var(Sizes{0, 2}, false, true)};
       }},
      {"std",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].std(), x[0].std(Sizes{1}, true)};
       }},
      {"max", {{3, 4, 5}}, [](const List& x) { return List{x[0].max()}; }, -2, 2, true},
      {"min", {{3, 4, 5}}, [](const List& x) { return List{x[0].min()}; }, -2, 2, true},
      {"max along", {{3, 4, 5}}, [](const List& x) { return pair(x[0].max(1)); }},
      {"min along", {{3, 4, 5}}, [](const List& x) { return pair(x[0].min(-1, true)); }},
      {"amax",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].amax(Sizes{0, 2})};
       }},
      {"amin", {{3, 4, 5}}, [](const List& x) { return List{x[0].amin(Sizes{1}, true)}; }},
      {"argmax",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].argmax(), x[0].argmax(0), x[0].argmax(2, true)};
       },
       -2,
       2,
       false,
       false,
       0},
      {"argmin",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].argmin(), x[0].argmin(1)};
       },
       -2,
       2,
       false,
       false,
       0},
      {"norm",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].norm(), x[0].norm(3, Sizes{1}, false), x[0].norm(1, Sizes{0, 2}, true)};
       },
       0.2,
       2},
      {"all and any",
       {{3, 4, 5}},
       [](const List& x) {
         return List{(x[0] > -9).all(), (x[0] > 1).any(), (x[0] > 1).any(0),
                     (x[0] > -1).all(1, true)};
       },
       -2,
       2,
       true,
       false,
       0},
      {"softmax",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].softmax(-1), x[0].softmax(1), x[0].softmax(0)};
       }},
      {"log_softmax",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].log_softmax(-1), x[0].log_softmax(0)};
       }},
      {"logsumexp",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].logsumexp(Sizes{0, 2}, true)};
       }},
  };
}

inline std::vector<Case> shape_cases() {
  return {
      {"reshape",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].reshape({5, -1}) * 2};
       },
       -2,
       2,
       true},
      {"view",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].contiguous().view({12, 5}) * 2};
       },
       -2,
       2,
       true},
      {"permute",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].permute({2, 0, 1}) * 2};
       },
       -2,
       2,
       true},
      {"transpose",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].transpose(0, -1) * 2}; },
       -2,
       2,
       true},
      {"squeeze",
       {{3, 1, 5, 1}},
       [](const List& x) {
         return List{x[0].squeeze() * 2, x[0].squeeze(1) * 2};
       },
       -2,
       2,
       true},
      {"unsqueeze",
       {{3, 4}},
       [](const List& x) {
         return List{x[0].unsqueeze(0), x[0].unsqueeze(-1)};
       },
       -2,
       2,
       true,
       true},
      {"expand",
       {{3, 1, 5}},
       [](const List& x) {
         return List{x[0].expand({2, -1, 4, 5}) * 2};
       },
       -2,
       2,
       true},
      {"cat",
       {{3, 4}, {2, 4}, {1, 4}},
       [](const List& x) {
         return List{library::cat({x[0], x[1], x[2]})};
       },
       -2,
       2,
       true},
      {"cat along 1",
       {{3, 4}, {3, 2}},
       [](const List& x) {
         return List{library::cat({x[0], x[1]}, 1)};
       },
       -2,
       2,
       true},
      {"stack",
       {{3, 4}, {3, 4}},
       [](const List& x) {
         return List{library::stack({x[0], x[1]}, -1)};
       },
       -2,
       2,
       true,
       true},
      {"split",
       {{7, 4}},
       [](const List& x) {
         auto parts = x[0].split(3);
         return List{parts[0] * 1, parts[1] * 2, parts[2] * 3};
       },
       -2,
       2,
       true},
      {"chunk",
       {{7, 4}},
       [](const List& x) {
         auto parts = x[0].chunk(2, 1);
         return List{parts[0] * 1, parts[1] * 2};
       },
       -2,
       2,
       true},
      {"slice",
       {{7, 6}},
       [](const List& x) {
         return List{x[0].slice(0, 1, 6, 2) * 2, x[0].slice(1, -3) * 3};
       },
       -2,
       2,
       true},
      {"select",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].select(1, -1) * 2, x[0][1] * 3};
       },
       -2,
       2,
       true},
      {"as_strided",
       {{4, 5}},
       [](const List& x) {
         return List{x[0].contiguous().as_strided({3, 3}, {2, 1}, 1) * 2};
       }},
      {"flip",
       {{3, 4, 5}},
       [](const List& x) {
         return List{x[0].flip({0, 2})};
       },
       -2,
       2,
       true},
      {"pad",
       {{3, 4, 5}},
       [](const List& x) {
         return List{library::constant_pad_nd(x[0], {1, 2, -1, 1}, 0.5)};
       }},
      {"pad_reflect",
       {{2, 3, 4, 5}},
       [](const List& x) {
         return List{library::pad(x[0], {1, 2, 2, -1}, "reflect")};
       }},
      {"pad_replicate",
       {{2, 3, 4, 5}},
       [](const List& x) {
         return List{library::pad(x[0], {3, 0, -1, 4}, "replicate")};
       }},
      {"pad_circular",
       {{2, 3, 4, 5}},
       [](const List& x) {
         return List{library::pad(x[0], {1, 4, 3, 0}, "circular")};
       }},
      {"repeat",
       {{3, 4}},
       [](const List& x) {
         return List{x[0].repeat({2, 1, 3})};
       },
       -2,
       2,
       true},
      {"clone", {{3, 4, 5}}, [](const List& x) { return List{x[0].clone()}; }, -2, 2, true, true},
      {"contiguous",
       {{3, 4, 5}},
       [](const List& x) { return List{x[0].contiguous() * 1}; },
       -2,
       2,
       true,
       true},
      {"gather",
       {{3, 4}},
       [](const List& x) {
         return List{x[0].gather(1, indices(x[0], {0, 3, 3, 1, 2, 0}, {3, 2}))};
       },
       -2,
       2,
       true},
      {"scatter_add",
       {{3, 4}, {3, 2}},
       [](const List& x) {
         return List{x[0].scatter_add(1, indices(x[0], {0, 3, 3, 3, 2, 0}, {3, 2}), x[1])};
       },
       -2,
       2,
       true},
      {"index_select",
       {{3, 4}},
       [](const List& x) {
         return List{x[0].index_select(1, indices(x[0], {3, 0, 3}, {3}))};
       },
       -2,
       2,
       true},
      {"index",
       {{4, 5, 3}},
       [](const List& x) {
         const Tensor i = indices(x[0], {0, 3, 3}, {3});
         const Tensor j = indices(x[0], {1, 4, 1}, {3});
         return List{x[0].index({i}),
                     x[0].index({library::indexing::Slice(), j}),
                     x[0].index({i, j}),
                     x[0].index({library::indexing::Slice(1, 3), 2, i - i}),
                     x[0].index({i, library::indexing::Slice(), j - j}),
                     x[0].index({"...", library::indexing::None, 1})};
       },
       -2,
       2,
       true},
      {"index by mask",
       {{4, 5}},
       [](const List& x) {
         return List{x[0].index({x[0].detach() > 0}), x[0].masked_select(x[0].detach() < 1)};
       },
       -2,
       2,
       true},
      {"index_put_",
       {{4, 5}, {3, 5}},
       [](const List& x) {
         Tensor y = x[0].clone();
         y.index_put_({indices(x[0], {0, 3, 1}, {3})}, x[1]);
         return List{y};
       },
       -2,
       2,
       true},
      {"masked_fill",
       {{4, 5}},
       [](const List& x) { return List{x[0].masked_fill(x[0].detach() > 0.5, 3)}; },
       -2,
       2,
       true},
  };
}

inline std::vector<Case> network_cases() {
  // Products and sums of up to a few hundred terms.
  constexpr double kSums = 1e-5;
  return {
      {"mm",
       {{5, 7}, {7, 3}},
       [](const List& x) { return List{x[0].mm(x[1])}; },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"mm of transposes",
       {{7, 5}, {3, 7}},
       [](const List& x) { return List{x[0].t().mm(x[1].t())}; },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"bmm",
       {{2, 5, 7}, {2, 7, 3}},
       [](const List& x) { return List{x[0].bmm(x[1])}; },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"matmul",
       {{2, 1, 4, 3}, {5, 3, 2}, {3}},
       [](const List& x) {
         return List{library::matmul(x[0], x[1]), library::matmul(x[0], x[2]),
                     library::matmul(x[2], x[1]), library::matmul(x[2], x[2])};
       },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"addmm",
       {{3}, {5, 7}, {7, 3}},
       [](const List& x) { return List{library::addmm(x[0], x[1], x[2], 0.5, 2)}; },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"linear",
       {{2, 5, 7}, {3, 7}, {3}},
       [](const List& x) { return List{library::linear(x[0], x[1], x[2])}; },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"conv2d",
       {{2, 3, 6, 7}, {4, 3, 3, 3}, {4}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], x[2], 1, 1)}; },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      {"conv2d with stride",
       {{1, 2, 9, 8}, {3, 2, 3, 2}},
       [](const List& x) {
         return List{library::conv2d(x[0], x[1], {}, {2, 3}, {1, 0})};
       },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      {"conv2d with dilation",
       {{1, 2, 9, 8}, {3, 2, 3, 2}, {3}},
       [](const List& x) {
         return List{library::conv2d(x[0], x[1], x[2], 1, {2, 1}, {2, 1})};
       },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      {"conv2d in groups",
       {{2, 4, 5, 6}, {6, 2, 3, 3}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], {}, 1, 1, 1, 2)}; },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      {"conv2d depthwise",
       {{1, 6, 6, 7}, {6, 1, 3, 3}, {6}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], x[2], 2, 1, 1, 6)}; },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      {"conv2d 1x1",
       {{2, 5, 4, 3}, {7, 5, 1, 1}, {7}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], x[2])}; },
       -1,
       1,
       false,
       false,
       2,
       kSums},
      // Wide enough for the fast algorithms, whose error is larger: they add and subtract inputs
      // scaled by up to 8 before the products.
      {"conv2d wide",
       {{1, 32, 13, 18}, {48, 32, 3, 3}, {48}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], x[2], 1, 1)}; },
       -1,
       1,
       false,
       false,
       1,
       1e-4},
      {"conv2d 5x5",
       {{1, 8, 12, 11}, {16, 8, 5, 5}},
       [](const List& x) { return List{library::conv2d(x[0], x[1], {}, 1, 2)}; },
       -1,
       1,
       false,
       false,
       1,
       kSums},
      {"max_pool2d",
       {{2, 3, 6, 8}},
       [](const List& x) { return List{library::max_pool2d(x[0], 2)}; }},
      {"max_pool2d with padding",
       {{2, 3, 7, 8}},
       [](const List& x) {
         return List{library::max_pool2d(x[0], {3, 2}, {2, 1}, {1, 1}, 1, true)};
       }},
      {"avg_pool2d",
       {{2, 3, 6, 8}},
       [](const List& x) { return List{library::avg_pool2d(x[0], 2)}; }},
      {"avg_pool2d with padding",
       {{2, 3, 7, 8}},
       [](const List& x) {
         return List{library::avg_pool2d(x[0], {3, 2}, {2, 1}, {1, 1}, true, false)};
       }},
      {"adaptive_avg_pool2d",
       {{2, 3, 7, 8}},
       [](const List& x) {
         return List{library::adaptive_avg_pool2d(x[0], {3, 4}),
                     library::adaptive_avg_pool2d(x[0], {1, 1})};
       }},
      {"batch_norm in training",
       {{4, 3, 5, 2}, {3}, {3}},
       [](const List& x) {
         return List{library::batch_norm(x[0], x[1], x[2], {}, {}, true, 0.1, 1e-5, false)};
       },
       -2,
       2,
       false,
       false,
       2,
       kSums},
      {"batch_norm in evaluation",
       {{4, 3, 5, 2}, {3}, {3}, {3}, {3}},
       [](const List& x) {
         return List{library::batch_norm(x[0], x[1], x[2], x[3].detach(), x[4].detach().abs() + 0.5,
                                         false, 0.1, 1e-5, false)};
       },
       -2,
       2,
       false,
       false,
       0,
       kSums},
      {"embedding",
       {{6, 3}},
       [](const List& x) {
         return List{library::embedding(x[0], indices(x[0], {0, 5, 5, 2}, {2, 2}))};
       }},
      {"mse_loss",
       {{4, 3}, {4, 3}},
       [](const List& x) { return List{library::mse_loss(x[0], x[1])}; }},
      {"l1_loss",
       {{4, 3}, {4, 3}},
       [](const List& x) { return List{library::l1_loss(x[0], x[1])}; }},
      {"nll_loss",
       {{4, 3}},
       [](const List& x) {
         return List{library::nll_loss(x[0], indices(x[0], {0, 2, 1, 2}, {4}))};
       }},
      {"cross_entropy",
       {{4, 3}},
       [](const List& x) {
         return List{library::cross_entropy_loss(x[0], indices(x[0], {0, 2, 1, 2}, {4})),
                     library::cross_entropy_loss(x[0], indices(x[0], {0, 2, -100, 2}, {4}), {}, 2,
                                                 -100, 0.1)};
       }},
      {"binary_cross_entropy",
       {{4, 3}},
       [](const List& x) {
         return List{library::binary_cross_entropy(x[0], library::full_like(x[0], 0.3).detach())};
       },
       0.1,
       0.9},
      {"binary_cross_entropy_with_logits",
       {{4, 3}},
       [](const List& x) {
         const Tensor target = library::full_like(x[0], 0.3).detach();
         return List{library::binary_cross_entropy_with_logits(x[0], target)};
       }},
  };
}

inline std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& family :
       {elementwise_cases(), reduction_cases(), shape_cases(), network_cases()}) {
    cases.insert(cases.end(), family.begin(), family.end());
  }
  return cases;
}
