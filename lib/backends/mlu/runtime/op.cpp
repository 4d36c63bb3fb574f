#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/core.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/trace.h>
#include <reel/backends/registry.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

bool read_numerics() {
  const char* value = std::getenv("REEL_MLU_NUMERICS");
  const std::string_view text = value == nullptr ? "ideal" : value;
  if (text == "ideal") return false;
  if (text == "approximate") return true;
  reel::fail("REEL_MLU_NUMERICS: expected ideal or approximate, got '{}'", text);
}

}  // namespace

const Task& task() { return this_core("a task variable").task; }
int arch_number() { return arch().number; }
bool approximate() {
  static const bool value = read_numerics();
  return value;
}

Op::Op(const char* name, Site site) : name_(name), site_(site) { this_core(name); }

Op& Op::operand(const void* p, int64_t bytes, Space space, bool write) {
  Core& core = *current_core;
  // The memory core has neither NRAM nor WRAM: what kernels that do not ask for their core let it
  // compute goes nowhere.
  if (core.task.memory_core()) return *this;
  if (Arena* arena = core.arena(space)) {
    check_operand(core, *arena, p, bytes, write, name_, site_);
  } else if (space == Space::sram) {
    stop(Finding::Kind::wrong_space, site_,
         fmt::format("{} works on SRAM, which block tasks do not have", name_),
         "Launch the kernel as a union task.");
  } else if (bytes > 0 && device_of(p, static_cast<size_t>(bytes)) < 0) {
    stop(Finding::Kind::out_of_bounds, site_,
         fmt::format("{} {} {} bytes of GDRAM at {}", name_, write ? "writes" : "reads", bytes,
                     whereabouts(core, p)),
         "The span must lie in one block of cnrtMalloc.", reinterpret_cast<uint64_t>(p));
  }
  return *this;
}

void Op::require(bool condition, const char* expected, int64_t given) {
  if (condition) return;
  stop(Finding::Kind::wrong_argument, site_,
       fmt::format("{}: expected {}, got {}", name_, expected, given), "");
}

void require_aligned(const char* builtin, Site site, const void* p, int64_t unit) {
  const Core& core = *current_core;
  if (core.task.memory_core() || reinterpret_cast<uintptr_t>(p) % static_cast<size_t>(unit) == 0)
    return;
  const Arena* arena = core.arena(space_of(p));
  stop(Finding::Kind::misaligned, site,
       fmt::format("{} takes addresses that are multiples of {} bytes on {}; an operand is in {}",
                   builtin, unit, arch().name, whereabouts(core, p)),
       fmt::format("Arrays begin at multiples of 128 bytes: let offsets into them be multiples of "
                   "{} bytes.",
                   unit),
       arena != nullptr ? arena->address(arena->offset(p)) : reinterpret_cast<uint64_t>(p));
}

void require_whole(const char* builtin, Site site, int64_t bytes, int64_t unit) {
  if (current_core->task.memory_core() || bytes % unit == 0) return;
  stop(Finding::Kind::misaligned, site,
       fmt::format("{} takes multiples of {} bytes on {}, got {}", builtin, unit, arch().name,
                   bytes),
       fmt::format("Round the size up to {} bytes and make the arrays as long.",
                   (bytes + unit - 1) / unit * unit));
}

void Op::aligned(const void* p, int64_t unit) { require_aligned(name_, site_, p, unit); }
void Op::whole(int64_t bytes, int64_t unit) { require_whole(name_, site_, bytes, unit); }

void Op::vector(int64_t bytes, double cycles) {
  Core& core = *current_core;
  const int64_t lines = (bytes + 127) / 128;
  const double cost = Timing::kVectorStart + cycles * static_cast<double>(lines);
  core.clock.work().vector_bytes += static_cast<double>(bytes);
  const double start = core.clock.compute(cost);
  trace_work(core, Unit::compute, name_, start, cost);
}

void Op::matrix(double operations, double per_cycle) {
  Core& core = *current_core;
  const double cost = Timing::kVectorStart + operations / per_cycle;
  core.clock.work().matrix_operations += operations;
  const double start = core.clock.compute(cost);
  trace_work(core, Unit::compute, name_, start, cost);
}

void Op::scalar(double cycles) { current_core->clock.scalar(cycles); }

double matrix_rate(int a_bits, int b_bits, bool floating) {
  const Arch& card = arch();
  const int wide = std::max(a_bits, b_bits), narrow = std::min(a_bits, b_bits);
  if (!floating)
    return wide <= 8 ? card.int8_macs : wide <= 16 ? card.int16_macs : card.int16_macs / 2;
  if (wide <= 16) return card.half_macs;
  return narrow <= 16 ? card.mixed_macs : card.float_macs;
}

// Through the row that reel's tensors use on the CPU.
void multiply(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c) {
  const int64_t of_a[] = {m, k, k, 1}, of_b[] = {k, n, n, 1}, of_c[] = {m, n, n, 1};
  const auto matrix = [](const float* data, const int64_t* sizes_and_strides) {
    reel::View view;
    view.data = const_cast<float*>(data);
    view.sizes = sizes_and_strides;
    view.strides = sizes_and_strides + 2;
    view.numel = sizes_and_strides[0] * sizes_and_strides[1];
    view.rank = 2;
    view.dtype = reel::kFloat;
    view.row_major = true;
    return view;
  };
  const reel::View in[] = {matrix(a, of_a), matrix(b, of_b)}, out[] = {matrix(c, of_c)};
  reel::Call call;
  call.op = "mm";
  call.in = in;
  call.out = out;
  call.num_in = 2;
  call.num_out = 1;
  static const reel::Kernel* const row =
      reel::backends::backend_of(reel::kCPU).kernels.find(reel::op_id("mm"));
  for (const reel::Kernel* kernel = row; (*kernel)(call) != nullptr;) ++kernel;
}

void fail(const char* name, Site site, const char* message) {
  this_core(name);
  stop(Finding::Kind::failed, site, fmt::format("{}: {}", name, message), "");
}

void* place(Space space, size_t bytes, const char* name, Site site, const void* initial) {
  Core& core = this_core(name);
  if (space == Space::host) {
    char* data = core.local.emplace_back(std::make_unique<char[]>(bytes)).get();
    if (initial != nullptr) std::memcpy(data, initial, bytes);
    return data;
  }
  Arena* arena = core.arena(space);
  if (arena == nullptr) {
    stop(Finding::Kind::wrong_space, site,
         fmt::format("'{}' is declared __mlu_shared__, but block tasks have no SRAM", name),
         "Launch the kernel as a union task.");
  }
  std::lock_guard lock(arena->mutex());
  size_t offset = Arena::npos;
  const bool shared = space == Space::sram;
  if (const Variable* known = shared ? arena->find(name, site, bytes) : nullptr) {
    return arena->base() + known->offset;
  }
  const size_t before = arena->used();
  offset = arena->place(bytes, name, site);
  if (offset == Arena::npos) {
    std::string others;
    for (int64_t i = 0; const Variable& variable : arena->variables_unlocked()) {
      others += fmt::format("{}'{}' {}", i++ == 0 ? "" : ", ", variable.name, variable.bytes);
    }
    stop(Finding::Kind::out_of_memory, site,
         fmt::format("'{}' needs {} bytes of {}, {} more than {} has left: {} of {} bytes hold {}",
                     name, bytes, to_string(space), bytes + before - arena->capacity(), arch().name,
                     before, arena->capacity(), others.empty() ? "nothing" : others),
         "Process the data in smaller parts.");
  }
  char* data = arena->base() + offset;
  if (initial != nullptr) {
    std::memcpy(data, initial, bytes);
    if (sanitizing()) std::memset(arena->state(offset, bytes), Arena::kWritten, bytes);
  }
  return data;
}

}  // namespace bang
