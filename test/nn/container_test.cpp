#include <reel/nn/nn.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

namespace {

/// A user's module needs nothing but a forward.
struct AddOne : nn::Module {
  Tensor forward(Tensor x) { return x + 1; }
};

}  // namespace

TEST_CASE("Sequential applies its modules in order") {
  nn::Sequential net;
  net->push_back(AddOne());
  net->push_back("twice", nn::Sequential(std::make_shared<AddOne>(), AddOne()));
  net->push_back(nn::ReLU());
  CHECK(equal(net(tensor({-5.0f, 2.0f})), tensor({0.0f, 5.0f})));
  CHECK(net->size() == 3);
  CHECK(net->named_children().keys() == std::vector<std::string>{"0", "twice", "2"});
  CHECK(net->at<nn::SequentialImpl>(1).size() == 2);
  CHECK(net[2]->as<nn::ReLU>() != nullptr);
  net->extend(*nn::Sequential(AddOne(), AddOne()));
  CHECK(net->size() == 5);
  CHECK(equal(net->forward(tensor({2.0f})), tensor({7.0f})));
}

TEST_CASE("A function can be a module") {
  const auto scaled = [](const Tensor& x, double by, double offset) { return x * by + offset; };
  nn::Sequential net(nn::Functional(reel::relu), nn::Functional(scaled, 2.0, 1.0),
                     nn::Functional([](Tensor x) { return x.neg(); }));
  CHECK(equal(net(tensor({-5.0f, 2.0f})), tensor({-1.0f, -5.0f})));
  CHECK(equal(std::dynamic_pointer_cast<nn::SequentialImpl>(net->clone())->forward(ones({1})),
              tensor({-3.0f})));
}

TEST_CASE("Sequential reports misuse") {
  nn::Sequential net;
  CHECK_THAT(error_of([&] { net(ones({1})); }),
             ContainsSubstring("Cannot call forward() on an empty Sequential"));
  net->push_back(nn::ReLU());
  CHECK_THAT(error_of([&] { net->ptr(1); }), ContainsSubstring("index 1 out of range"));
  CHECK_THAT(error_of([&] { net->at<nn::LinearImpl>(0); }),
             ContainsSubstring("Attempted to cast a module of type reel::nn::ReLUImpl"));
  CHECK_THAT(error_of([] { nn::AnyModule().forward(ones({1})); }),
             ContainsSubstring("empty AnyModule"));
}

TEST_CASE("A clone of a Sequential is deep and keeps the names") {
  nn::Sequential net({{"fc", nn::Linear(2, 2)}, {"drop", nn::Dropout(0.5)}});
  net->eval();
  auto copy = std::dynamic_pointer_cast<nn::SequentialImpl>(net->clone());
  REQUIRE(copy);
  const Tensor x = ones({1, 2});
  CHECK(equal(copy->forward(x), net(x)));
  nn::init::zeros_(copy->at<nn::LinearImpl>(0).weight);
  CHECK_FALSE(equal(copy->forward(x), net(x)));
  CHECK(copy->named_parameters().keys() == net->named_parameters().keys());
}

TEST_CASE("ModuleList holds modules to loop over") {
  nn::ModuleList list(nn::Linear(2, 3), nn::Linear(3, 1));
  list->push_back(nn::ReLU());
  Tensor x = ones({1, 2});
  for (const auto& module : *list) {
    if (auto* linear = module->as<nn::Linear>()) x = linear->forward(x);
  }
  CHECK(x.sizes() == IntArrayRef({1, 1}));
  CHECK(list->parameters().size() == 4);
  CHECK(list->at<nn::LinearImpl>(1).options.in_features() == 3);
  CHECK_THAT(error_of([&] { list[5]; }), ContainsSubstring("index 5 out of range"));
  CHECK_THAT(error_of([&] { list->at<nn::LinearImpl>(2); }), ContainsSubstring("ReLUImpl"));
}

TEST_CASE("OrderedDict keeps the order") {
  OrderedDict<std::string, int> dict{{"b", 2}, {"a", 1}};
  dict.insert("c", 3);
  CHECK(dict.keys() == std::vector<std::string>{"b", "a", "c"});
  CHECK(dict.values() == std::vector<int>{2, 1, 3});
  CHECK(dict["a"] == 1);
  CHECK(dict[0].key() == "b");
  CHECK(*dict.back() == 3);
  CHECK(dict.find("d") == nullptr);
  CHECK_THAT(error_of([&] { dict["d"]; }), ContainsSubstring("Key 'd' is not defined"));
  CHECK_THAT(error_of([&] { dict[3]; }), ContainsSubstring("index 3 is out of bounds"));
  CHECK_THAT(error_of([&] { dict.insert("a", 4); }), ContainsSubstring("Key 'a' already defined"));
  dict.erase("a");
  CHECK(dict.pairs() == std::vector<std::pair<std::string, int>>{{"b", 2}, {"c", 3}});
  OrderedDict<std::string, int> other;
  other.update(dict);
  CHECK(other.size() == 2);
  dict.clear();
  CHECK(dict.is_empty());
  CHECK_THAT(error_of([&] { dict.front(); }), ContainsSubstring("out of bounds"));
}
