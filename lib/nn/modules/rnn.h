#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>

// Recurrent networks over sequences [T, N, features], or [N, T, features] with batch_first, and
// their cells, which take one step [N, features] or [features].

namespace reel::nn {

namespace detail {

/// What all recurrent networks take; Derived is the options class that the setters return.
template <class Derived>
class RNNOptionsBase {
 public:
  RNNOptionsBase(int64_t input_size, int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  Derived& input_size(int64_t value) { return input_size_ = value, self(); }
  Derived& hidden_size(int64_t value) { return hidden_size_ = value, self(); }
  Derived& num_layers(int64_t value) { return num_layers_ = value, self(); }
  Derived& bias(bool value) { return bias_ = value, self(); }
  Derived& batch_first(bool value) { return batch_first_ = value, self(); }
  /// Between the layers, when training.
  Derived& dropout(double value) { return dropout_ = value, self(); }
  Derived& bidirectional(bool value) { return bidirectional_ = value, self(); }
  int64_t input_size() const { return input_size_; }
  int64_t hidden_size() const { return hidden_size_; }
  int64_t num_layers() const { return num_layers_; }
  bool bias() const { return bias_; }
  bool batch_first() const { return batch_first_; }
  double dropout() const { return dropout_; }
  bool bidirectional() const { return bidirectional_; }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  int64_t input_size_;
  int64_t hidden_size_;
  int64_t num_layers_ = 1;
  bool bias_ = true;
  bool batch_first_ = false;
  double dropout_ = 0;
  bool bidirectional_ = false;
};

template <class Derived>
class RNNCellOptionsBase {
 public:
  RNNCellOptionsBase(int64_t input_size, int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  Derived& bias(bool value) { return bias_ = value, static_cast<Derived&>(*this); }
  int64_t input_size() const { return input_size_; }
  int64_t hidden_size() const { return hidden_size_; }
  bool bias() const { return bias_; }

 private:
  int64_t input_size_;
  int64_t hidden_size_;
  bool bias_ = true;
};

}  // namespace detail

class RNNOptions : public detail::RNNOptionsBase<RNNOptions> {
 public:
  using RNNOptionsBase::RNNOptionsBase;

  /// kTanh or kReLU.
  REEL_ARG(init::NonlinearityType, nonlinearity) = kTanh;
};

class LSTMOptions : public detail::RNNOptionsBase<LSTMOptions> {
 public:
  using RNNOptionsBase::RNNOptionsBase;

  /// The size to which each output is projected; 0 for none (Sak et al. 2014).
  REEL_ARG(int64_t, proj_size) = 0;
};

class GRUOptions : public detail::RNNOptionsBase<GRUOptions> {
 public:
  using RNNOptionsBase::RNNOptionsBase;
};

class RNNCellOptions : public detail::RNNCellOptionsBase<RNNCellOptions> {
 public:
  using RNNCellOptionsBase::RNNCellOptionsBase;

  /// kTanh or kReLU.
  REEL_ARG(init::NonlinearityType, nonlinearity) = kTanh;
};

class LSTMCellOptions : public detail::RNNCellOptionsBase<LSTMCellOptions> {
 public:
  using RNNCellOptionsBase::RNNCellOptionsBase;
};

class GRUCellOptions : public detail::RNNCellOptionsBase<GRUCellOptions> {
 public:
  using RNNCellOptionsBase::RNNCellOptionsBase;
};

namespace detail {

/// The parameters of layers of cells: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 and, where
/// projected, weight_hr_l0; then those of the other direction (..._reverse), then the next layer's.
template <class Derived, class Options>
struct RNNImplBase : Cloneable<Derived> {
  RNNImplBase(const Options& options, int64_t gates, int64_t proj_size);
  void reset() override;
  /// Uniform in +-1/sqrt(hidden_size), as PyTorch draws it.
  void reset_parameters();
  /// There is nothing to flatten; for compatibility.
  void flatten_parameters() {}
  std::vector<Tensor> all_weights() const { return weights_; }

  Options options;

 protected:
  /// The state to begin with: zeros unless given. `size` is what one step of it has.
  Tensor start(const Tensor& given, const Tensor& input, int64_t size) const;
  void print(std::ostream& stream, const char* name) const;

  int64_t gates_;
  int64_t proj_size_;
  std::vector<Tensor> weights_;
};

template <class Derived, class Options>
struct RNNCellImplBase : Cloneable<Derived> {
  RNNCellImplBase(const Options& options, int64_t gates);
  void reset() override;
  void reset_parameters();

  Options options;
  Tensor weight_ih;  ///< [gates * hidden_size, input_size]
  Tensor weight_hh;  ///< [gates * hidden_size, hidden_size]
  Tensor bias_ih;    ///< [gates * hidden_size], or undefined
  Tensor bias_hh;    ///< [gates * hidden_size], or undefined

 protected:
  /// Checks the input; gives the state, zeros unless given, as a batch.
  Tensor start(const char* name, const Tensor& input, const Tensor& given) const;
  void print(std::ostream& stream, const char* name) const;

  int64_t gates_;
};

}  // namespace detail

/// Elman's network: h' = tanh(W x + b + V h + c), or relu.
struct RNNImpl : detail::RNNImplBase<RNNImpl, RNNOptions> {
  RNNImpl(int64_t input_size, int64_t hidden_size) : RNNImpl(RNNOptions(input_size, hidden_size)) {}
  explicit RNNImpl(const RNNOptions& options);
  /// (outputs of all steps, last state [layers * directions, N, hidden_size]).
  std::tuple<Tensor, Tensor> forward(const Tensor& input, Tensor hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(RNN);

/// Long short-term memory (Hochreiter and Schmidhuber 1997).
struct LSTMImpl : detail::RNNImplBase<LSTMImpl, LSTMOptions> {
  LSTMImpl(int64_t input_size, int64_t hidden_size)
      : LSTMImpl(LSTMOptions(input_size, hidden_size)) {}
  explicit LSTMImpl(const LSTMOptions& options);
  /// (outputs of all steps, (last h, last c)).
  std::tuple<Tensor, std::tuple<Tensor, Tensor>> forward(
      const Tensor& input, std::optional<std::tuple<Tensor, Tensor>> hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(LSTM);

/// Gated recurrent units (Cho et al. 2014).
struct GRUImpl : detail::RNNImplBase<GRUImpl, GRUOptions> {
  GRUImpl(int64_t input_size, int64_t hidden_size) : GRUImpl(GRUOptions(input_size, hidden_size)) {}
  explicit GRUImpl(const GRUOptions& options);
  std::tuple<Tensor, Tensor> forward(const Tensor& input, Tensor hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(GRU);

struct RNNCellImpl : detail::RNNCellImplBase<RNNCellImpl, RNNCellOptions> {
  RNNCellImpl(int64_t input_size, int64_t hidden_size)
      : RNNCellImpl(RNNCellOptions(input_size, hidden_size)) {}
  explicit RNNCellImpl(const RNNCellOptions& options) : RNNCellImplBase(options, 1) {}
  Tensor forward(const Tensor& input, Tensor hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(RNNCell);

struct LSTMCellImpl : detail::RNNCellImplBase<LSTMCellImpl, LSTMCellOptions> {
  LSTMCellImpl(int64_t input_size, int64_t hidden_size)
      : LSTMCellImpl(LSTMCellOptions(input_size, hidden_size)) {}
  explicit LSTMCellImpl(const LSTMCellOptions& options) : RNNCellImplBase(options, 4) {}
  /// The next (h, c).
  std::tuple<Tensor, Tensor> forward(const Tensor& input,
                                     std::optional<std::tuple<Tensor, Tensor>> hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(LSTMCell);

struct GRUCellImpl : detail::RNNCellImplBase<GRUCellImpl, GRUCellOptions> {
  GRUCellImpl(int64_t input_size, int64_t hidden_size)
      : GRUCellImpl(GRUCellOptions(input_size, hidden_size)) {}
  explicit GRUCellImpl(const GRUCellOptions& options) : RNNCellImplBase(options, 3) {}
  Tensor forward(const Tensor& input, Tensor hx = {});
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(GRUCell);

}  // namespace reel::nn
