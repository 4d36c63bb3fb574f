// peer-ops: times single operations of LibTorch. Reads one case a line as JSON (see ../cases.h),
// answers {"seconds": S} or {"error": "..."} a line, until its input ends. reel-bench drives it.
#include <exception>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

namespace library = torch;
#include "../cases.h"
#include "runtime.h"

namespace {

nlohmann::json answer(const nlohmann::json& request) {
  if (request.at("kind") == "info") {
    if (const int threads = request.value("threads", 0); threads > 0) {
      torch::set_num_threads(threads);
    }
    return {{"name", std::string("LibTorch ") + TORCH_VERSION},
            {"threads", torch::get_num_threads()},
            {"blas", peer::blas_library()}};
  }
  return {{"seconds", cases::seconds(cases::prepare(request), request.value("least", false))}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json reply;
    try {
      reply = answer(nlohmann::json::parse(line));
    } catch (const std::exception& error) {
      reply = {{"error", error.what()}};
    }
    std::cout << reply.dump() << std::endl;
  }
}
