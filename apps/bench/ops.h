#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/report.h"

namespace bench {

// Each prints a table while it measures and returns its numbers.

/// What an operation on 16 numbers costs: call, allocation, tape; and the access to one element.
nlohmann::json run_overhead(const Settings& settings);

/// Square matrix products of float32 and of narrower numbers.
nlohmann::json run_gemm(const Settings& settings, const std::vector<int64_t>& sizes);

/// Products of float32 and float64: square ones, transposed ones, and those of awkward shapes that
/// Gram matrices, LSTMs, 1x1 convolutions and classifiers of small batches have.
nlohmann::json run_products(const Settings& settings, const std::vector<int64_t>& sizes);

/// Operations that do little more than read and write an activation of `size` x `size` x 64.
nlohmann::json run_memory(const Settings& settings, int64_t size);

/// Each convolution of VGG-19 up to conv5_1 for a picture of `size` x `size`, forward and both
/// gradients, channels-last; the peer in the better of its two layouts.
nlohmann::json run_conv(const Settings& settings, int64_t size);
/// The same of other image models' convolutions, of every kind that the six models have.
nlohmann::json run_layers(const Settings& settings, int64_t batch);

/// One step of training (forward, loss, backward, SGD) of the models named, of all if none is. The
/// batches are `batch_scale` times the usual ones.
nlohmann::json run_train(const Settings& settings, const std::vector<std::string>& models,
                         double batch_scale);
/// The names that run_train() knows.
std::vector<std::string> train_models();

}  // namespace bench
