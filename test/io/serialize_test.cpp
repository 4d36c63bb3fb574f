#include <reel/io/serialize.h>
#include <reel/nn/nn.h>
#include <reel/optim/optim.h>

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

TEST_CASE("save and load: tensors, lists, modules, optimizers") {
  const test::TempDir dir;
  const std::string path = dir.file("saved.pt");

  Tensor tensor_loaded;
  const Tensor x = randn({3, 4});
  save(x, path);
  load(tensor_loaded, path);
  CHECK(equal(tensor_loaded, x));

  std::vector<Tensor> list_loaded{ones({7})};
  save(std::vector<Tensor>{x, arange(3)}, path);
  load(list_loaded, path);
  REQUIRE(list_loaded.size() == 2);
  CHECK(equal(list_loaded[0], x));
  CHECK(equal(list_loaded[1], arange(3)));
  CHECK_THAT(error_of([&] { load(tensor_loaded, path); }), ContainsSubstring("one tensor, got 2"));

  nn::Sequential net(nn::Linear(4, 3), nn::BatchNorm1d(3)),
      other(nn::Linear(4, 3), nn::BatchNorm1d(3));
  save(net, path);
  load(other, path);
  CHECK(equal(other->forward(x), net->forward(x)));
  nn::Linear wrong(4, 2);
  CHECK_THAT(error_of([&] { load(wrong, path); }), ContainsSubstring("Error(s) in loading"));
  const auto shared = std::make_shared<nn::LinearImpl>(4, 3);
  save(shared, path);
  CHECK_THROWS_AS(load(list_loaded, path), Error);

  optim::Adam optimizer(net->parameters()), resumed(net->parameters());
  net->forward(x).sum().backward();
  optimizer.step();
  save(optimizer, path);
  load(resumed, path);
  CHECK(resumed.state_dict().size() == optimizer.state_dict().size());
  CHECK_THROWS_AS(load(tensor_loaded, dir.file("missing")), Error);
}
