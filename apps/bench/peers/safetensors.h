#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

namespace peer {

/// Reads every tensor of a safetensors file as float32. F16 and F32 only: what the VGG weights use.
inline std::map<std::string, torch::Tensor> load_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot open " + path);
  const auto total = static_cast<uint64_t>(file.tellg());
  file.seekg(0);
  uint64_t header_bytes = 0;
  file.read(reinterpret_cast<char*>(&header_bytes), 8);
  if (total < 8 || header_bytes > total - 8) throw std::runtime_error(path + ": bad header size");
  std::string header(header_bytes, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header_bytes));
  std::vector<char> data(total - 8 - header_bytes);
  file.read(data.data(), static_cast<std::streamsize>(data.size()));
  if (!file) throw std::runtime_error(path + ": truncated");

  std::map<std::string, torch::Tensor> tensors;
  const auto entries = nlohmann::json::parse(header);
  for (const auto& [name, entry] : entries.items()) {
    if (name == "__metadata__") continue;
    const auto dtype = entry.at("dtype").get<std::string>();
    if (dtype != "F16" && dtype != "F32") {
      throw std::runtime_error(path + ": " + name + " is " + dtype + ", expected F16 or F32");
    }
    const auto type = dtype == "F16" ? torch::kHalf : torch::kFloat;
    const auto shape = entry.at("shape").get<std::vector<int64_t>>();
    const auto range = entry.at("data_offsets").get<std::vector<uint64_t>>();
    uint64_t bytes = torch::elementSize(type);
    for (const int64_t extent : shape) bytes *= static_cast<uint64_t>(extent);
    if (range.at(1) > data.size() || range[0] > range[1] || range[1] - range[0] != bytes) {
      throw std::runtime_error(path + ": " + name + " lies outside the file");
    }
    tensors[name] = torch::from_blob(data.data() + range[0], shape, type).to(torch::kFloat).clone();
  }
  return tensors;
}

}  // namespace peer
