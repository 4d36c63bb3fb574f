#include <cstring>

#include <fmt/format.h>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/core.h>
#include <reel/backends/mlu/runtime/device.h>

namespace bang {
namespace {

/// What the sanitizer knows of some bytes: flags that one of them has, and that all have.
struct Flags {
  uint8_t any, all;
};

// A vector at a time: operands are tiles, and almost nothing is ever found in them.
Flags flags_of(const uint8_t* p, int64_t bytes) {
  typedef uint64_t Block __attribute__((vector_size(16)));
  Block any = {}, all = ~any;
  int64_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    Block block;
    std::memcpy(&block, p + i, 16);
    any |= block;
    all &= block;
  }
  uint64_t some = any[0] | any[1], every = all[0] & all[1];
  for (int half = 32; half >= 8; half /= 2) some |= some >> half, every &= every >> half;
  Flags flags{static_cast<uint8_t>(some), static_cast<uint8_t>(every)};
  for (; i < bytes; ++i) flags.any |= p[i], flags.all &= p[i];
  return flags;
}

// The first byte in [p, p + bytes) with (state & mask) == value; nullptr if there is none.
const uint8_t* find_state(const uint8_t* p, int64_t bytes, uint8_t mask, uint8_t value) {
  // Eight bytes at a time while nothing is found.
  const uint64_t masks = 0x0101010101010101u * mask, values = 0x0101010101010101u * value;
  int64_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, p + i, 8);
    const uint64_t x = (eight & masks) ^ values;  // a byte of 0 is what is looked for
    if (((x - 0x0101010101010101u) & ~x & 0x8080808080808080u) != 0) break;
  }
  for (; i < bytes; ++i) {
    if ((p[i] & mask) == value) return p + i;
  }
  return nullptr;
}

std::string name_at(const Arena& arena, size_t offset) {
  const Variable* variable = arena.variable_at(offset);
  if (variable == nullptr)
    return fmt::format("{} that no variable holds", to_string(arena.space()));
  if (offset == variable->offset) return fmt::format("'{}'", variable->name);
  return fmt::format("'{}' + {}", variable->name, offset - variable->offset);
}

constexpr uint32_t kSeveral = 255;
constexpr uint32_t mark(const Core& core) { return core.epoch << 8 | (core.number + 1u); }

// Whether `seen` is of another core in the same stretch between two barriers.
bool races(uint32_t seen, uint32_t mine) {
  return seen >> 8 == mine >> 8 && (seen & 255) != (mine & 255);
}

void check_race(Core& core, Arena& arena, size_t offset, int64_t bytes, bool write,
                const char* builtin, Site site) {
  const uint32_t mine = mark(core);
  const size_t end = (offset + static_cast<size_t>(bytes) + 3) / 4;
  for (size_t word = offset / 4; word < end; ++word) {
    std::atomic<uint32_t>&writer = arena.writers()[word], &reader = arena.readers()[word];
    const uint32_t wrote = writer.load(std::memory_order_relaxed);
    const uint32_t read = reader.load(std::memory_order_relaxed);
    const bool bad = races(wrote, mine) || (write && races(read, mine));
    if (bad) {
      const uint32_t other = (races(wrote, mine) ? wrote : read) & 255;
      const std::string who = other == kSeveral ? "several cores"
                              : other == 5      ? "the memory core"
                                                : fmt::format("core {}", other - 1);
      note(Finding::Kind::race, site,
           fmt::format("{} {} {}, which {} {} since the last barrier", builtin,
                       write ? "writes" : "reads", name_at(arena, word * 4), who,
                       races(wrote, mine) ? "wrote" : "read"),
           "Put a __sync_cluster() between the two.", arena.address(word * 4));
      return;
    }
    if (write) {
      writer.store(mine, std::memory_order_relaxed);
    } else if (read >> 8 != mine >> 8) {
      reader.store(mine, std::memory_order_relaxed);
    } else if (read != mine) {
      reader.store((mine & ~255u) | kSeveral, std::memory_order_relaxed);
    }
  }
}

void check_bounds(const Core& core, Arena& arena, const void* p, int64_t bytes, bool write,
                  const char* builtin, Site site) {
  const char* verb = write ? "writes" : "reads";
  if (bytes < 0) {
    stop(Finding::Kind::wrong_argument, site, fmt::format("{} {} {} bytes", builtin, verb, bytes),
         "Counts are not negative.");
  }
  if (!arena.holds(p)) {
    stop(Finding::Kind::wrong_space, site,
         fmt::format("{} {} {} bytes of {}, but the operand lies in {}", builtin, verb, bytes,
                     to_string(arena.space()), whereabouts(core, p)),
         fmt::format("Copy it to {} first, or name the right array.", to_string(arena.space())),
         reinterpret_cast<uint64_t>(p));
  }
  const size_t offset = arena.offset(p), end = offset + static_cast<size_t>(bytes);
  std::unique_lock lock(arena.mutex(), std::defer_lock);
  if (arena.space() == Space::sram) lock.lock();
  const Variable* variable = arena.variable_at(offset);
  if (variable != nullptr && end <= variable->offset + variable->bytes) return;
  if (variable == nullptr) {
    stop(Finding::Kind::out_of_bounds, site,
         fmt::format("{} {} {} bytes at {}", builtin, verb, bytes, name_at(arena, offset)),
         "Check the pointer: no array was declared there.", arena.address(offset));
  }
  stop(Finding::Kind::out_of_bounds, site,
       fmt::format("{} {} {} bytes from {} on: {} bytes past the end of '{}' (line {}), which has "
                   "{}",
                   builtin, verb, bytes, name_at(arena, offset),
                   end - variable->offset - variable->bytes, variable->name, variable->site.line,
                   variable->bytes),
       "Make the array larger or the count smaller.", arena.address(offset));
}

}  // namespace

std::string whereabouts(const Core& core, const void* p) {
  for (const Space space : {Space::nram, Space::wram, Space::sram}) {
    const Arena* arena = core.arena(space);
    if (arena == nullptr || !arena->holds(p)) continue;
    return fmt::format("{}, {}", to_string(space), name_at(*arena, arena->offset(p)));
  }
  if (p == nullptr) return "no memory (a null pointer)";
  if (locate(p).kind == Location::Kind::elsewhere) return fmt::format("the host's memory ({})", p);
  return "GDRAM, " + describe_address(p);
}

Space space_of(const void* p) {
  for (const Space space : {Space::nram, Space::wram, Space::sram}) {
    const Arena* arena = current_core == nullptr ? nullptr : current_core->arena(space);
    if (arena != nullptr && arena->holds(p)) return space;
  }
  return in_device_memory(p) ? Space::gdram : Space::host;
}

void check_operand(Core& core, Arena& arena, const void* p, int64_t bytes, bool write,
                   const char* builtin, Site site) {
  if (bytes == 0) return;
  check_bounds(core, arena, p, bytes, write, builtin, site);
  if (!sanitizing()) return;
  const size_t offset = arena.offset(p);
  uint8_t* state = arena.state(offset, static_cast<size_t>(bytes));
  const auto where = [&](const uint8_t* found) {
    return offset + static_cast<size_t>(found - state);
  };
  const Flags flags = flags_of(state, bytes);
  const uint8_t busy = write ? Arena::kIncoming | Arena::kOutgoing : Arena::kIncoming;
  for (const uint8_t flag : {Arena::kIncoming, Arena::kOutgoing}) {
    if ((flags.any & busy & flag) == 0) continue;
    const uint8_t* found = find_state(state, bytes, flag, flag);
    note(Finding::Kind::unjoined_copy, site,
         fmt::format("{} {} {}, which an asynchronous copy has yet to {}", builtin,
                     write ? "writes" : "reads", name_at(arena, where(found)),
                     flag == Arena::kIncoming ? "bring" : "fetch"),
         "Join it first: __sync(), __sync_io(), __sync_move() or a barrier.",
         arena.address(where(found)));
  }
  if ((flags.all & Arena::kWritten) != 0) {
    // Most operands: nothing to set, nothing to find.
  } else if (write) {
    for (int64_t i = 0; i < bytes; ++i) state[i] |= Arena::kWritten;
  } else if (const uint8_t* found =
                 find_state(state, bytes, Arena::kWritten | Arena::kIncoming, 0)) {
    note(Finding::Kind::uninitialized, site,
         fmt::format("{} reads {}, which nothing has written in this launch", builtin,
                     name_at(arena, where(found))),
         "A card gives whatever an earlier kernel left there: write or copy to it first.",
         arena.address(where(found)));
  }
  if (arena.space() == Space::sram && !core.atomic)
    check_race(core, arena, offset, bytes, write, builtin, site);
}

}  // namespace bang
