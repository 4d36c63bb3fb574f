#pragma once

// Arguments and results of any function, as reel's own types. The oracle translates them.

#include <string>
#include <variant>
#include <vector>

#include <reel/reel.h>

namespace differential {

struct None {};

using Value = std::variant<None, reel::Tensor, std::vector<reel::Tensor>, reel::Scalar, int64_t,
                           double, bool, std::vector<int64_t>, std::vector<double>,
                           std::vector<reel::Scalar>, std::string, reel::ScalarType>;
using Values = std::vector<Value>;

/// What became of a call: results, or the message of what it threw.
struct Outcome {
  std::string error;
  Values results;
  bool failed() const { return !error.empty(); }
};

}  // namespace differential
