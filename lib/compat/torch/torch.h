#pragma once

// With the folder of this file's folder first on the include path, a program written for LibTorch
// compiles as it is: `torch` is another word for `reel`. What the word does not cover is here.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iomanip>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <c10/c10.h>

#include <reel/autograd/function.h>
#include <reel/autograd/gradcheck.h>
#include <reel/data/data.h>
#include <reel/io/serialize.h>

namespace reel {

using std::make_optional;
using std::nullopt;
using std::nullopt_t;
using std::optional;

namespace autograd {
using tensor_list = variable_list;
using Variable = ::reel::Tensor;
using AutoGradMode = ::reel::AutoGradMode;
}  // namespace autograd

namespace cuda {
/// There is no CUDA, and programs that ask go on without.
inline bool is_available() { return false; }
inline bool cudnn_is_available() { return false; }
inline size_t device_count() { return 0; }
inline void manual_seed(uint64_t) {}
inline void manual_seed_all(uint64_t) {}
inline void synchronize(int64_t = -1) {}
}  // namespace cuda

/// Threads between operators: there are none.
inline void set_num_interop_threads(int) {}
inline int get_num_interop_threads() { return 1; }

}  // namespace reel

// An alias of the namespace would not survive a program that opens `namespace torch` itself.
#define torch reel

#define TORCH_MODULE(Name) REEL_MODULE(Name)
#define TORCH_MODULE_IMPL(Name, ImplType)                   \
  class Name : public ::reel::nn::ModuleHolder<ImplType> {  \
   public:                                                  \
    using ::reel::nn::ModuleHolder<ImplType>::ModuleHolder; \
    using Impl [[maybe_unused]] = ImplType;                 \
  }
#define TORCH_ARG(T, name) REEL_ARG(T, name)
