// A random program of views, writes in place and arithmetic, compiled twice: with
// `namespace library = reel` and `namespace library = torch`. Its steps depend on the seed and on
// shapes alone, so that both libraries run the same one.

#include <random>

#include "autograd/libtorch/transcript.h"

namespace {

class Program {
 public:
  explicit Program(uint64_t seed) : bits_(seed) {}

  reel::test::Transcript run() {
    x_ = numbers({3, 4}).requires_grad_();
    w_ = numbers({4}).requires_grad_();
    put(x_ * 1.5);
    put(w_ * 0.5);
    put(numbers({3, 4}));
    put(x_ * w_);
    const int64_t steps = pick(10, 20);
    for (int64_t i = 0; i < steps; ++i) {
      if (!attempt("step " + std::to_string(i), [&] { step(); })) return std::move(transcript_);
    }
    attempt("gradient", [&] { finish(); });
    return std::move(transcript_);
  }

 private:
  using Tensor = library::Tensor;

  // A tensor and the memory it lies in, by number: what shares memory is not an operand of a write,
  // which LibTorch refuses where they overlap in part.
  struct Held {
    Tensor tensor;
    int memory;
  };

  int64_t pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(bits_() % static_cast<uint64_t>(high - low + 1));
  }

  Tensor numbers(std::vector<int64_t> sizes) {
    Tensor x = library::empty(sizes, library::kDouble);
    for (int64_t i = 0; i < x.numel(); ++i) {
      x.template data_ptr<double>()[i] = static_cast<double>(pick(-100, 100)) / 64;
    }
    return x;
  }

  template <class F>
  bool attempt(const std::string& what, const F& f) {
    try {
      f();
      return true;
    } catch (const std::exception&) {
      transcript_.note("refused at " + what);
      return false;
    }
  }

  void put(Tensor x) { held_.push_back({std::move(x), ++memories_}); }
  void put_view(Tensor x, int memory) { held_.push_back({std::move(x), memory}); }
  Held& any() {
    return held_[static_cast<size_t>(pick(0, static_cast<int64_t>(held_.size()) - 1))];
  }

  // Something that broadcasts to the target: of its shape if there is one, else a number.
  Tensor operand_for(const Held& target) {
    const Held& other = any();
    const bool same = other.tensor.sizes() == target.tensor.sizes();
    const Tensor value = same ? other.tensor : other.tensor.mean();
    return same && other.memory == target.memory ? value.clone() : value;
  }

  void step() {
    const Held held = any();
    switch (pick(0, 9)) {
      case 0:
        return put(arithmetic(held));
      case 1:
      case 2:
      case 3:
      case 4:
        return view(held);
      case 5: {
        const library::NoGradGuard no_grad;
        Tensor target = held.tensor;
        target.mul_(0.75);
        return;
      }
      default:
        return write(held);
    }
  }

  Tensor arithmetic(const Held& held) {
    const Tensor& a = held.tensor;
    switch (pick(0, 5)) {
      case 0:
        return a * operand_for(held);  // keeps both, which a later write spoils
      case 1:
        return a + operand_for(held);
      case 2:
        return (a + 0.25).sin();
      case 3:
        return (a * 0.5).tanh() + 0.125;
      case 4:
        return a - operand_for(held) * 0.5;
      default:
        return -a;
    }
  }

  void view(const Held& held) {
    const Tensor& a = held.tensor;
    const int64_t rank = a.dim();
    const int64_t dim = rank == 0 ? 0 : pick(0, rank - 1);
    switch (pick(0, 9)) {
      case 0:
        return put_view(a.unsqueeze(pick(0, rank)), held.memory);
      case 1:
        return put_view(rank < 2 ? a.unsqueeze(0) : a.transpose(0, rank - 1), held.memory);
      case 2:
        if (rank > 0) put_view(a.select(dim, pick(0, a.size(dim) - 1)), held.memory);
        return;
      case 3:
        if (rank > 0 && a.size(dim) > 1) put_view(a.narrow(dim, 1, a.size(dim) - 1), held.memory);
        return;
      case 4:
        if (rank > 0) put_view(a.slice(dim, 0, a.size(dim), 2), held.memory);
        return;
      case 5:
        if (rank > 0 && pick(0, 4) == 0) put_view(a.chunk(2, dim)[0], held.memory);
        return;
      case 6:
        if (rank > 0 && pick(0, 4) == 0) put_view(a.unbind(dim)[0], held.memory);
        return;
      case 7:
        return put_view(a.detach(), held.memory);
      case 8:
        if (a.numel() >= 2 && a.is_contiguous()) {
          put_view(a.as_strided({2}, {a.numel() - 1}, a.storage_offset()), held.memory);
        }
        return;
      default:
        if (a.is_contiguous()) put_view(a.view({-1}), held.memory);
    }
  }

  void write(const Held& held) {
    Tensor target = held.tensor;
    // LibTorch takes a view for a leaf, and refuses to write it, as long as nobody asked for its
    // place on the tape after its base was put there.
    (void)target.grad_fn();
    switch (pick(0, 8)) {
      case 0:
        target.add_(0.25);
        return;
      case 1:
        target.mul_(0.5);
        return;
      case 2:
        target.add_(operand_for(held));
        return;
      case 3:
        target.mul_(operand_for(held));
        return;
      case 4:
        target.copy_(operand_for(held));
        return;
      case 5:
        target.zero_();
        return;
      case 6:
        target.sin_();
        return;
      case 7:
        target.tanh_();
        return;
      default:
        target.neg_();
    }
  }

  void finish() {
    Tensor loss = (x_ * 0.125).sum() + w_.sum();
    for (size_t i = 0; i < held_.size(); ++i) {
      loss = loss + (held_[i].tensor * (0.25 + 0.125 * static_cast<double>(i % 7))).sum();
    }
    const auto grads = library::autograd::grad({loss}, {x_, w_});
    std::vector<double> values{loss.template item<double>()};
    for (const Tensor& grad : grads) {
      const Tensor dense = grad.contiguous();
      for (int64_t k = 0; k < dense.numel(); ++k) {
        values.push_back(dense.template data_ptr<double>()[k]);
      }
    }
    transcript_.note("loss and gradients", values);
  }

  std::mt19937_64 bits_;
  reel::test::Transcript transcript_;
  Tensor x_, w_;
  std::vector<Held> held_;
  int memories_ = 0;
};

}  // namespace

reel::test::Transcript reel::test::REEL_PROGRAM(uint64_t seed) { return Program(seed).run(); }
