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

template <class Row>
void for_each_row(const CopyShape& shape, const Row& row) {
  int64_t rows = 0;
  const int64_t dst_inner = shape.dst_segments1 + 1, src_inner = shape.src_segments1 + 1;
  const int64_t total = dst_inner * (shape.dst_segments2 + 1);
  for (; rows < total; ++rows) {
    row(rows % dst_inner * shape.dst_stride0 + rows / dst_inner * shape.dst_stride1,
        rows % src_inner * shape.src_stride0 + rows / src_inner * shape.src_stride1);
  }
}

// One side of a copy, all rows.
void check_side(Core& core, Place place, Arena* arena, const char* p, bool write,
                const CopyShape& shape, const char* name, Site site) {
  if (place == ldram) return;
  for_each_row(shape, [&](int64_t to, int64_t from) {
    const char* row = p + (write ? to : from);
    if (arena != nullptr) return check_operand(core, *arena, row, shape.size, write, name, site);
    if (shape.size == 0 || device_of(row, static_cast<size_t>(shape.size)) >= 0) return;
    stop(Finding::Kind::out_of_bounds, site,
         fmt::format("{} {} {} bytes of GDRAM that no one block of cnrtMalloc holds: {}", name,
                     write ? "writes" : "reads", shape.size, whereabouts(core, row)),
         "Check the pointer, the offset and the count.", reinterpret_cast<uint64_t>(row));
  });
}

// The first cards (1xx, 2xx) move 8 bytes at a time from and to WRAM, and whole lines within NRAM.
void check_alignment(const Direction& way, const char* dst, const char* src, const CopyShape& shape,
                     const char* name, Site site) {
  const bool lines = way.from == nram && way.to == nram;
  if (!lines && way.from != wram && way.to != wram) return;
  const int64_t unit = lines ? 64 : 8;
  require_whole(name, site, shape.size, unit);
  for_each_row(shape, [&](int64_t to, int64_t from) {
    if (lines || way.to == wram) require_aligned(name, site, dst + to, unit);
    if (lines || way.from == wram) require_aligned(name, site, src + from, unit);
  });
}

void perform(const PendingCopy& copy) {
  for_each_row(copy.shape, [&](int64_t to, int64_t from) {
    std::memmove(static_cast<char*>(copy.dst) + to, static_cast<const char*>(copy.src) + from,
                 static_cast<size_t>(copy.shape.size));
  });
}

void mark(Arena* arena, const void* p, int64_t bytes, uint8_t set, uint8_t clear) {
  if (arena == nullptr) return;
  uint8_t* state = arena->state(arena->offset(p), static_cast<size_t>(bytes));
  for (int64_t i = 0; i < bytes; ++i) {
    state[i] = static_cast<uint8_t>((state[i] & ~clear) | set);
  }
}

// Several cores may fetch from the same SRAM at a time, which marks could not tell apart.
bool shared_source(const PendingCopy& copy) {
  return copy.from != nullptr && copy.from->space() == Space::sram;
}

void mark_rows(const PendingCopy& copy, bool pending) {
  if (!sanitizing()) return;
  for_each_row(copy.shape, [&](int64_t to, int64_t from) {
    const void *dst = static_cast<char*>(copy.dst) + to,
               *src = static_cast<const char*>(copy.src) + from;
    if (pending) {
      mark(copy.to, dst, copy.shape.size, Arena::kIncoming, 0);
      if (!shared_source(copy)) mark(copy.from, src, copy.shape.size, Arena::kOutgoing, 0);
    } else {
      mark(copy.to, dst, copy.shape.size, Arena::kWritten, Arena::kIncoming);
      if (!shared_source(copy)) mark(copy.from, src, copy.shape.size, 0, Arena::kOutgoing);
    }
  });
}

// A write to SRAM by a copy while another queue of the core has yet to read there.
void check_fetches(const Core& core, const char* p, int64_t bytes, unsigned queue, const char* name,
                   Site site) {
  for (const PendingCopy& pending : core.pending) {
    if (pending.queue == queue || !shared_source(pending)) continue;
    bool overlaps = false;
    for_each_row(pending.shape, [&](int64_t, int64_t from) {
      const char* row = static_cast<const char*>(pending.src) + from;
      overlaps |= row < p + bytes && p < row + pending.shape.size;
    });
    if (!overlaps) continue;
    return note(Finding::Kind::unjoined_copy, site,
                fmt::format("{} writes {}, which an asynchronous copy has yet to fetch", name,
                            whereabouts(core, p)),
                "Join it first: __sync(), __sync_io(), __sync_move() or a barrier.");
  }
}

double copy_cycles(const Core& core, const Direction& way, const CopyShape& shape) {
  const auto rows = static_cast<double>((shape.dst_segments1 + 1) * (shape.dst_segments2 + 1));
  const double strided = rows > 1 ? rows * Timing::kRowStart : 0;
  if (!off_chip(way.from) && !off_chip(way.to)) {
    return Timing::kMoveStart + strided +
           rows * static_cast<double>(shape.size) / Timing::kMoveBytes;
  }
  // GDRAM moves 64 bytes at a time.
  const int64_t granules = (shape.size + 63) / 64;
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
           "");
    }
    if (to->holds(dst)) {
      Arena* other = core.job->clusters[static_cast<size_t>(dst_cluster)].sram.get();
      dst = other->base() + to->offset(dst);
      to = other;
    }
  }
  check_side(core, way.from, from, static_cast<const char*>(src), false, shape, what.c_str(), site);
  check_side(core, way.to, to, static_cast<const char*>(dst), true, shape, what.c_str(), site);

  if (arch_number() < 300)
    check_alignment(way, static_cast<const char*>(dst), static_cast<const char*>(src), shape,
                    what.c_str(), site);

  const bool on_chip = !off_chip(way.from) && !off_chip(way.to);
  const double cycles = copy_cycles(core, way, shape);
  const double start = core.clock.copy(on_chip, cycles, asynchronous);
  trace_work(core, on_chip ? Unit::move : Unit::io, way.name, start, cycles);
  const auto bytes =
      static_cast<double>(shape.size * (shape.dst_segments1 + 1) * (shape.dst_segments2 + 1));
  if (off_chip(way.from)) core.clock.work().bytes_read += bytes;
  if (off_chip(way.to)) core.clock.work().bytes_written += bytes;

  const PendingCopy pending{dst, src, shape, to, from, on_chip ? kMove : kIo};
  if (way.to == sram && sanitizing())
    for_each_row(shape, [&](int64_t row, int64_t) {
      check_fetches(core, static_cast<const char*>(dst) + row, shape.size, pending.queue,
                    what.c_str(), site);
    });
  if (!asynchronous) {
    // A queue works in order: what was put into it before has arrived.
    commit_copies(core, pending.queue);
    return perform(pending);
  }
  mark_rows(pending, true);
  core.pending.push_back(pending);
}

void commit_copies(Core& core, unsigned queues) {
  std::erase_if(core.pending, [&](const PendingCopy& copy) {
    if ((copy.queue & queues) == 0) return false;
    perform(copy);
    mark_rows(copy, false);
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
