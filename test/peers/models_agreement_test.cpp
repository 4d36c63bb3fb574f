#include <filesystem>

#include <reel/reel.h>

#include "bench/peer.h"

namespace library = reel;
#include "bench/cases.h"
#include "support/catch.h"
#include "support/files.h"

using nlohmann::json;

// The sources of lib/nn/models, compiled with reel and with LibTorch: from one seed both draw the
// same starting values, inputs and labels, so that what differs are the operations below.
TEST_CASE("models have LibTorch's outputs and losses while they learn") {
  if (!std::filesystem::exists(reel::test::program("peer-ops"))) {
    WARN("skipped: peer-ops is not built (configure with -DREEL_BUILD_PEERS=ON)");
    return;
  }
  bench::Peer peer(reel::test::program("peer-ops"));
  const auto model = GENERATE(
      json{{"model", "alexnet"}, {"side", 95}, {"lr", 0.01}},
      json{{"model", "vgg19"}, {"side", 40}, {"lr", 0.01}},
      json{{"model", "resnet18"}, {"side", 48}, {"lr", 0.01}},
      json{{"model", "resnet50"}, {"side", 64}, {"lr", 0.01}},
      json{{"model", "mobilenet_v2"}, {"side", 64}, {"lr", 0.01}},
      json{{"model", "gnmt_v2"}, {"width", 32}, {"length", 7}, {"vocab_size", 100}, {"lr", 0.1}},
      json{{"model", "ncf"}, {"lr", 1.0}});
  json request = model;
  request.update(
      {{"kind", "train record"}, {"batch", 4}, {"seed", 3}, {"steps", 3}, {"dropout", false}});
  INFO(request.dump());
  const json ours = cases::train(request), theirs = peer.ask(request);
  INFO(ours.dump() << "\n" << theirs.dump());
  // Sums of float32 in another order (and, of 3x3 convolutions, Winograd's) are some 1e-6 apart in
  // one layer, and batch normalisation over few values makes that grow from layer to layer.
  for (size_t i = 0; i < 8; ++i) {
    CHECK(ours["outputs"][i].get<double>() ==
          Approx(theirs["outputs"][i].get<double>()).epsilon(1e-3).margin(1e-4));
  }
  // Each step adds its gradients' error.
  for (size_t i = 0; i < 3; ++i) {
    CHECK(ours["losses"][i].get<double>() ==
          Approx(theirs["losses"][i].get<double>()).epsilon(1e-3));
  }
}
