#include <atomic>
#include <cstdlib>
#include <execinfo.h>
#include <mutex>
#include <unordered_set>

#include <reel/autograd/autograd.h>
#include <reel/autograd/entry.h>
#include <reel/tensor/check.h>

namespace reel {

constinit thread_local bool GradMode::enabled = true;
constinit thread_local bool InferenceMode::inference = false;

namespace autograd {

constinit thread_local bool InternalGuard::active = false;

namespace {
// One for all threads, as in PyTorch: a tape may be replayed on another thread.
std::atomic<bool> anomaly_mode{false};
std::atomic<bool> anomaly_checks_nan{true};
}  // namespace

bool AnomalyMode::is_enabled() { return anomaly_mode.load(std::memory_order_relaxed); }
bool AnomalyMode::should_check_nan() { return anomaly_checks_nan.load(std::memory_order_relaxed); }
void AnomalyMode::set_enabled(bool enabled, bool check_nan) {
  anomaly_mode.store(enabled, std::memory_order_relaxed);
  anomaly_checks_nan.store(check_nan, std::memory_order_relaxed);
}

DetectAnomalyGuard::DetectAnomalyGuard(bool check_nan)
    : previous_enabled_(AnomalyMode::is_enabled()),
      previous_check_nan_(AnomalyMode::should_check_nan()) {
  AnomalyMode::set_enabled(true, check_nan);
}
DetectAnomalyGuard::~DetectAnomalyGuard() {
  AnomalyMode::set_enabled(previous_enabled_, previous_check_nan_);
}

namespace {

std::atomic<uint64_t> next_sequence{1};
std::atomic<uint64_t> deleted_entries{0};
thread_local const char* current_scope = nullptr;

std::unique_ptr<std::string> capture_traceback() {
  constexpr int kMaxFrames = 32;
  constexpr int kOwnFrames = 3;
  void* frames[kMaxFrames];
  const int count = backtrace(frames, kMaxFrames);
  char** symbols = backtrace_symbols(frames, count);
  auto text = std::make_unique<std::string>();
  for (int i = kOwnFrames; symbols != nullptr && i < count; ++i) {
    text->append("  ").append(symbols[i]).append("\n");
  }
  std::free(symbols);
  return text;
}

}  // namespace

Entry::Entry()
    : sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)), scope(current_scope) {
  if (AnomalyMode::is_enabled()) traceback = capture_traceback();
}

Entry::~Entry() { deleted_entries.fetch_add(1, std::memory_order_relaxed); }

void Entry::release_saved() {
  if (saved.empty()) return;
  saved.clear();
  recompute = nullptr;
  released_ = true;
}

void Entry::save(const Tensor& tensor, int8_t slot) {
  saved.push_back({tensor.impl()->detached(), tensor.storage()->version(), slot});
}

size_t Entry::saved_bytes() const {
  std::unordered_set<const StorageImpl*> seen;
  size_t bytes = 0;
  for (const Saved& s : saved) {
    if (s.tensor && seen.insert(s.tensor->storage.get()).second)
      bytes += s.tensor->storage->bytes();
  }
  return bytes;
}

NextEdge Entry::next_edge(size_t input) const {
  if (input >= edges.size()) {
    fail("next_edge: expected a number below {}, got {}", edges.size(), input);
  }
  const Edge& edge = edges[input];
  return {edge.entry, edge.output, edge.leaf ? Tensor(edge.leaf) : Tensor()};
}

std::vector<NextEdge> Entry::next_edges() const {
  std::vector<NextEdge> all;
  for (size_t i = 0; i < edges.size(); ++i) all.push_back(next_edge(i));
  return all;
}

uint64_t next_sequence_number() { return next_sequence.load(std::memory_order_relaxed); }

void retain(Entry* entry) { entry->references_.increment(); }

// Deleting an entry drops its edges and saved tensors, which may be the last owners of earlier
// entries: a chain of a million ops would recurse a million deep. So an entry that dies while
// another is being deleted is only put on a list, which the outermost deletion works off.
void release(Entry* entry) {
  if (!entry->references_.decrement()) return;
  thread_local Entry* dead = nullptr;
  thread_local bool deleting = false;
  entry->next_dead_ = dead;
  dead = entry;
  if (deleting) return;
  deleting = true;
  while (dead != nullptr) {
    Entry* next = dead;
    dead = next->next_dead_;
    delete next;
  }
  deleting = false;
}

void attach(const Tensor& output, IntrusivePtr<Entry> entry, uint32_t k) {
  AutogradSlot& slot = output.impl()->autograd();
  slot.entry = std::move(entry);
  slot.output = k;
  slot.requires_grad = false;
  output.impl()->base_version = output.storage()->version();
}

ScopeGuard::ScopeGuard(const std::string& name) : previous_(current_scope) {
  // Names are interned: entries that outlive the scope point to them.
  static auto& names = *new std::unordered_set<std::string>;
  static std::mutex mutex;
  const std::string full =
      previous_ == nullptr || *previous_ == 0 ? name : std::string(previous_) + "." + name;
  std::lock_guard lock(mutex);
  current_scope = names.insert(full).first->c_str();
}
ScopeGuard::~ScopeGuard() { current_scope = previous_; }

}  // namespace autograd

namespace tape {
int64_t live_entries() {
  // Each entry ever made has a number of its own, counted from 1.
  return static_cast<int64_t>(autograd::next_sequence_number() - 1 -
                              autograd::deleted_entries.load(std::memory_order_relaxed));
}
}  // namespace tape

}  // namespace reel
