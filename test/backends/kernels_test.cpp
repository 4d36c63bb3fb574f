// Every SIMD row of every instruction set that this CPU has, against the reference row, over
// dtypes, sizes and layouts, below tensors and dispatch. A kernel may refuse a call; each row must
// have taken some.

#include <malloc.h>
#include <map>

#include <reel/backends/parallel.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/elementwise_list.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/norm.h>
#include <reel/tensor/ops/reduce.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;
using test::Sizes;

// Absolute and relative error allowed between a SIMD kernel and the reference.
struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

// A few roundings of the dtype: formulas are short, functions good to about 3 units in the last
// place, and reference computes with plain numbers in double.
Tolerance roundings(ScalarType dtype, double count) {
  // Computed in float, which may round to a neighbour.
  if (dtype == kHalf) return {0x1p-20, 0x1p-10};
  if (dtype == kBFloat16) return {0x1p-20, 0x1p-7};
  const double unit = dtype == kDouble ? 0x1p-52 : 0x1p-23;
  return {count * unit, count * unit};
}

class Comparison {
 public:
  Comparison() : isas_(test::isa_kernels()) {
    register_reference(reference_);
    // Arrays come and go by the million: memory that the system takes back each time, and clears,
    // would be most of the test's time.
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
  }

  // Runs row `op` on the inputs by reference and by all instruction sets. With in_place, output 0
  // is input `in_place`.
  template <class Op>
  void run(const Op& op, std::vector<Array> inputs, const std::vector<Array>& outputs,
           Tolerance tolerance, int in_place = -1) {
    std::vector<Array> expected_inputs = inputs;
    std::vector<Array> expected = outputs;
    const Kernel* row = reference_.find(op_id(Op::name));
    REQUIRE(row != nullptr);
    INFO("op " << Op::name << ", dtype " << to_string(outputs[0].dtype()) << ", sizes "
               << Catch::Detail::stringify(outputs[0].sizes()));
    REQUIRE(call(row[0], op, expected_inputs, expected, in_place) == nullptr);
    for (const auto& isa : isas_) {
      const Kernel* kernels = isa.table.find(op_id(Op::name));
      if (kernels == nullptr || kernels[0] == nullptr) continue;
      INFO("instruction set " << isa.name);
      bool& taken = taken_[std::string(isa.name) + " " + Op::name];
      std::vector<Array> one_thread = check(kernels[0], op, inputs, outputs, expected,
                                            expected_inputs, tolerance, in_place, 1, taken);
      if (one_thread.empty()) continue;
      std::vector<Array> three_threads = check(kernels[0], op, inputs, outputs, expected,
                                               expected_inputs, tolerance, in_place, 3, taken);
      for (size_t i = 0; i < one_thread.size(); ++i) {
        REQUIRE(one_thread[i].same_bytes(three_threads[i]));
      }
    }
  }

  // Each row that an instruction set has took at least one of the calls.
  void require_all_taken() const {
    for (const auto& [row, taken] : taken_) {
      INFO(row);
      CHECK(taken);
    }
    CHECK(!taken_.empty());
  }

 private:
  template <class Op>
  static const char* call(Kernel kernel, const Op& op, std::vector<Array>& inputs,
                          std::vector<Array>& outputs, int in_place) {
    std::vector<View> in, out;
    for (Array& input : inputs) {
      in.push_back(input.dtype() == ScalarType::Undefined ? View() : input.view());
    }
    for (Array& output : outputs) out.push_back(output.view());
    if (in_place >= 0) out[0] = in[static_cast<size_t>(in_place)];
    Call c;
    c.op = Op::name;
    c.in = in.data();
    c.out = out.data();
    c.attrs = &op;
    c.num_in = static_cast<int>(in.size());
    c.num_out = static_cast<int>(out.size());
    return kernel(c);
  }

  template <class Op>
  static std::vector<Array> check(Kernel kernel, const Op& op, std::vector<Array>& given,
                                  std::vector<Array> outputs, std::vector<Array>& expected,
                                  std::vector<Array>& expected_inputs, Tolerance tolerance,
                                  int in_place, int threads, bool& taken) {
    set_num_threads(threads);
    // Those that nothing writes to are not copied: they are most of the memory.
    std::vector<Array> copies;
    if (in_place >= 0) copies = given;
    std::vector<Array>& inputs = in_place >= 0 ? copies : given;
    if (const char* reason = call(kernel, op, inputs, outputs, in_place)) {
      INFO(reason);
      for (size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i].same_bytes(Array(outputs[i])));
      return {};
    }
    taken = true;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].dtype() == ScalarType::Undefined) continue;
      INFO("input " << i);
      if (static_cast<int>(i) != in_place) {
        REQUIRE(inputs[i].same_bytes(expected_inputs[i]));
        continue;
      }
      REQUIRE(inputs[i].difference(expected_inputs[i], tolerance.absolute, tolerance.relative) ==
              "");
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      INFO("output " << i << ", threads " << threads);
      REQUIRE(outputs[i].difference(expected[i], tolerance.absolute, tolerance.relative) == "");
    }
    return in_place >= 0 ? inputs : outputs;
  }

  KernelTable reference_;
  std::vector<test::IsaKernels> isas_;
  std::map<std::string, bool> taken_;
};

const Array kAbsent({}, ScalarType::Undefined);

const std::vector<Sizes> kShapes = {{},       {0},          {1},        {37},      {5, 7},
                                    {3, 300}, {2, 3, 4, 5}, {4, 1, 70}, {300, 40}, {2, 16, 9, 17},
                                    {70000}};
const std::vector<MemoryLayout> kInputLayouts = {MemoryLayout::Contiguous,   MemoryLayout::Reversed,
                                                 MemoryLayout::ChannelsLast, MemoryLayout::Sliced,
                                                 MemoryLayout::Broadcast,    MemoryLayout::Scalar};
const std::vector<MemoryLayout> kOutputLayouts = {MemoryLayout::Contiguous,
                                                  MemoryLayout::ChannelsLast, MemoryLayout::Sliced};
const std::vector<ScalarType> kFloats = {kFloat, kDouble};
const std::vector<ScalarType> kAllFloats = {kFloat, kDouble, kHalf, kBFloat16};
const std::vector<ScalarType> kAll = {kFloat, kDouble, kByte, kInt, kLong, kBool, kHalf, kBFloat16};

template <class T>
const T& pick(const std::vector<T>& list, std::mt19937& generator) {
  return list[generator() % list.size()];
}

Array input(std::mt19937& generator, const Sizes& sizes, ScalarType dtype, double low,
            double high) {
  return Array(sizes, dtype, pick(kInputLayouts, generator)).random(generator, low, high);
}
Array output(std::mt19937& generator, const Sizes& sizes, ScalarType dtype) {
  return Array(sizes, dtype, pick(kOutputLayouts, generator));
}

}  // namespace

TEST_CASE("SIMD elementwise kernels do what reference does") {
  Comparison comparison;
  std::mt19937 generator(1);
  ops::UnaryOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : Op::floating ? kAllFloats : kAll) {
        Op op;
        if constexpr (std::is_same_v<Op, ops::PowScalar>) {
          op.exponent = pick(std::vector<double>{2, 3, 0.5, 1, -1, -2, 2.7, 0}, generator);
        }
        if constexpr (std::is_same_v<Op, ops::Clamp>) op.low = 1, op.high = 3;
        // Below 16 units: tan near its poles and pow of rounded logarithms amplify their argument.
        const Tolerance tolerance = roundings(dtype, 16);
        Array x = input(generator, sizes, dtype, dtype == kByte ? 0 : -4, 5);
        comparison.run(op, {x}, {output(generator, sizes, dtype)}, tolerance);
        Array same = Array(sizes, dtype, MemoryLayout::Sliced).random(generator, 0, 5);
        comparison.run(op, {same}, {same}, tolerance, 0);
      }
    }
    for (const ScalarType dtype : kFloats) {
      Array x = Array({1000}, dtype).random(generator, -100, 100).with_specials(generator);
      const Tolerance tolerance = roundings(dtype, 16);
      // tan grows without bounds near odd multiples of pi / 2.
      if (!std::is_same_v<Op, ops::Tan>) comparison.run(Op(), {x}, {x}, tolerance);
    }
  });
  ops::UnaryOps::for_each([&]<class Op>() {
    constexpr bool kReadsX = (Op::reads[0] & ops::in(0)) != 0;
    constexpr bool kReadsY = (Op::reads[0] & ops::out()) != 0;
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : kFloats) {
        Array g = input(generator, sizes, dtype, -2, 2);
        Array x = kReadsX ? input(generator, sizes, dtype, 0.1, 3) : kAbsent;
        Array y = kReadsY ? input(generator, sizes, dtype, 0.1, 3) : kAbsent;
        comparison.run(ops::GradOf<Op>{}, {g, x, y}, {output(generator, sizes, dtype)},
                       roundings(dtype, 32));
      }
    }
  });
  ops::BinaryOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : Op::floating ? kAllFloats : kAll) {
        Array a = input(generator, sizes, dtype, 0, 5);
        Array b = input(generator, sizes, dtype, 1, 6);
        const Tolerance tolerance = roundings(dtype, 16);
        comparison.run(Op(), {a, b}, {output(generator, sizes, dtype)}, tolerance);
        Array same = Array(sizes, dtype, MemoryLayout::ChannelsLast).random(generator, 1, 5);
        comparison.run(Op(), {same, b}, {same}, tolerance, 0);
      }
    }
    for (const ScalarType dtype : kFloats) {
      Array a = Array({1000}, dtype).random(generator, -2, 2).with_specials(generator);
      Array b = Array({1000}, dtype).random(generator, -2, 2).with_specials(generator);
      comparison.run(Op(), {a, b}, {a}, roundings(dtype, 16));
    }
  });
  ops::IntegerOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : {kByte, kInt, kLong}) {
        Array a = input(generator, sizes, dtype, 0, 100);
        Array b = input(generator, sizes, dtype, 0, 9);
        comparison.run(Op(), {a, b}, {output(generator, sizes, dtype)}, {});
      }
    }
  });
  ops::CompareOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : kAll) {
        Array a = input(generator, sizes, dtype, 0, 3).with_specials(generator);
        Array b = input(generator, sizes, dtype, 0, 3).with_specials(generator);
        comparison.run(Op(), {a, b}, {output(generator, sizes, kBool)}, {});
      }
    }
  });
  ops::TernaryOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : kShapes) {
      for (const ScalarType dtype : kFloats) {
        Array a = input(generator, sizes, dtype, -3, 3);
        Array b = input(generator, sizes, dtype, -3, 3);
        Array c = input(generator, sizes, dtype, 1, 3);
        Op op;
        if constexpr (requires { op.value; }) op.value = 0.5;
        comparison.run(op, {a, b, c}, {output(generator, sizes, dtype)}, roundings(dtype, 16));
      }
    }
  });
  for (const Sizes& sizes : kShapes) {
    for (const ScalarType dtype : kAll) {
      Array condition = input(generator, sizes, kBool, 0, 1);
      Array a = input(generator, sizes, dtype, 0, 3);
      Array b = input(generator, sizes, dtype, 0, 3);
      comparison.run(ops::Where(), {condition, a, b}, {output(generator, sizes, dtype)}, {});
      ops::Fill fill;
      fill.value = 3;
      comparison.run(fill, {}, {output(generator, sizes, dtype)}, {});
    }
  }
  comparison.require_all_taken();
}

TEST_CASE("SIMD copies and casts do what reference does") {
  Comparison comparison;
  std::mt19937 generator(2);
  std::vector<Sizes> shapes = kShapes;
  shapes.insert(shapes.end(), {{2, 64, 20, 21}, {130, 257}, {3, 5, 7, 11, 2}, {1, 3, 40, 41}});
  const std::vector<ScalarType> dtypes = {kFloat, kDouble, kHalf, kBFloat16,
                                          kByte,  kInt,    kLong, kBool};
  for (const Sizes& sizes : shapes) {
    for (const ScalarType from : dtypes) {
      for (const ScalarType to : dtypes) {
        Array x = input(generator, sizes, from, to == kByte || from == kByte ? 0 : -100, 100);
        comparison.run(ops::Copy(), {x}, {output(generator, sizes, to)}, {});
      }
    }
    for (const ScalarType dtype : {kFloat, kDouble, kByte, kHalf}) {
      for (const MemoryLayout from : kInputLayouts) {
        for (const MemoryLayout to : kOutputLayouts) {
          Array x = Array(sizes, dtype, from).random(generator, 0, 100);
          comparison.run(ops::Copy(), {x}, {Array(sizes, dtype, to)}, {});
        }
      }
    }
  }
  comparison.require_all_taken();
}

TEST_CASE("SIMD reductions do what reference does") {
  Comparison comparison;
  std::mt19937 generator(3);
  std::vector<Sizes> shapes = {{},           {37},
                               {5, 7},       {3, 300},
                               {2, 3, 4, 5}, {4, 1, 70},
                               {300, 40},    {2, 16, 9, 17},
                               {200000},     {3, 70000},
                               {70000, 3},   {40, 8, 30, 30},
                               {2, 1500, 3}, {2, 3, 2, 3, 2, 5}};
  const auto run = [&]<class Op>(Op op, const Sizes& sizes, ScalarType dtype, uint64_t dims) {
    op.dims = dims;
    op.keepdim = generator() % 2 == 0;
    Sizes out;
    for (size_t d = 0; d < sizes.size(); ++d) {
      if (!op.reduces(static_cast<int64_t>(d)))
        out.push_back(sizes[d]);
      else if (op.keepdim)
        out.push_back(1);
    }
    const bool product = std::is_same_v<Op, ops::Prod>;
    const bool exact = dtype != kFloat && dtype != kDouble;
    Array x = exact ? input(generator, sizes, dtype, 0, 3)
                    : input(generator, sizes, dtype, product ? 0.999 : -1, product ? 1.001 : 1);
    if (!exact && !product && !std::is_same_v<Op, ops::Sum> && generator() % 4 == 0) {
      x.with_specials(generator);
    }
    // Sums: blocks of at most 64 roundings, their totals in double; a sum of n numbers of either
    // sign within 1 is about the square root of n, at most 450 here. Products round once a factor.
    const double count = product ? static_cast<double>(x.numel() + 16) : 450;
    const Tolerance tolerance = exact ? Tolerance{} : roundings(dtype, count);
    comparison.run(op, {x}, {output(generator, out, dtype)}, tolerance);
  };
  ops::ReduceOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : shapes) {
      const uint64_t all = (uint64_t{1} << sizes.size()) - 1;
      for (const ScalarType dtype : {kFloat, kDouble, kInt, kLong, kByte, kBool}) {
        run(Op(), sizes, dtype, all);
        for (int i = 0; i < 4; ++i) run(Op(), sizes, dtype, generator() & all);
        if (sizes.size() == 4) run(Op(), sizes, dtype, 0b1101);
      }
    }
  });
  run(ops::Sum(), {0, 3}, kFloat, 1);
  run(ops::Prod(), {3, 0}, kDouble, 2);
  ops::ArgReduceOps::for_each([&]<class Op>() {
    for (const Sizes& sizes : shapes) {
      for (const ScalarType dtype : {kFloat, kDouble, kInt, kLong, kByte}) {
        for (int64_t dim = 0; dim < static_cast<int64_t>(std::max<size_t>(1, sizes.size()));
             ++dim) {
          Op op;
          op.dim = dim;
          Sizes out = sizes;
          if (!out.empty()) out.erase(out.begin() + dim);
          Array x = input(generator, sizes, dtype, 0, 20);
          if (generator() % 2 == 0) x.with_specials(generator);
          comparison.run(op, {x}, {output(generator, out, kLong)}, {});
        }
      }
    }
  });
  comparison.require_all_taken();
}

TEST_CASE("SIMD softmax kernels do what reference does") {
  Comparison comparison;
  std::mt19937 generator(4);
  for (const Sizes& sizes :
       {Sizes{}, {1}, {10}, {5, 1000}, {1000, 5}, {2, 19, 7, 9}, {3, 40000}, {0, 3}, {2, 3, 50}}) {
    for (int64_t dim = 0; dim < static_cast<int64_t>(std::max<size_t>(1, sizes.size())); ++dim) {
      for (const ScalarType dtype : kFloats) {
        for (int repeat = 0; repeat < 4; ++repeat) {
          // Sums of up to 40,000 positive terms in a few lanes of up to 1,250 terms each.
          const Tolerance tolerance = roundings(dtype, 200);
          Array x = input(generator, sizes, dtype, -30, 30);
          Array g = input(generator, sizes, dtype, -1, 1);
          Array y = input(generator, sizes, dtype, 0, 1);
          comparison.run(ops::Softmax{dim}, {x}, {output(generator, sizes, dtype)}, tolerance);
          comparison.run(ops::LogSoftmax{dim}, {x}, {output(generator, sizes, dtype)}, tolerance);
          // Sums of up to 40,000 terms within 1 of 0 stay within a few hundred.
          const Tolerance loose = roundings(dtype, 2000);
          comparison.run(ops::SoftmaxGrad{dim}, {g, y}, {output(generator, sizes, dtype)}, loose);
          comparison.run(ops::LogSoftmaxGrad{dim}, {g, y}, {output(generator, sizes, dtype)},
                         loose);
        }
      }
    }
  }
  comparison.require_all_taken();
}

TEST_CASE("SIMD batch normalisation does what reference does") {
  Comparison comparison;
  std::mt19937 generator(5);
  for (const Sizes& sizes :
       {Sizes{4, 3, 5, 7}, {2, 33, 20, 20}, {64, 10}, {3, 5, 70}, {1, 4, 1, 1}, {2, 3, 150, 150}}) {
    const Sizes channels = {sizes[1]};
    for (const ScalarType dtype : kFloats) {
      for (const MemoryLayout layout :
           {MemoryLayout::Contiguous, MemoryLayout::ChannelsLast, MemoryLayout::Sliced}) {
        for (const bool training : {true, false}) {
          // Far from 0, where a sum of squares less the squared mean would have lost all digits.
          Array x = Array(sizes, dtype, layout).random(generator, 99, 101);
          Array g = Array(sizes, dtype, pick(kOutputLayouts, generator)).random(generator, -1, 1);
          const Array y(sizes, dtype, layout);
          const Array c(channels, dtype);
          const auto values = [&](double low, double high) {
            return Array(channels, dtype).random(generator, low, high);
          };
          const Array weight = generator() % 2 == 0 ? values(0.5, 2) : kAbsent;
          ops::BatchNorm op;
          op.training = training;
          // A distance of 1 from a mean of 100 has lost 7 bits; times up to 2 / deviation. The sums
          // are double, so that only those of doubles round once a place.
          const Tolerance tolerance = roundings(dtype, dtype == kDouble ? 10000 : 1000);
          const bool single = x.numel() == sizes[1];
          if (!(single && training)) {
            comparison.run(op, {x, weight, values(-1, 1), values(99, 101), values(0.5, 2)},
                           {y, c, c}, tolerance);
          }
          ops::BatchNormGrad grad;
          grad.training = training;
          // The sums over up to 45,000 terms come to some hundreds.
          comparison.run(grad, {g, x, weight, values(99, 101), values(0.5, 2)}, {y, c, c},
                         roundings(dtype, 4000));
        }
      }
    }
  }
  comparison.require_all_taken();
}

TEST_CASE("SIMD index kernels do what reference does") {
  Comparison comparison;
  std::mt19937 generator(6);
  for (const Sizes& sizes :
       {Sizes{}, {9}, {300, 64}, {7, 300}, {5, 6, 7}, {2, 1000, 3}, {3, 2, 12000}, {20, 2}}) {
    for (int64_t dim = 0; dim < static_cast<int64_t>(std::max<size_t>(1, sizes.size())); ++dim) {
      const int64_t size = sizes.empty() ? 1 : sizes[static_cast<size_t>(dim)];
      for (const ScalarType dtype : {kFloat, kDouble, kInt, kLong, kByte, kHalf, kBool}) {
        const Tolerance tolerance = roundings(dtype, 64);
        const auto limit = static_cast<double>(size);
        const MemoryLayout layout = pick(kOutputLayouts, generator);
        Array x = input(generator, sizes, dtype, 0, 9);
        Array y(sizes, dtype, layout);
        // Element by element: the index may be smaller than x but not along dim.
        Sizes fewer = sizes;
        for (size_t d = 0; d < fewer.size(); ++d) {
          if (static_cast<int64_t>(d) == dim)
            fewer[d] = 1 + static_cast<int64_t>(generator() % 20);
          else
            fewer[d] = 1 + static_cast<int64_t>(generator()) % fewer[d];
        }
        Array index = input(generator, fewer, kLong, 0, limit);
        Array source = input(generator, fewer, dtype, 0, 9);
        comparison.run(ops::Gather{dim}, {x, index}, {output(generator, fewer, dtype)}, {});
        comparison.run(ops::Scatter{dim}, {x, index, source}, {y}, {});
        comparison.run(ops::ScatterAdd{dim}, {x, index, source}, {y}, tolerance);
        // By slices.
        const auto count = 1 + static_cast<int64_t>(generator() % 50);
        Sizes slices = sizes;
        if (!slices.empty()) slices[static_cast<size_t>(dim)] = count;
        Array which = Array({sizes.empty() ? 1 : count}, kLong).random(generator, 0, limit);
        Array parts = input(generator, slices, dtype, 0, 9);
        comparison.run(ops::IndexSelect{dim}, {x, which}, {output(generator, slices, dtype)}, {});
        comparison.run(ops::IndexCopy{dim}, {x, which, parts}, {y}, {});
        comparison.run(ops::IndexAdd{dim}, {x, which, parts}, {y}, tolerance);
        Array same = Array(sizes, dtype, MemoryLayout::Sliced).random(generator, 0, 9);
        comparison.run(ops::IndexAdd{dim}, {same, which, parts}, {same}, tolerance, 0);
      }
    }
  }
  // Rows taken whole, the index repeated in memory or not.
  for (const ScalarType dtype : {kFloat, kLong, kHalf}) {
    for (const MemoryLayout layout : {MemoryLayout::Contiguous, MemoryLayout::Reversed}) {
      Array x = Array({900, 83}, dtype).random(generator, 0, 99);
      Array rows = Array({83, 2000}, kLong, MemoryLayout::Broadcast).random(generator, 0, 900);
      Array index({2000, 83}, kLong, layout);
      const View from = rows.view(), to = index.view();
      for (int64_t i = 0; i < 2000; ++i) {
        for (int64_t j = 0; j < 83; ++j) {
          const bool odd = i % 7 == 0 && j == 40;
          to.as<int64_t>()[i * to.strides[0] + j * to.strides[1]] =
              odd ? 5 : from.as<int64_t>()[i * from.strides[1]];
        }
      }
      comparison.run(ops::Gather{0}, {x, index}, {Array({2000, 83}, dtype)}, {});
    }
  }
  comparison.require_all_taken();
}

TEST_CASE("an index outside its dimension is an error that names it") {
  KernelTable reference;
  register_reference(reference);
  Array x = Array({3, 4}, kFloat);
  Array index = Array({1, 4}, kLong);
  index.for_all<int64_t>([](int64_t& i) { i = 5; });
  Array y = Array({1, 4}, kFloat);
  const ops::Gather op{0};
  const View in[] = {x.view(), index.view()};
  const View out[] = {y.view()};
  Call call;
  call.op = "gather";
  call.in = in, call.out = out, call.attrs = &op, call.num_in = 2, call.num_out = 1;
  CHECK_THROWS_WITH(reference.find(op_id("gather"))[0](call),
                    "gather: index 5 is out of bounds for dimension 0 with size 3");
  for (const auto& isa : test::isa_kernels()) {
    // Refused, so that the reference kernel behind it reports it.
    CHECK(isa.table.find(op_id("gather"))[0](call) == std::string("index out of bounds"));
  }
}
