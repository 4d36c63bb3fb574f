// reel-ops: writes docs/ops.md, the table of ops and backends, from what the library declares.

#include <cstdio>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include <reel/backends/registry.h>
#include <reel/io/atomic_file.h>
#include <reel/tensor/ops/all.h>

#include "devices.h"

namespace {

using namespace reel;

template <class Op>
constexpr bool kIsFormula = std::is_base_of_v<ops::Unary<Op>, Op>;

// How a backend computes an op.
std::string support(const ops::OpInfo& info, const Backend& backend) {
  if (info.view != nullptr) return "view";
  if (backend.kernels.find(info.id) != nullptr && *backend.kernels.find(info.id) != nullptr) {
    return "kernel";
  }
  return info.compose != nullptr ? "composed" : "-";
}

// What is saved for the gradients of the inputs: names x0, x1 of inputs, y0, y1 of outputs.
std::string saved(const ops::OpInfo& info) {
  uint32_t reads = 0;
  for (size_t i = 0; i < 6; ++i) reads |= info.reads[i];
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if ((reads >> i & 1) == 0) continue;
    text += text.empty() ? "" : ", ";
    text += i < 16 ? fmt::format("x{}", i) : fmt::format("y{}", i - 16);
  }
  return text;
}

std::string page() {
  const Backend& cpu = backends::backend_of(kCPU);
  const Backend& reference = backends::backend_of(Device("reference"));
  const Backend& mlu = backends::backend_of(Device("mlu"));
  std::string text =
      "# Ops and backends\n\n"
      "Written by `reel-ops` from the declarations in lib/tensor/ops; do not edit. Public "
      "functions\n"
      "that are not listed are compositions of these.\n\n"
      "- **kernel**: the backend has a row of its own; **composed**: it runs as other ops;\n"
      "  **view**: metadata alone, nothing is computed; **-**: the CPU does it.\n"
      "- **saved**: what the gradient reads of inputs (x0, x1, ...) and outputs (y0, ...), kept "
      "only\n"
      "  where that gradient is needed.\n";
  ops::for_each_family([&]<class List>(const char* title) {
    text += fmt::format("\n## {}\n\n| op | cpu | mlu | reference | gradient | saved |\n", title);
    text += "|---|---|---|---|---|---|\n";
    List::for_each([&]<class Op>() {
      const ops::OpInfo& info = ops::info_of<Op>();
      const char* gradient = info.backward == nullptr ? "-"
                             : kIsFormula<Op>         ? "fused kernel"
                                                      : "ops";
      text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", info.name, support(info, cpu),
                          support(info, mlu), support(info, reference), gradient, saved(info));
    });
  });
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    register_devices();
    if (argc == 2 && std::string(argv[1]) != "--help") {
      write_file(argv[1], page());
    } else if (argc == 1) {
      fmt::print("{}", page());
    } else {
      fmt::print("usage: reel-ops [FILE]   writes the table of ops and backends as Markdown\n");
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "reel-ops: {}\n", error.what());
    return 1;
  }
}
