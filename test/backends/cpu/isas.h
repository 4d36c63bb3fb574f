#pragma once

// Calls the SIMD kernels of every instruction set this CPU has, below tensors and dispatch.

#include <array>
#include <string>
#include <vector>

#include <reel/backends/backend.h>
#include <reel/backends/cpu/cpu.h>
#include <reel/backends/cpu/extension.h>

#include "backends/kernel_arrays.h"

namespace reel::test {

struct IsaKernels {
  std::string name;
  KernelTable table;
  CpuExtension extension = CpuExtension::none;

  /// Runs the first kernel of the row; its reason if it refuses.
  std::string run(const char* op, std::vector<View> in, std::vector<View> out,
                  const void* attrs) const {
    Call call;
    call.op = op;
    call.in = in.data();
    call.out = out.data();
    call.attrs = attrs;
    call.num_in = static_cast<int>(in.size());
    call.num_out = static_cast<int>(out.size());
    set_cpu_extension(extension);
    const char* reason = table.find(op_id(op))[0](call);
    return reason == nullptr ? "" : reason;
  }
};

/// One entry for each instruction set, and for each extension of AVX-512, with which the same table
/// may run other code.
inline std::vector<IsaKernels> isa_kernels() {
  std::vector<IsaKernels> list;
  for (const CpuIsa& isa : cpu_isas()) {
    if (!isa.supported()) continue;
    IsaKernels kernels{isa.name, {}};
    isa.add_kernels(kernels.table);
    if (kernels.name == "reference") continue;
    list.push_back(kernels);
    if (kernels.name != "avx512") continue;
    const std::pair<CpuExtension, const char*> extensions[] = {{CpuExtension::vnni, "vnni"},
                                                               {CpuExtension::amx, "amx"}};
    for (const auto& [extension, name] : extensions) {
      set_cpu_extension(extension);
      if (cpu_extension() != extension) continue;
      list.push_back(kernels);
      list.back().name += std::string(" + ") + name;
      list.back().extension = extension;
    }
  }
  return list;
}

/// An element as double; indices beyond the rank are ignored.
inline double value_at(const View& view, std::array<int64_t, 4> index) {
  int64_t offset = 0;
  for (int d = 0; d < view.rank; ++d) {
    offset += index[static_cast<size_t>(d)] * view.strides[d];
  }
  switch (view.dtype) {
    case kFloat:
      return static_cast<double>(view.as<float>()[offset]);
    case kDouble:
      return view.as<double>()[offset];
    case kHalf:
      return static_cast<double>(view.as<Half>()[offset]);
    case kBFloat16:
      return static_cast<double>(view.as<BFloat16>()[offset]);
    case kChar:
      return view.as<int8_t>()[offset];
    case kInt:
      return view.as<int32_t>()[offset];
    default:
      return static_cast<double>(view.as<int64_t>()[offset]);
  }
}

/// All elements in row-major order.
inline std::vector<double> values_of(const View& view) {
  std::vector<double> values(static_cast<size_t>(view.numel));
  for (size_t i = 0; i < values.size(); ++i) {
    std::array<int64_t, 4> index{};
    auto rest = static_cast<int64_t>(i);
    for (int d = view.rank; d-- > 0;) {
      index[static_cast<size_t>(d)] = rest % view.sizes[d];
      rest /= view.sizes[d];
    }
    values[i] = value_at(view, index);
  }
  return values;
}

/// rms(got - want) / rms(want) over a view, where `want` lists its elements in row-major order.
/// Kernels that split sums differ from the plain loop by this, not by single large errors.
inline double relative_rms(const View& view, const std::vector<double>& want) {
  const std::vector<double> got = values_of(view);
  double error = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return error == 0 ? 0 : std::sqrt(error / size);
}

}  // namespace reel::test
