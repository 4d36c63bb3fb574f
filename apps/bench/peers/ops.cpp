// peer-ops: times operations and training steps of LibTorch. Reads one case a line as JSON (see
// ../cases.h), answers {"seconds": S}, the record of a "train record" or {"error": "..."} a line,
// until its input ends. reel-bench drives it.
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

namespace library = torch;
#include "../cases.h"
#include "runtime.h"

namespace {

/// The work of a case. The last two are kept: reel-bench asks for a case again and again, and for
/// its other layout in between, and it takes seconds to make a network.
const std::function<void()>& work_of(const nlohmann::json& request) {
  static std::map<std::string, std::function<void()>> kept;
  const std::string key = request.dump();
  if (kept.count(key) == 0 && kept.size() == 2) kept.clear();
  auto& work = kept[key];
  if (!work) work = cases::prepare(request);
  return work;
}

nlohmann::json answer(const nlohmann::json& request) {
  if (request.at("kind") == "info") {
    if (const int threads = request.value("threads", 0); threads > 0) {
      torch::set_num_threads(threads);
    }
    return {{"name", std::string("LibTorch ") + TORCH_VERSION},
            {"threads", torch::get_num_threads()},
            {"blas", peer::blas_library()}};
  }
  if (request.at("kind") == "train record") return cases::train(request);
  return {{"seconds", cases::seconds(work_of(request), request.value("least", false))}};
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
