#include <sstream>

#include <reel/autograd/autograd.h>
#include <reel/nn/nn.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

namespace {

struct BlockImpl : nn::Cloneable<BlockImpl> {
  explicit BlockImpl(int64_t width) : width(width) { reset(); }
  void reset() override {
    linear = register_module("linear", nn::Linear(width, width));
    norm = register_module("norm", nn::BatchNorm1d(width));
    scale = register_parameter("scale", full({1}, 0.5));
  }
  Tensor forward(const Tensor& x) { return x + scale * relu(norm(linear->forward(x))); }

  int64_t width;
  nn::Linear linear{nullptr};
  nn::BatchNorm1d norm{nullptr};
  Tensor scale;
};
REEL_MODULE(Block);

struct NetImpl : nn::Module {
  NetImpl() {
    head = register_parameter("head", ones({3, 1}));
    mean = register_buffer("mean", zeros({3}));
    first = register_module("first", Block(3));
    second = register_module("second", Block(3));
  }
  Tensor forward(const Tensor& x) { return second(first(x - mean)).matmul(head); }

  Tensor head, mean;
  Block first = nullptr, second = nullptr;
};
REEL_MODULE(Net);

std::string printed(const nn::Module& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

}  // namespace

TEST_CASE("Parameters, buffers and modules are found by name, in order") {
  Net net;
  CHECK(net->named_parameters().keys() ==
        std::vector<std::string>{"head", "first.scale", "first.linear.weight", "first.linear.bias",
                                 "first.norm.weight", "first.norm.bias", "second.scale",
                                 "second.linear.weight", "second.linear.bias", "second.norm.weight",
                                 "second.norm.bias"});
  CHECK(net->named_parameters(false).keys() == std::vector<std::string>{"head"});
  CHECK(net->parameters().size() == 11);
  CHECK(net->named_buffers().keys() ==
        std::vector<std::string>{"mean", "first.norm.running_mean", "first.norm.running_var",
                                 "first.norm.num_batches_tracked", "second.norm.running_mean",
                                 "second.norm.running_var", "second.norm.num_batches_tracked"});
  CHECK(net->named_modules().keys() == std::vector<std::string>{"", "first", "first.linear",
                                                                "first.norm", "second",
                                                                "second.linear", "second.norm"});
  CHECK(net->named_modules("net", false)[0].key() == "net.first");
  CHECK(net->named_children().keys() == std::vector<std::string>{"first", "second"});
  CHECK(net->children().size() == 2);
  CHECK(net->first->linear->path() == "first.linear");
  for (const auto& p : net->parameters()) CHECK(p.requires_grad());
  for (const auto& b : net->buffers()) CHECK_FALSE(b.requires_grad());
}

TEST_CASE("A module on the stack has parameters, but cannot be handed out") {
  BlockImpl block(2);
  CHECK(block.parameters().size() == 5);
  CHECK_THAT(error_of([&] { block.modules(); }), ContainsSubstring("not stored in a shared_ptr"));
  CHECK(block.modules(false).size() == 2);
}

TEST_CASE("A module under two names is trained once") {
  nn::Linear shared(2, 2);
  nn::Sequential net(shared, nn::ReLU(), shared);
  CHECK(net->parameters().size() == 2);
  CHECK(net->state_dict().size() == 4);
}

TEST_CASE("Names are checked") {
  nn::Sequential net;
  CHECK_THAT(error_of([&] { net->register_parameter("a.b", ones({1})); }),
             ContainsSubstring("Parameter name must not contain a dot (got 'a.b')"));
  CHECK_THAT(error_of([&] { net->register_buffer("", ones({1})); }),
             ContainsSubstring("Buffer name must not be empty"));
  net->register_parameter("w", ones({1}));
  CHECK_THAT(error_of([&] { net->register_parameter("w", ones({1})); }),
             ContainsSubstring("Parameter 'w' already defined"));
  net->register_module("m", nn::ReLU());
  CHECK_THAT(error_of([&] { net->register_module("m", nn::ReLU()); }),
             ContainsSubstring("Submodule 'm' already defined"));
  CHECK_THAT(error_of([&] { net->register_module("n", nn::Linear(nullptr)); }),
             ContainsSubstring("Accessing empty ModuleHolder"));
  CHECK_THAT(error_of([&] { net->register_module("n", std::shared_ptr<nn::Module>()); }),
             ContainsSubstring("Submodule 'n' is null"));
  CHECK_THAT(error_of([&] { net->unregister_module("n"); }),
             ContainsSubstring("Submodule 'n' is not defined"));
}

TEST_CASE("A module cannot contain itself") {
  nn::Sequential outer, inner;
  outer->push_back(inner);
  CHECK_THAT(error_of([&] { inner->push_back(outer); }),
             ContainsSubstring("contains the module it is registered in"));
  CHECK_THAT(error_of([&] { inner->push_back(inner); }),
             ContainsSubstring("contains the module it is registered in"));
  CHECK(inner->size() == 0);
}

TEST_CASE("An empty handle says so") {
  nn::Linear linear{nullptr};
  CHECK_FALSE(linear);
  CHECK_THAT(error_of([&] {
               linear->forward(ones({1, 1}));
             }),
             ContainsSubstring("Accessing empty ModuleHolder"));
  CHECK_THAT(error_of([&] {
               linear(ones({1, 1}));
             }),
             ContainsSubstring("Accessing empty ModuleHolder"));
}

TEST_CASE("train and eval reach every module") {
  Net net;
  CHECK(net->second->norm->is_training());
  net->eval();
  CHECK_FALSE(net->is_training());
  CHECK_FALSE(net->second->norm->is_training());
  net->train();
  CHECK(net->first->norm->is_training());
}

TEST_CASE("to changes floating-point tensors in place") {
  Net net;
  net->head.mutable_grad() = ones_like(net->head);
  net->to(kDouble);
  // The members of the modules are handles to the same tensors.
  CHECK(net->head.dtype() == kDouble);
  CHECK(net->head.grad().dtype() == kDouble);
  CHECK(net->head.requires_grad());
  CHECK(net->first->linear->weight.dtype() == kDouble);
  CHECK(net->mean.dtype() == kDouble);
  CHECK(net->first->norm->num_batches_tracked.dtype() == kLong);
  CHECK(net(ones({2, 3}, kDouble)).dtype() == kDouble);
  net->to(Device(kCPU), kFloat);
  CHECK(net->head.dtype() == kFloat);
  CHECK_THAT(error_of([&] { net->to(kLong); }), ContainsSubstring("only accepts floating point"));
}

TEST_CASE("zero_grad drops gradients, or fills them with zeros") {
  Net net;
  net(ones({2, 3})).sum().backward();
  REQUIRE(net->head.grad().defined());
  net->zero_grad(false);
  CHECK(equal(net->head.grad(), zeros({3, 1})));
  net->zero_grad();
  CHECK_FALSE(net->head.grad().defined());
}

TEST_CASE("apply visits parents before children, by reference, name or pointer") {
  Net net;
  std::vector<std::string> names;
  net->apply([&](const std::string& name, nn::Module&) { names.push_back(name); });
  CHECK(names == net->named_modules().keys());
  net->apply([](nn::Module& module) {
    if (auto* linear = module.as<nn::Linear>()) nn::init::constant_(linear->weight, 7);
  });
  CHECK(equal(net->second->linear->weight.detach(), full({3, 3}, 7.0)));
  int64_t count = 0;
  net->apply([&](const std::shared_ptr<nn::Module>& module) { count += module != nullptr; });
  CHECK(count == 7);
  CHECK(net->as<nn::Linear>() == nullptr);
  CHECK(net->as<NetImpl>() == net.get());
}

TEST_CASE("state_dict goes round") {
  manual_seed(1);
  Net from;
  from->train();
  from(randn({8, 3}));  // moves the running statistics
  manual_seed(2);
  Net to;
  const Tensor x = randn({4, 3});
  to->load_state_dict(from->state_dict());
  from->eval();
  to->eval();
  CHECK(equal(from(x), to(x)));
  CHECK(to->first->norm->num_batches_tracked.item<int64_t>() == 1);
  // The dictionary is PyTorch's order: a module's parameters, its buffers, its children.
  CHECK(from->state_dict().keys()[1] == "mean");
  CHECK(from->state_dict().keys()[5] == "first.norm.weight");
  CHECK(from->state_dict().keys()[7] == "first.norm.running_mean");

  // Any range of pairs will do, in any order and of any dtype that can be cast.
  std::vector<std::pair<std::string, Tensor>> pairs;
  for (const auto& item : from->state_dict()) {
    pairs.insert(pairs.begin(), {item.key(), item->to(kDouble)});
  }
  Net third;
  third->load_state_dict(pairs);
  CHECK(equal(third->head, from->head));
  CHECK(third->first->norm->num_batches_tracked.dtype() == kLong);
}

TEST_CASE("load_state_dict reports everything that does not fit and changes nothing") {
  Net net;
  nn::TensorDict state;
  for (const auto& item : net->state_dict()) state.insert(item.key(), item->clone().add_(1));
  state.erase("first.scale");
  state.insert("extra", ones({1}));
  state["second.linear.weight"] = ones({3, 4});
  const std::string message = error_of([&] { net->load_state_dict(state); });
  CHECK_THAT(message, ContainsSubstring("Missing key(s) in state_dict: \"first.scale\"."));
  CHECK_THAT(message, ContainsSubstring("Unexpected key(s) in state_dict: \"extra\"."));
  CHECK_THAT(message, ContainsSubstring("size mismatch for second.linear.weight: copying a param "
                                        "with shape [3, 4] from checkpoint, the shape in current "
                                        "model is [3, 3]."));
  CHECK(equal(net->head.detach(), ones({3, 1})));
  // Not strict: names may differ, shapes may not.
  CHECK_THAT(error_of([&] { net->load_state_dict(state, false); }),
             ContainsSubstring("size mismatch"));
  state.erase("second.linear.weight");
  net->load_state_dict(state, false);
  CHECK(equal(net->head.detach(), full({3, 1}, 2.0)));
}

TEST_CASE("clone is deep") {
  Block block(2);
  block->eval();
  auto copy = std::dynamic_pointer_cast<BlockImpl>(block->clone());
  REQUIRE(copy);
  const Tensor x = ones({1, 2});
  CHECK(equal(copy->forward(x), block->forward(x)));
  CHECK_FALSE(copy->is_training());
  nn::init::zeros_(copy->linear->weight);
  CHECK_FALSE(equal(copy->linear->weight, block->linear->weight));
  // The copy's members are the copy's parameters.
  CHECK(copy->linear->weight.is_same(copy->named_parameters()["linear.weight"]));
  CHECK_THAT(error_of([] { Net()->clone(); }),
             ContainsSubstring("clone() has not been implemented"));
}

TEST_CASE("A module can be replaced") {
  Net net;
  net->first = net->replace_module("first", Block(3));
  CHECK(net->first->path() == "first");
  CHECK(net->named_children()["first"] == net->first.ptr());
  CHECK_THAT(error_of([&] { net->replace_module("third", Block(3)); }),
             ContainsSubstring("Submodule 'third' is not defined"));
}

TEST_CASE("Modules print as a tree") {
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding({2, 1}).groups(1).bias(false)),
                     nn::ReLU(nn::ReLUOptions(true)), nn::MaxPool2d(2),
                     nn::Sequential({{"fc", nn::Linear(4, 2)}, {"drop", nn::Dropout(0.25)}}));
  CHECK(printed(*net) ==
        "reel::nn::Sequential(\n"
        "  (0): reel::nn::Conv2d(1, 6, kernel_size=[5, 5], stride=[1, 1], padding=[2, 1], "
        "bias=false)\n"
        "  (1): reel::nn::ReLU(inplace)\n"
        "  (2): reel::nn::MaxPool2d(kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], "
        "dilation=[1, 1], ceil_mode=false)\n"
        "  (3): reel::nn::Sequential(\n"
        "    (fc): reel::nn::Linear(in_features=4, out_features=2, bias=true)\n"
        "    (drop): reel::nn::Dropout(p=0.25, inplace=false)\n"
        "  )\n"
        ")");
  CHECK_THAT(printed(*Net()), ContainsSubstring("NetImpl(\n  (first): "));
}

TEST_CASE("Ops are recorded under the name of their module") {
  nn::Sequential net(
      {{"features", nn::Sequential({{"conv", nn::Conv2d(1, 2, 1)}, {"act", nn::Tanh()}})},
       {"flat", nn::Flatten()},
       {"fc", nn::Linear(2, 1)}});
  nn::Sequential root({{"net", net}});
  const Tensor y = root(ones({1, 1, 1, 1}));
  const std::string tape = tape::dump(y);
  CHECK_THAT(tape, ContainsSubstring("net.features.conv"));
  CHECK_THAT(tape, ContainsSubstring("net.features.act"));
  CHECK_THAT(tape, ContainsSubstring("net.fc"));
  // Once through the handle and once through the module is still one scope.
  CHECK_THAT(tape, !ContainsSubstring("net.net"));
  CHECK_THAT(tape, !ContainsSubstring("fc.fc"));
}
