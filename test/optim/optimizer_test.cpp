#include <vector>

#include <reel/nn/nn.h>
#include <reel/optim/optim.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::optim;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

namespace {

using TensorDict = OrderedDict<std::string, Tensor>;

/// One step on a loss that depends on the values and on the number of the step.
void train_step(Optimizer& optimizer, const std::vector<Tensor>& params, int number) {
  optimizer.zero_grad();
  Tensor loss = zeros({});
  for (const auto& p : params) loss = loss + (p - 0.1 * number).square().sum() + p.sin().sum();
  loss.backward();
  optimizer.step();
}

std::vector<Tensor> fresh_params() {
  manual_seed(11);
  return {randn({3, 4}, requires_grad(true)), randn({5}, requires_grad(true))};
}

/// As a checkpoint does: the tensors leave the optimizer and come back as copies.
TensorDict copied(const TensorDict& state) {
  TensorDict result;
  for (const auto& item : state) result.insert(item.key(), item->clone());
  return result;
}

template <class Optim, class Options>
void check_resume(Options options) {
  const auto straight = fresh_params();
  Optim reference(straight, options);
  for (int i = 0; i < 8; ++i) train_step(reference, straight, i);

  const auto before = fresh_params();
  Optim first(before, options);
  for (int i = 0; i < 4; ++i) train_step(first, before, i);
  const TensorDict state = copied(first.state_dict());

  std::vector<Tensor> after;
  for (const auto& p : before) after.push_back(p.detach().clone().requires_grad_());
  // Options come from the state, whatever the new optimizer was made with.
  Optim second(after, Options(0.777));
  second.load_state_dict(state);
  for (int i = 4; i < 8; ++i) train_step(second, after, i);
  for (size_t i = 0; i < after.size(); ++i) CHECK(equal(after[i], straight[i]));
}

}  // namespace

TEST_CASE("A resumed run continues bit for bit") {
  check_resume<SGD>(SGDOptions(0.05).momentum(0.9).weight_decay(0.01));
  check_resume<Adam>(AdamOptions(0.05).amsgrad(true));
  check_resume<AdamW>(AdamWOptions(0.05));
  check_resume<RMSprop>(RMSpropOptions(0.05).momentum(0.9).centered(true));
  check_resume<Adagrad>(AdagradOptions(0.05).lr_decay(0.1));
}

TEST_CASE("Options and memory are saved by name") {
  const auto params = fresh_params();
  Adam adam(params, AdamOptions(0.25).betas({0.5, 0.75}));
  const std::vector<std::string> options = {
      "param_groups.0.lr",  "param_groups.0.beta1",        "param_groups.0.beta2",
      "param_groups.0.eps", "param_groups.0.weight_decay", "param_groups.0.amsgrad"};
  CHECK(adam.state_dict().keys() == options);
  CHECK(adam.state_dict()["param_groups.0.beta2"].item<double>() == 0.75);
  params[1].mutable_grad() = ones({5});
  adam.step();
  // Only the parameter that had a gradient has a memory.
  CHECK(adam.state_dict().size() == options.size() + 3);
  CHECK(adam.state_dict()["state.1.step"].item<int64_t>() == 1);
  CHECK(adam.state_dict()["state.1.exp_avg"].sizes() == IntArrayRef({5}));
  CHECK_FALSE(adam.state_dict().contains("state.0.step"));
}

TEST_CASE("A state that does not fit is refused and changes nothing") {
  const auto params = fresh_params();
  Adam adam(params);
  for (int i = 0; i < 2; ++i) train_step(adam, params, i);
  const TensorDict good = copied(adam.state_dict());

  const auto message = [&](auto&& change) {
    TensorDict bad = good;
    change(bad);
    return error_of([&] { adam.load_state_dict(bad); });
  };
  CHECK_THAT(message([](TensorDict& d) { d.erase("state.0.exp_avg"); }),
             ContainsSubstring("has no 'state.0.exp_avg'"));
  CHECK_THAT(message([](TensorDict& d) { d.erase("param_groups.0.lr"); }),
             ContainsSubstring("has no 'param_groups.0.lr'"));
  CHECK_THAT(message([](TensorDict& d) { d.insert("state.7.step", ones({}, kLong)); }),
             ContainsSubstring("has 13 entries, but 12 belong"));
  CHECK_THAT(message([](TensorDict& d) { d["state.1.exp_avg_sq"] = ones({4}); }),
             ContainsSubstring("'state.1.exp_avg_sq' has shape [4], its parameter has [5]"));
  CHECK_THAT(message([](TensorDict& d) { d["state.1.step"] = zeros({}, kLong); }),
             ContainsSubstring("'state.1.step' is 0"));
  CHECK_THAT(message([](TensorDict& d) {
               d["param_groups.0.lr"] = tensor({0.1, 0.2});
             }),
             ContainsSubstring("expects one number, got shape [2]"));
  CHECK_THAT(message([](TensorDict& d) { d["param_groups.0.lr"] = tensor(-1.0); }),
             ContainsSubstring("Invalid learning rate: -1"));
  const TensorDict now = adam.state_dict();
  REQUIRE(now.keys() == good.keys());
  for (const auto& item : good) CHECK(equal(now[item.key()], item.value()));
  SGD other(params, SGDOptions(0.1).momentum(0.9));
  CHECK_THAT(error_of([&] { other.load_state_dict(good); }), ContainsSubstring("param_groups.0."));
}

TEST_CASE("Groups have their own options") {
  const auto params = fresh_params();
  const Tensor before = params[0].detach().clone();
  SGD sgd({OptimizerParamGroup({params[0]}, std::make_unique<SGDOptions>(0.0)),
           OptimizerParamGroup({params[1]})},
          SGDOptions(0.5));
  CHECK(sgd.param_groups()[0].options().get_lr() == 0);
  CHECK(sgd.param_groups()[1].options().get_lr() == 0.5);
  const Tensor second = params[1].detach().clone();
  for (const auto& p : params) p.mutable_grad() = ones_like(p);
  sgd.step();
  CHECK(equal(params[0], before));
  CHECK(equal(params[1].detach(), second - 0.5));
  Tensor late = ones({2}, requires_grad(true));
  sgd.add_param_group(OptimizerParamGroup({late}));
  CHECK(sgd.param_groups()[2].options().get_lr() == 0.5);
}

TEST_CASE("A parameter may join a group at any time") {
  const auto params = fresh_params();
  Adam adam({params[0]});
  train_step(adam, params, 0);
  adam.param_groups()[0].params().push_back(params[1]);
  train_step(adam, params, 1);
  CHECK(adam.state_dict()["state.0.step"].item<int64_t>() == 2);
  CHECK(adam.state_dict()["state.1.step"].item<int64_t>() == 1);
  // A copy of a group takes options and parameters along, not the memory.
  Adam other({adam.param_groups()[0]});
  CHECK_FALSE(other.state_dict().contains("state.0.step"));
  other.param_groups().push_back(OptimizerParamGroup({params[1]}));
  CHECK_THAT(error_of([&] { other.step(); }), ContainsSubstring("no options"));
  other.param_groups()[1].set_options(std::make_unique<SGDOptions>(0.1));
  CHECK_THAT(error_of([&] { other.step(); }), ContainsSubstring("another optimizer"));
}

TEST_CASE("zero_grad drops gradients, or fills them with zeros") {
  Tensor p = ones({3}, requires_grad(true));
  SGD sgd({p}, 0.1);
  p.square().sum().backward();
  sgd.zero_grad(false);
  CHECK(equal(p.grad(), zeros({3})));
  sgd.zero_grad();
  CHECK_FALSE(p.grad().defined());
  sgd.step();
  CHECK(equal(p.detach(), ones({3})));
}

TEST_CASE("step(closure) records inside, whatever surrounds it, and returns the loss") {
  Tensor p = tensor({2.0}, requires_grad(true));
  SGD sgd({p}, 0.25);
  NoGradGuard no_grad;
  const Tensor loss = sgd.step([&] {
    const Tensor value = p.square().sum();
    value.backward();
    return value;
  });
  CHECK(loss.item<double>() == 4);
  CHECK(p.item<double>() == 1);
  CHECK_FALSE(GradMode::is_enabled());
}

TEST_CASE("Nonsense is refused with what was given") {
  Tensor p = ones({2}, requires_grad(true));
  CHECK_THAT(error_of([&] { SGD({p}, -0.1); }), ContainsSubstring("Invalid learning rate: -0.1"));
  CHECK_THAT(error_of([&] { SGD({p}, SGDOptions(0.1).nesterov(true)); }),
             ContainsSubstring("Nesterov momentum requires a momentum and zero dampening"));
  CHECK_THAT(error_of([&] {
               Adam({p}, AdamOptions().betas({0.9, 1.0}));
             }),
             ContainsSubstring("Invalid beta parameter at index 1: 1"));
  CHECK_THAT(error_of([&] { Adam({p}, AdamOptions().eps(-1)); }),
             ContainsSubstring("Invalid epsilon value: -1"));
  CHECK_THAT(error_of([&] { AdamW({p * 2}); }),
             ContainsSubstring("can't optimize a non-leaf Tensor"));
  CHECK_THAT(error_of([&] { AdamW({Tensor()}); }), ContainsSubstring("undefined"));
  CHECK_THAT(error_of([&] { AdamW({ones({2}, kLong)}); }), ContainsSubstring("Long"));
  CHECK_THAT(error_of([&] { RMSprop({p, p}); }), ContainsSubstring("already being optimized"));
  CHECK_THAT(error_of([&] {
               Adam({OptimizerParamGroup({p}, std::make_unique<SGDOptions>(0.1))}, AdamOptions());
             }),
             ContainsSubstring("another optimizer"));
  CHECK_THAT(error_of([&] { OptimizerParamGroup({p}).options(); }),
             ContainsSubstring("no options"));
}
