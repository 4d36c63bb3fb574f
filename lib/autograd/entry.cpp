#include <cstdlib>
#include <execinfo.h>
#include <mutex>
#include <unordered_set>

#include <reel/autograd/autograd.h>
#include <reel/autograd/entry.h>
#include <reel/tensor/check.h>

namespace reel {

thread_local bool GradMode::enabled = true;

namespace {
thread_local bool inference_mode = false;
thread_local bool anomaly_mode = false;
}  // namespace

InferenceMode::InferenceMode(bool enabled)
    : grad_mode_(!enabled && GradMode::is_enabled()), previous_(inference_mode) {
  inference_mode = enabled;
}
InferenceMode::~InferenceMode() { inference_mode = previous_; }
bool InferenceMode::is_enabled() { return inference_mode; }

namespace autograd {

DetectAnomalyGuard::DetectAnomalyGuard() : previous_(anomaly_mode) { anomaly_mode = true; }
DetectAnomalyGuard::~DetectAnomalyGuard() { anomaly_mode = previous_; }
bool DetectAnomalyGuard::is_enabled() { return anomaly_mode; }

namespace {

std::atomic<uint64_t> next_sequence{1};
std::atomic<int64_t> live_entries{0};
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
  live_entries.fetch_add(1, std::memory_order_relaxed);
  if (anomaly_mode) traceback = capture_traceback();
}

Entry::~Entry() { live_entries.fetch_sub(1, std::memory_order_relaxed); }

void Entry::release_saved() {
  saved.clear();
  released_ = true;
}

void Entry::save(const Tensor& tensor, int8_t slot) {
  saved.push_back({tensor.impl()->detached(), tensor.storage()->version(), slot});
}

size_t Entry::saved_bytes() const {
  std::unordered_set<const StorageImpl*> seen;
  size_t bytes = 0;
  for (const Saved& s : saved) {
    if (seen.insert(s.tensor->storage.get()).second) bytes += s.tensor->storage->bytes();
  }
  return bytes;
}

void retain(Entry* entry) { entry->references_.fetch_add(1, std::memory_order_relaxed); }

// Deleting an entry drops its edges and saved tensors, which may be the last owners of earlier
// entries: a chain of a million ops would recurse a million deep. So an entry that dies while
// another is being deleted is only put on a list, which the outermost deletion works off.
void release(Entry* entry) {
  if (entry->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
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

void attach(const Tensor& output, const IntrusivePtr<Entry>& entry, uint32_t k) {
  AutogradSlot& slot = output.impl()->autograd();
  slot.entry = entry;
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
int64_t live_entries() { return autograd::live_entries.load(std::memory_order_relaxed); }
}  // namespace tape

}  // namespace reel
