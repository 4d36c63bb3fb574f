#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <reel/data/example.h>
#include <reel/tensor/ops.h>

// What Dataset::map() does with batches.

namespace reel::data::transforms {

template <class InputBatch, class OutputBatch>
class BatchTransform {
 public:
  using InputBatchType = InputBatch;
  using OutputBatchType = OutputBatch;

  virtual ~BatchTransform() = default;
  virtual OutputBatch apply_batch(InputBatch batch) = 0;
};

/// A transform of single examples.
template <class Input, class Output>
class Transform : public BatchTransform<std::vector<Input>, std::vector<Output>> {
 public:
  using InputType = Input;
  using OutputType = Output;

  virtual Output apply(Input input) = 0;
  std::vector<Output> apply_batch(std::vector<Input> batch) override {
    std::vector<Output> result;
    result.reserve(batch.size());
    for (auto& example : batch) result.push_back(apply(std::move(example)));
    return result;
  }
};

namespace detail {
/// A function that copies of a transform share.
template <class Input, class Output>
struct SharedFunction {
  struct Call {
    virtual ~Call() = default;
    virtual Output operator()(Input input) = 0;
  };
  template <class F>
  struct Bound final : Call {
    explicit Bound(F f) : function(std::move(f)) {}
    Output operator()(Input input) override { return function(std::move(input)); }
    F function;
  };
  template <class F>
  explicit SharedFunction(F f) : call(new Bound<F>(std::move(f))) {}
  std::shared_ptr<Call> call;
};
}  // namespace detail

/// A function of one example as a transform.
template <class Input, class Output = Input>
class Lambda : public Transform<Input, Output> {
 public:
  template <class F>
  explicit Lambda(F function) : function_(std::move(function)) {}
  Output apply(Input input) override { return (*function_.call)(std::move(input)); }

 private:
  detail::SharedFunction<Input, Output> function_;
};

/// A function of a batch as a transform.
template <class InputBatch, class OutputBatch = InputBatch>
class BatchLambda : public BatchTransform<InputBatch, OutputBatch> {
 public:
  template <class F>
  explicit BatchLambda(F function) : function_(std::move(function)) {}
  OutputBatch apply_batch(InputBatch batch) override { return (*function_.call)(std::move(batch)); }

 private:
  detail::SharedFunction<InputBatch, OutputBatch> function_;
};

/// A transform of the data of an example; the target stays.
template <class Target = Tensor>
class TensorTransform : public Transform<Example<Tensor, Target>, Example<Tensor, Target>> {
 public:
  virtual Tensor operator()(Tensor input) = 0;
  Example<Tensor, Target> apply(Example<Tensor, Target> input) override {
    input.data = (*this)(std::move(input.data));
    return input;
  }
};

template <class Target = Tensor>
class TensorLambda : public TensorTransform<Target> {
 public:
  template <class F>
  explicit TensorLambda(F function) : function_(std::move(function)) {}
  Tensor operator()(Tensor input) override { return (*function_.call)(std::move(input)); }

 private:
  detail::SharedFunction<Tensor, Tensor> function_;
};

/// (data - mean) / stddev for pictures [C, H, W]; one number, or one for each channel.
template <class Target = Tensor>
class Normalize : public TensorTransform<Target> {
 public:
  Normalize(ArrayRef<double> mean, ArrayRef<double> stddev)
      : mean(tensor(mean, kFloat).unsqueeze(1).unsqueeze(2)),
        stddev(tensor(stddev, kFloat).unsqueeze(1).unsqueeze(2)) {}
  Tensor operator()(Tensor input) override { return input.sub(mean).div(stddev); }

  Tensor mean;
  Tensor stddev;
};

/// Many examples to one batch.
template <class T, class BatchType = std::vector<T>>
using Collation = BatchTransform<BatchType, T>;
template <class T, class BatchType = std::vector<T>>
using Collate = BatchLambda<BatchType, T>;

/// The examples of a batch as one example, its tensors stacked along a new first dimension.
template <class T = Example<>>
struct Stack;

template <>
struct Stack<Example<>> : Collation<Example<>> {
  Example<> apply_batch(std::vector<Example<>> batch) override {
    std::vector<Tensor> data, targets;
    for (auto& example : batch) {
      data.push_back(std::move(example.data));
      targets.push_back(std::move(example.target));
    }
    return {stack(data), stack(targets)};
  }
};

template <>
struct Stack<TensorExample> : Collation<TensorExample> {
  TensorExample apply_batch(std::vector<TensorExample> batch) override {
    std::vector<Tensor> data;
    for (auto& example : batch) data.push_back(std::move(example.data));
    return stack(data);
  }
};

}  // namespace reel::data::transforms
