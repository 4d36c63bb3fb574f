#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include <reel/backends/mlu/runtime/core.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/trace.h>

namespace bang {
namespace {

// `ldram`, a core's own part of GDRAM, is memory of the host here.
enum class Place : uint8_t { gdram, ldram, nram, wram, sram };
struct Direction {
  const char* name;
  Place from, to;
};

// In the order of mluMemcpyDirection_t.
using enum Place;
constexpr std::array<Direction, 24> kDirections = {{
    {"GDRAM2NRAM", gdram, nram},   {"NRAM2GDRAM", nram, gdram},   {"LDRAM2NRAM", ldram, nram},
    {"NRAM2LDRAM", nram, ldram},   {"GDRAM2WRAM", gdram, wram},   {"WRAM2GDRAM", wram, gdram},
    {"LDRAM2WRAM", ldram, wram},   {"WRAM2LDRAM", wram, ldram},   {"NRAM2NRAM", nram, nram},
    {"NRAM2WRAM", nram, wram},     {"WRAM2NRAM", wram, nram},     {"GDRAM2SRAM", gdram, sram},
    {"SRAM2GDRAM", sram, gdram},   {"LDRAM2SRAM", ldram, sram},   {"SRAM2LDRAM", sram, ldram},
    {"SRAM2NRAM", sram, nram},     {"NRAM2SRAM", nram, sram},     {"SRAM2WRAM", sram, wram},
    {"WRAM2SRAM", wram, sram},     {"GDRAM2GDRAM", gdram, gdram}, {"GDRAM2LDRAM", gdram, ldram},
    {"LDRAM2GDRAM", ldram, gdram}, {"LDRAM2LDRAM", ldram, ldram}, {"SRAM2SRAM", sram, sram},
}};

constexpr bool off_chip(Place place) { return place == gdram || place == ldram; }

Arena* arena_of(const Core& core, Place place) {
  return place == nram   ? core.nram.get()
         : place == wram ? core.wram.get()
         : place == sram ? core.sram
                         : nullptr;
}

void perform(const PendingCopy& copy) {
  for (int64_t i = 0; i < copy.rows; ++i) {
    std::memmove(copy.to.row(i), copy.from.row(i), static_cast<size_t>(copy.size));
  }
}

// Several cores may fetch from the same SRAM at a time, which marks could not tell apart.
bool from_sram(const PendingCopy& copy) {
  return copy.from.arena != nullptr && copy.from.arena->space() == Space::sram;
}

void mark(const PendingCopy& copy, const CopySide& side, uint8_t set, uint8_t clear) {
  if (!sanitizing() || side.arena == nullptr || (&side == &copy.from && from_sram(copy))) return;
  for (int64_t i = 0; i < copy.rows; ++i) {
    const size_t bytes = static_cast<size_t>(copy.size), at = side.arena->offset(side.row(i));
    uint8_t* state = side.arena->state(at, bytes);
    for (size_t k = 0; k < bytes; ++k) state[k] = static_cast<uint8_t>((state[k] & ~clear) | set);
  }
}

// A write to SRAM by a copy while another queue of the core has yet to read there.
void check_fetches(const Core& core, const Arena& sram, const char* p, int64_t bytes,
                   unsigned queue, const char* name, Site site) {
  for (const PendingCopy& pending : core.pending) {
    if (pending.queue == queue || !from_sram(pending)) continue;
    for (int64_t i = 0; i < pending.rows; ++i) {
      const char* row = pending.from.row(i);
      if (row >= p + bytes || p >= row + pending.size) continue;
      return note(Finding::Kind::unjoined_copy, site,
                  fmt::format("{} writes {}, which an asynchronous copy has yet to fetch", name,
                              whereabouts(core, p)),
                  "Join it first: __sync(), __sync_io(), __sync_move() or a barrier.",
                  sram.address(sram.offset(p)));
    }
  }
}

// One side of a copy, row by row.
void check_side(Core& core, const PendingCopy& copy, const CopySide& side, Place place,
                int64_t unit, const char* name, Site site) {
  const bool write = &side == &copy.to;
  for (int64_t i = 0; i < copy.rows; ++i) {
    const char* row = side.row(i);
    if (side.arena != nullptr) {
      check_operand(core, *side.arena, row, copy.size, write, name, site);
    } else if (place == gdram && copy.size > 0 &&
               device_of(row, static_cast<size_t>(copy.size)) < 0) {
      stop(Finding::Kind::out_of_bounds, site,
           fmt::format("{} {} {} bytes of GDRAM that no one block of cnrtMalloc holds: {}", name,
                       write ? "writes" : "reads", copy.size, whereabouts(core, row)),
           "Check the pointer, the offset and the count.", reinterpret_cast<uint64_t>(row));
    }
    if (unit > 1) require_aligned(name, site, row, unit);
    if (write && place == sram && sanitizing())
      check_fetches(core, *side.arena, row, copy.size, copy.queue, name, site);
  }
}

void check_copy(Core& core, const PendingCopy& copy, const Direction& way, const char* name,
                Site site) {
  // The first cards (1xx, 2xx) move 8 bytes at a time from and to WRAM, and lines within NRAM.
  const bool old = arch_number() < 300, lines = way.from == nram && way.to == nram;
  const auto unit = [&](Place place) { return !old ? 1 : lines ? 64 : place == wram ? 8 : 1; };
  require_whole(name, site, copy.size, std::max(unit(way.from), unit(way.to)));
  check_side(core, copy, copy.from, way.from, unit(way.from), name, site);
  check_side(core, copy, copy.to, way.to, unit(way.to), name, site);
}

double copy_cycles(const Core& core, const Direction& way, const PendingCopy& copy) {
  const auto rows = static_cast<double>(copy.rows);
  const double strided = rows > 1 ? rows * Timing::kRowStart : 0;
  if (copy.queue == kMove) {
    return Timing::kMoveStart + strided +
           rows * static_cast<double>(copy.size) / Timing::kMoveBytes;
  }
  // GDRAM moves 64 bytes at a time.
  const int64_t granules = (copy.size + 63) / 64;
  const auto row_bytes = static_cast<double>(granules * 64);
  // One memory core copies for the four cores of its cluster, with the share of all four.
  const double share =
      way.from == sram || way.to == sram ? 4 * core.bytes_per_cycle : core.bytes_per_cycle;
  return Timing::kCopyStart + strided + rows * row_bytes / share;
}

}  // namespace

void copy(const char* name, Site site, void* dst, const void* src, int direction,
          const CopyShape& shape, bool asynchronous, int dst_cluster) {
  Core& core = this_core(name);
  if (direction < 0 || direction >= static_cast<int>(kDirections.size())) {
    stop(Finding::Kind::wrong_argument, site,
         fmt::format("{}: {} is no direction", name, direction), "See mluMemcpyDirection_t.");
  }
  const Direction& way = kDirections[static_cast<size_t>(direction)];
  const std::string what = fmt::format("{}({})", name, way.name);
  if (shape.size < 0 || shape.dst_segments1 < 0 || shape.dst_segments2 < 0 ||
      (shape.dst_segments1 + 1) * (shape.dst_segments2 + 1) !=
          (shape.src_segments1 + 1) * (shape.src_segments2 + 1)) {
    stop(Finding::Kind::wrong_argument, site,
         fmt::format("{}: expected a size and as many segments on both sides, got size {}, "
                     "segments {} x {} and {} x {}",
                     what, shape.size, shape.dst_segments1, shape.dst_segments2,
                     shape.src_segments1, shape.src_segments2),
         "segnum counts segments minus one.");
  }
  // The memory core copies between SRAM and GDRAM only; what kernels that do not ask for their core
  // let it do with NRAM or WRAM does not happen.
  const auto private_memory = [](Place place) { return place == nram || place == wram; };
  if (core.task.memory_core() && (private_memory(way.from) || private_memory(way.to))) return;
  Arena *to = arena_of(core, way.to), *from = arena_of(core, way.from);
  if ((way.to == sram || way.from == sram) && core.sram == nullptr) {
    stop(Finding::Kind::wrong_space, site, fmt::format("{}: block tasks have no SRAM", what),
         "Launch the kernel as a union task.");
  }
  if (dst_cluster >= 0 && way.to == sram) {
    if (dst_cluster >= core.task.cluster_dim) {
      stop(Finding::Kind::wrong_argument, site,
           fmt::format("{}: expected a cluster below {}, got {}", what, core.task.cluster_dim,
                       dst_cluster),
           "Clusters are counted from 0 within the union.");
    }
    if (to->holds(dst)) {
      Arena* other = core.job->clusters[static_cast<size_t>(dst_cluster)].sram.get();
      dst = other->base() + to->offset(dst);
      to = other;
    }
  }
  const PendingCopy pending{
      {to, static_cast<char*>(dst), shape.dst_stride0, shape.dst_segments1 + 1, shape.dst_stride1},
      {from, static_cast<char*>(const_cast<void*>(src)), shape.src_stride0, shape.src_segments1 + 1,
       shape.src_stride1},
      shape.size,
      (shape.dst_segments1 + 1) * (shape.dst_segments2 + 1),
      off_chip(way.from) || off_chip(way.to) ? kIo : kMove};
  check_copy(core, pending, way, what.c_str(), site);

  const bool on_chip = pending.queue == kMove;
  const double cycles = copy_cycles(core, way, pending);
  const double start = core.clock.copy(on_chip, cycles, asynchronous);
  trace_work(core, on_chip ? Unit::move : Unit::io, way.name, start, cycles);
  const auto bytes = static_cast<double>(pending.size * pending.rows);
  if (off_chip(way.from)) core.clock.work().bytes_read += bytes;
  if (off_chip(way.to)) core.clock.work().bytes_written += bytes;

  if (!asynchronous) {
    // A queue works in order: what was put into it before has arrived.
    commit_copies(core, pending.queue);
    return perform(pending);
  }
  mark(pending, pending.to, Arena::kIncoming, 0);
  mark(pending, pending.from, Arena::kOutgoing, 0);
  core.pending.push_back(pending);
}

void commit_copies(Core& core, unsigned queues) {
  std::erase_if(core.pending, [&](const PendingCopy& copy) {
    if ((copy.queue & queues) == 0) return false;
    perform(copy);
    mark(copy, copy.to, Arena::kWritten, Arena::kIncoming);
    mark(copy, copy.from, 0, Arena::kOutgoing);
    return true;
  });
}

void sync_queues(const char* name, Site, unsigned queues) {
  Core& core = this_core(name);
  core.clock.join(queues);
  commit_copies(core, queues);
}

void fill(const char* name, Site site, void* dst, int64_t count, int width, const void* pattern,
          Space space) {
  Op op(name, site);
  if (count < 0) op.require(false, "a count of 0 or more", count);
  op.writes(static_cast<char*>(dst), count * width, space);
  op.vector(count * width, 1);
  if (current_core->task.memory_core() && (space == Space::nram || space == Space::wram)) return;
  char* to = static_cast<char*>(dst);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * width, pattern, static_cast<size_t>(width));
  }
}

}  // namespace bang
