#include <algorithm>
#include <unordered_set>

#include <reel/autograd/autograd.h>
#include <reel/autograd/entry.h>
#include <reel/tensor/check.h>

namespace reel::tape {
namespace {

using autograd::Edge;
using autograd::Entry;

// The entries that lead to a tensor, first recorded first.
std::vector<const Entry*> entries_of(const Tensor& root) {
  std::vector<const Entry*> entries;
  std::unordered_set<const Entry*> seen;
  const auto visit = [&](const Edge& edge) {
    if (edge.entry && seen.insert(edge.entry.get()).second) entries.push_back(edge.entry.get());
  };
  visit(autograd::edge_of(root));
  for (size_t i = 0; i < entries.size(); ++i) {
    for (const Edge& edge : entries[i]->edges) visit(edge);
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; });
  return entries;
}

std::string describe(const Edge& edge) {
  if (edge.leaf) {
    return fmt::format("leaf {}{}", edge.leaf->dtype, IntArrayRef(edge.leaf->sizes));
  }
  if (!edge.entry) return "-";
  return edge.output == 0 ? fmt::format("#{}", edge.entry->sequence)
                          : fmt::format("#{}.{}", edge.entry->sequence, edge.output);
}

}  // namespace

std::string dump(const Tensor& root) {
  std::string text;
  for (const Entry* entry : entries_of(root)) {
    std::string inputs;
    for (const Edge& edge : entry->edges) {
      inputs += inputs.empty() ? "" : ", ";
      inputs += describe(edge);
    }
    std::string outputs;
    for (const auto& output : entry->outputs) {
      outputs += outputs.empty() ? "" : ", ";
      outputs += fmt::format("{}{}", output.dtype, IntArrayRef(output.sizes));
    }
    const Device device = entry->outputs.empty() ? Device() : entry->outputs[0].device;
    text += fmt::format("#{} {}({}) -> {} on {}, saved {} bytes", entry->sequence, entry->name(),
                        inputs, outputs, device, entry->saved_bytes());
    if (const std::string attributes = entry->attributes(); !attributes.empty()) {
      text += ", " + attributes;
    }
    if (entry->scope != nullptr) text += fmt::format(", in {}", entry->scope);
    text += "\n";
  }
  return text;
}

}  // namespace reel::tape
