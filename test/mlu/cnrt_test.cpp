// The C API of the MLU simulator: devices, memory, queues, notifiers, kernels by address, errors.

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cnrt.h>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <bang/kernels.h>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/cnrt_state.h>

#include "support/catch.h"

using Catch::Matchers::ContainsSubstring;

extern "C" int cnrt_c99_program(void);
extern "C" const char* cnrt_c99_step(void);

namespace {

/// The detail of the last error, which must have this code.
std::string detail_of(cnrtRet_t expected) {
  CHECK(cnrtGetLastError() == expected);
  return cnrtGetLastErrorDetail();
}

void* allocate(size_t bytes) {
  void* p = nullptr;
  REQUIRE(cnrtMalloc(&p, bytes) == cnrtSuccess);
  return p;
}

cnrtQueue_t new_queue() {
  cnrtQueue_t queue = nullptr;
  REQUIRE(cnrtQueueCreate(&queue) == cnrtSuccess);
  return queue;
}

cnrtNotifier_t new_notifier() {
  cnrtNotifier_t notifier = nullptr;
  REQUIRE(cnrtNotifierCreate(&notifier) == cnrtSuccess);
  return notifier;
}

struct DeviceScope {
  explicit DeviceScope(int device) { REQUIRE(cnrtSetDevice(device) == cnrtSuccess); }
  ~DeviceScope() { cnrtSetDevice(0); }
};

/// A host function that waits until it is opened.
struct Gate {
  std::atomic<bool> open{false};
  static void wait(void* gate) {
    while (!static_cast<Gate*>(gate)->open) std::this_thread::yield();
  }
};

struct Child {
  int exit_code = -1;
  int signal = 0;
  std::string errors;
};

/// Runs `body` in a process of its own.
template <class Body>
Child run_in_child(const Body& body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // Not the one of the test framework, which would report the fault as its own.
    ::signal(SIGSEGV, SIG_DFL);
    body();
    std::exit(0);
  }
  close(ends[1]);
  Child child;
  std::array<char, 512> buffer;
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    child.errors.append(buffer.data(), static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) child.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) child.signal = WTERMSIG(status);
  return child;
}

void add_to(float* p, float value, int count) {
  for (int i = 0; i < count; ++i) p[i] += value;
}

}  // namespace

TEST_CASE("cnrt.h serves a C99 program") {
  INFO(cnrt_c99_step());
  CHECK(cnrt_c99_program() == 0);
}

TEST_CASE("devices are counted, set for each thread and described") {
  unsigned count = 0;
  REQUIRE(cnrtGetDeviceCount(&count) == cnrtSuccess);
  REQUIRE(count == 2);
  const DeviceScope scope(1);
  int device = -1, other = -1;
  CHECK(cnrtGetDevice(&device) == cnrtSuccess);
  CHECK(device == 1);
  std::thread([&] { cnrtGetDevice(&other); }).join();
  CHECK(other == 0);

  int value = 0;
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrClusterCount, 0) == cnrtSuccess);
  CHECK(value == 8);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrMcorePerCluster, 0) == cnrtSuccess);
  CHECK(value == 4);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrNramSizePerMcore, 0) == cnrtSuccess);
  CHECK(value == 768 * 1024);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrISAVersion, 0) == cnrtSuccess);
  CHECK(value == 372);
  cnrtDeviceProp_t properties;
  CHECK(cnrtGetDeviceProperties(&properties, 1) == cnrtSuccess);
  CHECK(std::string(properties.name) == "MLU370");
  CHECK(properties.SramSizePerMcore == 4096 * 1024);
  size_t free_bytes = 0, total = 0;
  CHECK(cnrtMemGetInfo(&free_bytes, &total) == cnrtSuccess);
  CHECK(properties.totalGlobalMemSize == total);

  std::array<char, 16> id{};
  CHECK(cnrtDeviceGetPCIBusId(id.data(), 16, 1) == cnrtSuccess);
  CHECK(cnrtDeviceGetByPCIBusId(&device, id.data()) == cnrtSuccess);
  CHECK(device == 1);
  unsigned accessible = 0;
  CHECK(cnrtGetPeerAccessibility(&accessible, 0, 1) == cnrtSuccess);
  CHECK(accessible == 1);

  cnrtDev_t handle = 7;
  CHECK(cnrtGetDevice(&handle) == CNRT_RET_SUCCESS);
  CHECK(handle == 1);
}

TEST_CASE("wrong devices and attributes are errors that say what was asked for") {
  CHECK(cnrtSetDevice(2) == cnrtErrorDeviceInvalid);
  CHECK_THAT(detail_of(cnrtErrorDeviceInvalid), ContainsSubstring("device 2 of 2"));
  CHECK(cnrtSetDevice(-1) == cnrtErrorDeviceInvalid);
  CHECK(cnrtSetCurrentDevice(99) == cnrtErrorDeviceInvalid);
  int value = 0;
  CHECK(cnrtDeviceGetAttribute(&value, static_cast<cnrtDeviceAttr_t>(0x7777), 0) ==
        cnrtErrorNoAttribute);
  CHECK(cnrtDeviceGetAttribute(&value, cnrtAttrMaxL2CacheSize, 0) == cnrtErrorNotSupport);
  CHECK(cnrtDeviceGetAttribute(nullptr, cnrtAttrClusterCount, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtGetDeviceProperties(nullptr, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtGetDeviceCount(nullptr) == cnrtErrorArgsInvalid);
  CHECK(cnrtDeviceGetByPCIBusId(&value, "nonsense") == cnrtErrorDeviceInvalid);
  std::array<char, 4> small{};
  CHECK(cnrtDeviceGetPCIBusId(small.data(), 4, 0) == cnrtErrorArgsInvalid);
}

TEST_CASE("the last error belongs to a thread, and is forgotten when it is read") {
  CHECK(cnrtSetDevice(9) == cnrtErrorDeviceInvalid);
  CHECK(cnrtPeekAtLastError() == cnrtErrorDeviceInvalid);
  std::thread([] { CHECK(cnrtPeekAtLastError() == cnrtSuccess); }).join();
  CHECK(cnrtGetLastError() == cnrtErrorDeviceInvalid);
  CHECK(cnrtGetLastError() == cnrtSuccess);
}

TEST_CASE("every error has a name and a sentence of its own") {
  std::set<std::string> sentences;
  const auto codes = {
      cnrtSuccess,           cnrtErrorNotReady,      cnrtErrorInit,
      cnrtErrorNoDevice,     cnrtErrorDeviceInvalid, cnrtErrorArgsInvalid,
      cnrtErrorSys,          cnrtErrorSysNoMem,      cnrtErrorInvalidResourceHandle,
      cnrtErrorIllegalState, cnrtErrorNotSupport,    cnrtErrorOpsNotPermitted,
      cnrtErrorNoMem,        cnrtErrorKernelTrap,    cnrtErrorInvalidKernel,
      cnrtErrorDevice,       cnrtErrorNoAttribute,   cnrtErrorMemcpyDirectionInvalid,
      cnrtErrorUnknown};
  for (const cnrtRet_t code : codes) sentences.insert(cnrtGetErrorStr(code));
  CHECK(sentences.size() == codes.size());
  CHECK(std::string(cnrtGetErrorName(cnrtErrorNoMem)) == "cnrtErrorNoMem");
  CHECK(std::string(cnrtGetErrorName(static_cast<cnrtRet_t>(5))) == "unrecognized error code");
}

TEST_CASE("bytes go to a device, across it, to the next one and back") {
  std::vector<int> in(3000), out(3000);
  std::iota(in.begin(), in.end(), 1);
  const size_t bytes = in.size() * sizeof(int);
  void* a = allocate(bytes);
  void* b = allocate(bytes);
  void* c = nullptr;
  {
    const DeviceScope scope(1);
    c = allocate(bytes);
  }
  CHECK(reinterpret_cast<uintptr_t>(a) % 128 == 0);
  CHECK(cnrtMemcpy(a, in.data(), bytes, cnrtMemcpyHostToDev) == cnrtSuccess);
  CHECK(cnrtMemcpy(b, a, bytes, cnrtMemcpyDevToDev) == cnrtSuccess);
  CHECK(cnrtMemcpy(c, b, bytes, cnrtMemcpyDevToDev) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("cnrtMemcpyPeerToPeer"));
  CHECK(cnrtMemcpyPeer(c, 1, b, 0, bytes) == cnrtSuccess);
  CHECK(cnrtMemcpyPeer(c, 0, b, 1, bytes) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemcpy(out.data(), c, bytes, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(out == in);

  // Into the middle of a block, without a direction.
  auto* middle = static_cast<char*>(a) + 400;
  const int seven = 7;
  CHECK(cnrtMemcpy(middle, &seven, sizeof(int), cnrtMemcpyNoDirection) == cnrtSuccess);
  CHECK(cnrtMemcpy(out.data(), a, bytes, cnrtMemcpyNoDirection) == cnrtSuccess);
  CHECK(out[100] == 7);
  CHECK(out[101] == 102);

  CHECK(cnrtMemset(a, 0xff, 8) == cnrtSuccess);
  CHECK(cnrtMemsetD32(static_cast<int*>(a) + 2, 0x01020304, 2) == cnrtSuccess);
  CHECK(cnrtMemcpy(out.data(), a, 20, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(out[1] == -1);
  CHECK(out[3] == 0x01020304);
  CHECK(out[4] == 5);

  // Columns 1 to 2 of 4 x 4.
  CHECK(cnrtMemcpy2D(a, 16, in.data() + 1, 16, 8, 4, cnrtMemcpyHostToDev) == cnrtSuccess);
  CHECK(cnrtMemcpy(out.data(), a, 64, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(out[12] == 14);
  CHECK(out[13] == 15);
  CHECK(cnrtMemcpy2D(a, 4, in.data(), 16, 8, 4, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  for (void* p : {a, b, c}) CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("wrong pointers, sizes and directions are errors and change nothing") {
  std::array<char, 4096> host{};
  void* p = allocate(1000);
  auto* bytes = static_cast<char*>(p);
  CHECK(cnrtMemcpy(p, host.data(), 1001, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("1001 bytes from dst") &&
                                                  ContainsSubstring("a block of 1000 bytes"));
  CHECK(cnrtMemcpy(host.data(), bytes + 999, 2, cnrtMemcpyDevToHost) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemcpy(host.data(), bytes + 1000, 1, cnrtMemcpyDevToHost) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("0 bytes behind the end"));
  CHECK(cnrtMemcpy(p, host.data(), SIZE_MAX, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemcpy(host.data(), host.data(), 8, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid),
             ContainsSubstring("cnrtMemcpyHostToDev expects device memory as dst"));
  CHECK(cnrtMemcpy(p, p, 8, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("expects host memory as src"));
  CHECK(cnrtMemcpy(p, host.data(), 8, static_cast<cnrtMemTransDir_t>(17)) ==
        cnrtErrorMemcpyDirectionInvalid);
  CHECK(cnrtMemcpy(nullptr, host.data(), 8, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemcpyAsync(p, nullptr, 8, nullptr, cnrtMemcpyHostToDev) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemset(host.data(), 0, 8) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemset(p, 0, 1001) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemsetD32(bytes + 2, 0, 1) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemsetD32(p, 0, SIZE_MAX / 2) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemcpy(p, host.data(), 0, cnrtMemcpyHostToDev) == cnrtSuccess);

  cnrtPointerAttributes_t attributes;
  CHECK(cnrtPointerGetAttributes(&attributes, bytes + 10) == cnrtSuccess);
  CHECK(attributes.type == cnrtMemTypeDevice);
  CHECK(attributes.size == 1000);
  CHECK(attributes.deviceBasePointer == p);
  CHECK(cnrtPointerGetAttributes(&attributes, host.data()) == cnrtSuccess);
  CHECK(attributes.type == cnrtMemTypeUnregistered);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("a block that is freed twice is told from a pointer that never was one") {
  void* p = allocate(100);
  int host = 0;
  CHECK(cnrtFree(static_cast<char*>(p) + 4) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("4 bytes into a block of 100"));
  CHECK(cnrtFree(p) == cnrtSuccess);
  // The next block does not get the address that is still about.
  void* next = allocate(100);
  CHECK(next != p);
  CHECK(cnrtFree(p) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid),
             ContainsSubstring("was freed already (a block of 100 bytes)"));
  CHECK(cnrtMemset(p, 0, 4) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("that was freed"));
  CHECK(cnrtFree(next) == cnrtSuccess);
  CHECK(cnrtFree(&host) == cnrtErrorArgsInvalid);
  CHECK_THAT(detail_of(cnrtErrorArgsInvalid), ContainsSubstring("host memory"));
  CHECK(cnrtFree(nullptr) == cnrtSuccess);
  // What another part of the program allocated is not the API's to free.
  void* foreign = bang::device_allocate(0, 64);
  CHECK(cnrtFree(foreign) == cnrtErrorArgsInvalid);
  CHECK(bang::device_release(foreign));

  void* pinned = nullptr;
  CHECK(cnrtHostMalloc(&pinned, 5000) == cnrtSuccess);
  std::memset(pinned, 1, 5000);
  cnrtPointerAttributes_t attributes;
  CHECK(cnrtPointerGetAttributes(&attributes, static_cast<char*>(pinned) + 1) == cnrtSuccess);
  CHECK(attributes.type == cnrtMemTypeHost);
  CHECK(cnrtFreeHost(pinned) == cnrtSuccess);
  CHECK(cnrtFreeHost(pinned) == cnrtErrorArgsInvalid);
}

TEST_CASE("device memory ends, and what is freed can be had again") {
  size_t free_bytes = 0, total = 0;
  REQUIRE(cnrtMemGetInfo(&free_bytes, &total) == cnrtSuccess);
  void* p = &total;
  CHECK(cnrtMalloc(&p, total + 1) == cnrtErrorNoMem);
  CHECK(p == nullptr);
  CHECK_THAT(detail_of(cnrtErrorNoMem), ContainsSubstring("bytes of device 0 are free"));
  CHECK(cnrtMalloc(&p, SIZE_MAX) == cnrtErrorNoMem);
  CHECK(cnrtMalloc(&p, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtMalloc(nullptr, 8) == cnrtErrorArgsInvalid);

  // More in sum than there are addresses.
  const size_t third = free_bytes / 3 / 4096 * 4096;
  std::vector<void*> blocks;
  for (int i = 0; i < 40; ++i) {
    if (blocks.size() == 3) {
      void* none = nullptr;
      CHECK(cnrtMalloc(&none, third) == cnrtErrorNoMem);
      CHECK(cnrtFree(blocks[static_cast<size_t>(i) % 3]) == cnrtSuccess);
      blocks.erase(blocks.begin() + i % 3);
    }
    blocks.push_back(allocate(third));
    CHECK(cnrtMemset(blocks.back(), i, 100) == cnrtSuccess);
  }
  for (void* block : blocks) CHECK(cnrtFree(block) == cnrtSuccess);
  size_t after = 0;
  CHECK(cnrtMemGetInfo(&after, nullptr) == cnrtSuccess);
  CHECK(after == free_bytes);
}

TEST_CASE("freed memory goes back to the system") {
  constexpr size_t kBytes = size_t{64} << 20;
  const auto resident = [] {
    long pages = 0, ours = 0;
    FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%ld %ld", &pages, &ours) != 2) ours = 0;
    if (file != nullptr) std::fclose(file);
    return ours * 4096L;
  };
  const long before = resident();
  void* p = allocate(kBytes);
  CHECK(cnrtMemset(p, 1, kBytes) == cnrtSuccess);
  CHECK(resident() - before > static_cast<long>(kBytes / 2));
  CHECK(cnrtFree(p) == cnrtSuccess);
  CHECK(resident() - before < static_cast<long>(kBytes / 2));
}

TEST_CASE("thousands of blocks of many sizes keep their bytes") {
  uint32_t state = 1;
  const auto random = [&state](uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  struct Block {
    void* p;
    int bytes;
    uint8_t value;
  };
  std::vector<Block> blocks;
  for (int i = 0; i < 4000; ++i) {
    if (blocks.size() > 200 || (!blocks.empty() && random(3) == 0)) {
      const size_t k = random(static_cast<uint32_t>(blocks.size()));
      const Block block = blocks[k];
      std::array<uint8_t, 2> ends{};
      auto* bytes = static_cast<uint8_t*>(block.p);
      REQUIRE(cnrtMemcpy(&ends[0], bytes, 1, cnrtMemcpyDevToHost) == cnrtSuccess);
      REQUIRE(cnrtMemcpy(&ends[1], bytes + block.bytes - 1, 1, cnrtMemcpyDevToHost) == cnrtSuccess);
      REQUIRE(ends[0] == block.value);
      REQUIRE(ends[1] == block.value);
      REQUIRE(cnrtFree(block.p) == cnrtSuccess);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(k));
      continue;
    }
    const Block block{nullptr, 1 + static_cast<int>(random(20000)), static_cast<uint8_t>(i)};
    blocks.push_back(block);
    blocks.back().p = allocate(static_cast<size_t>(block.bytes));
    REQUIRE(cnrtMemset(blocks.back().p, block.value, static_cast<size_t>(block.bytes)) ==
            cnrtSuccess);
  }
  for (const Block& block : blocks) REQUIRE(cnrtFree(block.p) == cnrtSuccess);
}

// Run by the next one, in a process with other settings.
TEST_CASE("host access after copies and launches", "[cnrt_host_access]") {
  if (std::getenv("REEL_TEST_HOST_ACCESS") == nullptr) return;
  void* p = allocate(1000);
  const std::array<int, 4> in{1, 2, 3, 4};
  std::array<int, 4> out{};
  REQUIRE(cnrtMemcpy(p, in.data(), sizeof(in), cnrtMemcpyHostToDev) == cnrtSuccess);
  REQUIRE(cnrtMemcpyAsync(out.data(), p, sizeof(out), nullptr, cnrtMemcpyDevToHost) == cnrtSuccess);
  REQUIRE(cnrtQueueSync(nullptr) == cnrtSuccess);
  REQUIRE(out == in);
  *static_cast<volatile int*>(p) = 7;
  REQUIRE(static_cast<volatile int*>(p)[3] == 4);
}

TEST_CASE("the host can not touch device memory, and is told so") {
  const std::string expected = "host access to device memory at 0x";
  const Child read = run_in_child([] {
    void* p = nullptr;
    cnrtMalloc(&p, 1000);
    const volatile int value = static_cast<int*>(p)[3];
    (void)value;
  });
  CHECK(read.signal == SIGSEGV);
  CHECK_THAT(read.errors,
             ContainsSubstring(expected) &&
                 ContainsSubstring("12 bytes into a block of 1000 bytes of device 0") &&
                 ContainsSubstring("copy it with cnrtMemcpy"));

  const Child freed = run_in_child([] {
    void* p = nullptr;
    cnrtMalloc(&p, 1000);
    cnrtFree(p);
    *static_cast<volatile int*>(p) = 1;
  });
  CHECK(freed.signal == SIGSEGV);
  CHECK_THAT(freed.errors, ContainsSubstring("a block of 1000 bytes of device 0 that was freed"));

  // After copies, and on a thread that is younger than the block.
  const Child thread = run_in_child([] {
    void* p = nullptr;
    int value = 1;
    cnrtMalloc(&p, 1000);
    cnrtMemcpy(p, &value, 4, cnrtMemcpyHostToDev);
    std::thread([p] { *static_cast<volatile int*>(p) = 2; }).join();
  });
  CHECK(thread.signal == SIGSEGV);
  CHECK_THAT(thread.errors, ContainsSubstring(expected));

  // The same without protection keys; how memory is protected is decided once in a process.
  const Child pages = run_in_child([] {
    setenv("REEL_MLU_PROTECT", "pages", 1);
    setenv("REEL_TEST_HOST_ACCESS", "1", 1);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl("/proc/self/exe", "test", "[cnrt_host_access]", static_cast<char*>(nullptr));
  });
  CHECK(pages.exit_code != 0);
  CHECK_THAT(pages.errors, ContainsSubstring(expected) &&
                               ContainsSubstring("0 bytes into a block of 1000 bytes"));
  const Child open = run_in_child([] {
    setenv("REEL_MLU_PROTECT", "off", 1);
    setenv("REEL_TEST_HOST_ACCESS", "1", 1);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl("/proc/self/exe", "test", "[cnrt_host_access]", static_cast<char*>(nullptr));
  });
  CHECK(open.exit_code == 0);

  const Child other = run_in_child([] {
    void* p = nullptr;
    cnrtMalloc(&p, 1000);
    *static_cast<volatile int*>(nullptr) = 1;
  });
  CHECK(other.signal == SIGSEGV);
  CHECK(other.errors.find("reel-mlu") == std::string::npos);
}

TEST_CASE("a fault goes on to the handler that was there before") {
  const Child child = run_in_child([] {
    struct sigaction action {};
    action.sa_handler = [](int) { _exit(42); };
    sigaction(SIGSEGV, &action, nullptr);
    void* p = nullptr;
    cnrtMalloc(&p, 16);
    *static_cast<volatile int*>(p) = 1;
  });
  CHECK(child.exit_code == 42);
  CHECK_THAT(child.errors, ContainsSubstring("host access to device memory"));
}

TEST_CASE("access is a right of a thread for a time") {
  void* p = allocate(64);
  {
    const bang::DeviceMemoryAccess outer;
    {
      const bang::DeviceMemoryAccess inner;
      *static_cast<int*>(p) = 5;
    }
    *static_cast<int*>(p) += 1;
  }
  int value = 0;
  CHECK(cnrtMemcpy(&value, p, 4, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(value == 6);
  const Child child = run_in_child([p] {
    cnrtFree(allocate(1));  // puts the handler back
    *static_cast<volatile int*>(p) = 1;
  });
  CHECK(child.signal == SIGSEGV);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("work of a queue runs in order, beside the host and other queues") {
  const cnrtQueue_t a = new_queue(), b = new_queue();
  Gate gate;
  std::vector<int> order;
  struct Push {
    std::vector<int>* order;
    int value;
    static void run(void* push) {
      auto* self = static_cast<Push*>(push);
      self->order->push_back(self->value);
    }
  };
  std::vector<Push> pushes;
  for (int i = 0; i < 100; ++i) pushes.push_back({&order, i});
  CHECK(cnrtInvokeHostFunc(a, &Gate::wait, &gate) == cnrtSuccess);
  for (Push& push : pushes) CHECK(cnrtInvokeHostFunc(a, &Push::run, &push) == cnrtSuccess);
  CHECK(cnrtQueueQuery(a) == cnrtErrorNotReady);
  CHECK(cnrtGetLastError() == cnrtErrorNotReady);
  CHECK(cnrtQueueQuery(b) == cnrtSuccess);
  CHECK(cnrtQueueSync(b) == cnrtSuccess);
  gate.open = true;
  CHECK(cnrtQueueSync(a) == cnrtSuccess);
  CHECK(cnrtQueueQuery(a) == cnrtSuccess);
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));

  // Copies take their place, too.
  std::array<int, 4> in{1, 2, 3, 4}, out{};
  void* p = allocate(sizeof(in));
  CHECK(cnrtMemcpyAsync(p, in.data(), sizeof(in), a, cnrtMemcpyHostToDev) == cnrtSuccess);
  CHECK(cnrtMemsetAsync(p, 0, 4, a) == cnrtSuccess);
  CHECK(cnrtMemcpyAsync_V2(out.data(), p, sizeof(in), a, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(cnrtQueueSync(a) == cnrtSuccess);
  CHECK(out == std::array<int, 4>{0, 2, 3, 4});
  CHECK(cnrtFree(p) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(a) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(b) == cnrtSuccess);
}

TEST_CASE("handles of destroyed queues and notifiers are known") {
  const cnrtQueue_t queue = new_queue();
  const cnrtNotifier_t notifier = new_notifier();
  CHECK(cnrtQueueDestroy(queue) == cnrtSuccess);
  const cnrtQueue_t next = new_queue();
  CHECK(next != queue);
  CHECK(cnrtQueueDestroy(queue) == cnrtErrorInvalidResourceHandle);
  CHECK_THAT(detail_of(cnrtErrorInvalidResourceHandle), ContainsSubstring("was destroyed"));
  CHECK(cnrtQueueSync(queue) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueueQuery(queue) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtPlaceNotifier(notifier, queue) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueueWaitNotifier(notifier, queue, 0) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueueSync(reinterpret_cast<cnrtQueue_t>(notifier)) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueueDestroy(nullptr) == cnrtErrorArgsInvalid);
  CHECK(cnrtQueueCreate(nullptr) == cnrtErrorArgsInvalid);
  CHECK(cnrtNotifierDestroy(notifier) == cnrtSuccess);
  CHECK(cnrtNotifierDestroy(notifier) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtWaitNotifier(notifier) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueryNotifier(nullptr) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtInvokeHostFunc(nullptr, nullptr, nullptr) == cnrtErrorArgsInvalid);
  CHECK(cnrtQueueDestroy(next) == cnrtSuccess);
}

TEST_CASE("a queue can be destroyed while it works, and while others wait for it") {
  for (int i = 0; i < 20; ++i) {
    const cnrtQueue_t queue = new_queue();
    std::atomic<int> done{0};
    for (int k = 0; k < 10; ++k) {
      cnrtInvokeHostFunc(
          queue, [](void* n) { ++*static_cast<std::atomic<int>*>(n); }, &done);
    }
    std::thread waiter([queue] {
      const cnrtRet_t code = cnrtQueueSync(queue);
      CHECK((code == cnrtSuccess || code == cnrtErrorInvalidResourceHandle));
    });
    std::thread device([] { CHECK(cnrtSyncDevice() == cnrtSuccess); });
    CHECK(cnrtQueueDestroy(queue) == cnrtSuccess);
    CHECK(done == 10);
    waiter.join();
    device.join();
  }
}

TEST_CASE("a notifier joins two queues") {
  const cnrtQueue_t a = new_queue(), b = new_queue();
  const cnrtNotifier_t notifier = new_notifier();
  // Not placed anywhere: there is nothing to wait for.
  CHECK(cnrtQueryNotifier(notifier) == cnrtSuccess);
  CHECK(cnrtWaitNotifier(notifier) == cnrtSuccess);
  CHECK(cnrtQueueWaitNotifier(notifier, b, 0) == cnrtSuccess);
  CHECK(cnrtQueueSync(b) == cnrtSuccess);

  Gate gate;
  int value = 5, seen = 0;
  void* p = allocate(4);
  CHECK(cnrtMemset(p, 0, 4) == cnrtSuccess);
  CHECK(cnrtInvokeHostFunc(a, &Gate::wait, &gate) == cnrtSuccess);
  CHECK(cnrtMemcpyAsync(p, &value, 4, a, cnrtMemcpyHostToDev) == cnrtSuccess);
  CHECK(cnrtPlaceNotifier(notifier, a) == cnrtSuccess);
  CHECK(cnrtQueueWaitNotifier(notifier, b, 0) == cnrtSuccess);
  CHECK(cnrtMemcpyAsync(&seen, p, 4, b, cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(cnrtQueryNotifier(notifier) == cnrtErrorNotReady);
  CHECK(cnrtQueryNotifier(notifier) == CNRT_RET_ERR_BUSY);
  CHECK(cnrtQueueQuery(b) == cnrtErrorNotReady);
  gate.open = true;
  CHECK(cnrtWaitNotifier(notifier) == cnrtSuccess);
  CHECK(cnrtQueueSync(b) == cnrtSuccess);
  CHECK(seen == 5);

  // Destroyed while a queue still has to come to it.
  gate.open = false;
  CHECK(cnrtInvokeHostFunc(a, &Gate::wait, &gate) == cnrtSuccess);
  CHECK(cnrtPlaceNotifier(notifier, a) == cnrtSuccess);
  CHECK(cnrtQueueWaitNotifier(notifier, b, 0) == cnrtSuccess);
  CHECK(cnrtNotifierDestroy(notifier) == cnrtSuccess);
  gate.open = true;
  CHECK(cnrtSyncDevice() == cnrtSuccess);
  CHECK(cnrtFree(p) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(a) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(b) == cnrtSuccess);
}

TEST_CASE("notifiers tell simulated time") {
  const cnrtQueue_t a = new_queue(), b = new_queue();
  cnrtNotifier_t start = new_notifier(), end = new_notifier(), other = new_notifier();
  const auto take = [](cnrtQueue_t handle, double us) {
    auto queue = bang::find_queue("test", handle);
    queue->enqueue([us, of = queue.get()] { of->advance(us); });
  };
  float ms = 0, us = 0;
  CHECK(cnrtNotifierElapsedTime(start, end, &ms) == cnrtErrorIllegalState);
  CHECK(cnrtPlaceNotifier(start, a) == cnrtSuccess);
  take(a, 1500);
  CHECK(cnrtPlaceNotifier(end, a) == cnrtSuccess);
  CHECK(cnrtQueueSync(a) == cnrtSuccess);
  CHECK(cnrtNotifierElapsedTime(start, end, &ms) == cnrtSuccess);
  CHECK(cnrtNotifierDuration(start, end, &us) == cnrtSuccess);
  CHECK(ms == Approx(1.5f));
  CHECK(us == Approx(1500.f));
  CHECK(cnrtNotifierDuration(start, end, nullptr) == cnrtErrorArgsInvalid);

  // What the host sends after it has seen the end of `a` starts then, in any queue.
  CHECK(cnrtPlaceNotifier(other, b) == cnrtSuccess);
  CHECK(cnrtQueueSync(b) == cnrtSuccess);
  CHECK(cnrtNotifierDuration(end, other, &us) == cnrtSuccess);
  CHECK(us == Approx(0.f).margin(1e-3));

  // A queue that waits is as late as what it waits for.
  take(a, 200);
  CHECK(cnrtPlaceNotifier(start, a) == cnrtSuccess);
  CHECK(cnrtQueueWaitNotifier(start, b, 0) == cnrtSuccess);
  take(b, 10);
  CHECK(cnrtPlaceNotifier(end, b) == cnrtSuccess);
  CHECK(cnrtSyncDevice() == cnrtSuccess);
  CHECK(cnrtNotifierDuration(start, end, &us) == cnrtSuccess);
  CHECK(us == Approx(10.f).margin(1e-2));

  cnrtNotifier_t untimed = nullptr;
  CHECK(cnrtNotifierCreateWithFlags(&untimed, CNRT_NOTIFIER_DISABLE_TIMING_ALL) == cnrtSuccess);
  CHECK(cnrtNotifierCreateWithFlags(&untimed, 0x100) == cnrtErrorArgsInvalid);
  CHECK(cnrtPlaceNotifier(untimed, a) == cnrtSuccess);
  CHECK(cnrtNotifierElapsedTime(untimed, end, &ms) == cnrtErrorArgsInvalid);
  {
    const DeviceScope scope(1);
    const cnrtQueue_t far = new_queue();
    CHECK(cnrtPlaceNotifier(start, far) == cnrtErrorDevice);
    CHECK(cnrtQueueDestroy(far) == cnrtSuccess);
  }
  for (cnrtNotifier_t* notifier : {&start, &end, &other, &untimed}) {
    CHECK(cnrtNotifierDestroy(notifier) == cnrtSuccess);
  }
  CHECK(cnrtQueueDestroy(a) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(b) == cnrtSuccess);
}

TEST_CASE("a failure in a queue is reported by the first call that waits") {
  const cnrtQueue_t queue = new_queue();
  const auto fail = [](void*) { throw std::runtime_error("kernel Add: 12 bytes too far"); };
  CHECK(cnrtInvokeHostFunc(queue, fail, nullptr) == cnrtSuccess);
  CHECK(cnrtQueueSync(queue) == cnrtErrorKernelTrap);
  CHECK(detail_of(cnrtErrorKernelTrap) == "kernel Add: 12 bytes too far");
  CHECK(cnrtQueueSync(queue) == cnrtSuccess);

  CHECK(cnrtInvokeHostFunc(queue, fail, nullptr) == cnrtSuccess);
  CHECK(cnrtSyncDevice() == cnrtErrorKernelTrap);
  // cnrtFree waits for the queue, and leaves the failure to others.
  void* p = allocate(4);
  CHECK(cnrtInvokeHostFunc(queue, fail, nullptr) == cnrtSuccess);
  CHECK(cnrtFree(p) == cnrtSuccess);
  CHECK(cnrtQueueDestroy(queue) == cnrtErrorKernelTrap);

  CHECK(cnrtInvokeHostFunc(nullptr, fail, nullptr) == cnrtSuccess);
  int value = 0;
  p = allocate(4);
  CHECK(cnrtMemcpy(p, &value, 4, cnrtMemcpyHostToDev) == cnrtErrorKernelTrap);
  CHECK(cnrtMemcpy(p, &value, 4, cnrtMemcpyHostToDev) == cnrtSuccess);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("a function in a queue can not wait for queues") {
  const cnrtQueue_t queue = new_queue();
  struct Codes {
    cnrtQueue_t queue;
    cnrtRet_t sync, destroy, device, wait_all;
  } codes{queue, cnrtSuccess, cnrtSuccess, cnrtSuccess, cnrtSuccess};
  const auto function = [](void* arg) {
    auto* out = static_cast<Codes*>(arg);
    out->sync = cnrtQueueSync(out->queue);
    out->destroy = cnrtQueueDestroy(out->queue);
    out->device = cnrtSyncDevice();
    out->wait_all = cnrtDeviceReset();
  };
  CHECK(cnrtInvokeHostFunc(queue, function, &codes) == cnrtSuccess);
  CHECK(cnrtQueueSync(queue) == cnrtSuccess);
  CHECK(codes.sync == cnrtErrorOpsNotPermitted);
  CHECK(codes.destroy == cnrtErrorOpsNotPermitted);
  CHECK(codes.device == cnrtErrorOpsNotPermitted);
  CHECK(codes.wait_all == cnrtErrorOpsNotPermitted);
  CHECK(cnrtQueueDestroy(queue) == cnrtSuccess);
}

TEST_CASE("many threads share two devices") {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t, &wrong] {
      cnrtSetDevice(t % 2);
      cnrtQueue_t queue = nullptr;
      cnrtQueueCreate(&queue);
      std::vector<int> in(1000), out(1000);
      for (int i = 0; i < 50; ++i) {
        std::fill(in.begin(), in.end(), t * 1000 + i);
        const size_t bytes = in.size() * sizeof(int);
        void *a = nullptr, *b = nullptr;
        cnrtMalloc(&a, bytes);
        cnrtMalloc(&b, bytes);
        cnrtMemcpyAsync(a, in.data(), bytes, queue, cnrtMemcpyHostToDev);
        cnrtMemcpyAsync(b, a, bytes, queue, cnrtMemcpyDevToDev);
        cnrtMemcpyAsync(out.data(), b, bytes, queue, cnrtMemcpyDevToHost);
        if (cnrtQueueSync(queue) != cnrtSuccess || out != in) ++wrong;
        if (cnrtFree(a) != cnrtSuccess || cnrtFree(b) != cnrtSuccess) ++wrong;
      }
      if (cnrtQueueDestroy(queue) != cnrtSuccess) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("cnrtDeviceReset destroys what was made on the device") {
  const DeviceScope scope(1);
  size_t before = 0, after = 0;
  CHECK(cnrtMemGetInfo(&before, nullptr) == cnrtSuccess);
  void* p = allocate(4096);
  const cnrtQueue_t queue = new_queue();
  const cnrtNotifier_t notifier = new_notifier();
  CHECK(cnrtMemsetAsync(p, 0, 4096, queue) == cnrtSuccess);
  CHECK(cnrtSetDevice(0) == cnrtSuccess);
  void* kept = allocate(4096);
  CHECK(cnrtSetDevice(1) == cnrtSuccess);
  CHECK(cnrtDeviceReset() == cnrtSuccess);
  CHECK(cnrtQueueSync(queue) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtQueryNotifier(notifier) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtFree(p) == cnrtErrorArgsInvalid);
  CHECK(cnrtMemGetInfo(&after, nullptr) == cnrtSuccess);
  CHECK(after == before);
  CHECK(cnrtFree(kept) == cnrtSuccess);
}

TEST_CASE("a process ends in spite of work that is pending, running or has failed") {
  const Child pending = run_in_child([] {
    cnrtQueue_t queue = nullptr;
    cnrtQueueCreate(&queue);
    void* p = nullptr;
    cnrtMalloc(&p, 4096);
    cnrtInvokeHostFunc(
        queue, [](void*) { usleep(50000); }, nullptr);
    for (int i = 0; i < 1000; ++i) cnrtMemsetAsync(p, i, 4096, queue);
    cnrtMemsetAsync(p, 0, 4096, nullptr);
  });
  CHECK(pending.exit_code == 0);
  CHECK(pending.errors.find("reel-mlu") == std::string::npos);

  const auto start = std::chrono::steady_clock::now();
  const Child endless = run_in_child([] {
    cnrtInvokeHostFunc(
        nullptr,
        [](void*) {
          while (true) usleep(1000);
        },
        nullptr);
    usleep(20000);
  });
  CHECK(endless.exit_code == 0);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));

  const Child failed = run_in_child([] {
    cnrtInvokeHostFunc(
        nullptr, [](void*) { throw std::runtime_error("kernel Add failed"); }, nullptr);
    usleep(20000);
  });
  CHECK(failed.exit_code == 0);
  CHECK_THAT(failed.errors, ContainsSubstring("kernel Add failed"));

  const Child inside = run_in_child([] {
    cnrtInvokeHostFunc(
        nullptr, [](void*) { std::exit(3); }, nullptr);
    cnrtQueueSync(nullptr);
  });
  CHECK(inside.exit_code == 3);
}

TEST_CASE("CNRT_CHECK prints all that is known and ends the program") {
  const Child child = run_in_child([] {
    void* p = nullptr;
    CNRT_CHECK(cnrtMalloc(&p, 100));
    CNRT_CHECK(cnrtMemset(p, 0, 101));
  });
  CHECK(child.exit_code == 1);
  CHECK_THAT(child.errors, ContainsSubstring("cnrt_test.cpp") &&
                               ContainsSubstring("cnrtMemset(p, 0, 101) failed") &&
                               ContainsSubstring("cnrtErrorArgsInvalid (100006)") &&
                               ContainsSubstring("a block of 100 bytes"));
}

TEST_CASE("kernels are launched by address, old and new") {
  bang::register_kernel("add_to", &add_to);
  std::array<float, 8> host{};
  void* p = allocate(sizeof(host));
  CHECK(cnrtMemset(p, 0, sizeof(host)) == cnrtSuccess);
  const cnrtDim3_t dim{1, 1, 1};
  float value = 2;
  int count = 8;
  std::array<void*, 3> arguments{static_cast<void*>(&p), &value, &count};
  const auto* kernel = reinterpret_cast<const void*>(&add_to);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  value = 100;  // the launch has its copy
  CHECK(cnrtInvokeKernel(&add_to, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);

  const cnrtQueue_t queue = new_queue();
  cnrtKernelParamsBuffer_t params = nullptr;
  CHECK(cnrtGetKernelParamsBuffer(&params) == CNRT_RET_SUCCESS);
  value = 1;
  CHECK(cnrtKernelParamsBufferAddParam(params, &p, sizeof(float*)) == CNRT_RET_SUCCESS);
  CHECK(cnrtKernelParamsBufferAddParam(params, &value, sizeof(float)) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) ==
        cnrtErrorInvalidKernel);
  CHECK_THAT(detail_of(cnrtErrorInvalidKernel),
             ContainsSubstring("add_to has 3 parameters, the buffer has 2"));
  CHECK(cnrtKernelParamsBufferAddParam(params, &count, sizeof(int)) == CNRT_RET_SUCCESS);
  CHECK(cnrtSyncDevice() == cnrtSuccess);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) == CNRT_RET_SUCCESS);
  cnrtKernelInitParam_t init = nullptr;
  CHECK(cnrtCreateKernelInitParam(&init) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V3(kernel, init, dim, params, CNRT_FUNC_TYPE_BLOCK, queue, nullptr) ==
        cnrtErrorInvalidKernel);
  CHECK(cnrtInitKernelMemory(kernel, init) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel_V3(kernel, init, dim, params, CNRT_FUNC_TYPE_BLOCK, queue, nullptr) ==
        CNRT_RET_SUCCESS);
  CHECK(cnrtSyncQueue(queue) == CNRT_RET_SUCCESS);
  CHECK(cnrtMemcpy(host.data(), p, sizeof(host), cnrtMemcpyDevToHost) == cnrtSuccess);
  CHECK(host[0] == 104);
  CHECK(host[7] == 104);

  CHECK(cnrtInvokeKernel(&host, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtErrorInvalidKernel);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, nullptr, 0, nullptr) ==
        cnrtErrorArgsInvalid);
  CHECK(cnrtDestroyKernelInitParamAndMemory(init) == CNRT_RET_SUCCESS);
  CHECK(cnrtDestroyKernelParamsBuffer(params) == CNRT_RET_SUCCESS);
  CHECK(cnrtDestroyKernelParamsBuffer(params) == cnrtErrorInvalidResourceHandle);
  CHECK(cnrtInvokeKernel_V2(kernel, dim, params, CNRT_FUNC_TYPE_BLOCK, queue) ==
        cnrtErrorInvalidResourceHandle);
  CHECK(cnrtDestroyQueue(queue) == CNRT_RET_SUCCESS);
  CHECK(cnrtInvokeKernel(kernel, dim, cnrtFuncTypeBlock, arguments.data(), 0, queue) ==
        cnrtErrorInvalidResourceHandle);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("a kernel that leaves device memory is stopped, and the next one runs") {
  bang::register_kernel("add_to", &add_to);
  void* p = allocate(4096);
  float value = 1;
  int count = 1 << 20;
  std::array<void*, 3> arguments{static_cast<void*>(&p), &value, &count};
  const cnrtDim3_t dim{1, 1, 1};
  CHECK(cnrtInvokeKernel(&add_to, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  CHECK(cnrtQueueSync(nullptr) == cnrtErrorKernelTrap);
  CHECK_THAT(detail_of(cnrtErrorKernelTrap), ContainsSubstring("add_to"));
  count = 4;
  CHECK(cnrtInvokeKernel(&add_to, dim, cnrtFuncTypeBlock, arguments.data(), 0, nullptr) ==
        cnrtSuccess);
  CHECK(cnrtQueueSync(nullptr) == cnrtSuccess);
  CHECK(cnrtFree(p) == cnrtSuccess);
}

TEST_CASE("half, bfloat16 and fixed point are converted on the host") {
  const auto half = [](float value) {
    uint16_t code = 0;
    CHECK(cnrtConvertFloatToHalf(&code, value) == cnrtSuccess);
    return code;
  };
  CHECK(half(1) == 0x3c00);
  CHECK(half(-2) == 0xc000);
  CHECK(half(65504) == 0x7bff);
  CHECK(half(65520) == 0x7c00);  // the tie goes to infinity
  CHECK(half(1 + 1.0f / 2048) == 0x3c00);
  CHECK(half(1 + 3.0f / 2048) == 0x3c02);
  CHECK(half(std::ldexp(1.0f, -24)) == 0x0001);
  CHECK(half(std::ldexp(1.0f, -25)) == 0x0000);
  CHECK(half(std::ldexp(1.0f, -14)) == 0x0400);
  CHECK(half(-0.0f) == 0x8000);
  for (int code = 0; code < 0x10000; ++code) {
    if ((code & 0x7c00) == 0x7c00 && (code & 0x3ff) != 0) continue;  // not a number
    float value = 0;
    cnrtConvertHalfToFloat(&value, static_cast<uint16_t>(code));
    REQUIRE(half(value) == code);
  }
  CHECK(std::isnan([&] {
    float value = 0;
    cnrtConvertHalfToFloat(&value, half(std::numeric_limits<float>::quiet_NaN()));
    return value;
  }()));

  const std::array<float, 5> values{0.5f, -1.25f, 100.f, 3.3f, -200.f};
  std::array<uint16_t, 5> bfloats{};
  CHECK(cnrtCastDataType_V2(values.data(), cnrtFloat, bfloats.data(), cnrtBfloat, 5, nullptr,
                            cnrtRounding_rn) == cnrtSuccess);
  CHECK(bfloats[0] == 0x3f00);
  CHECK(bfloats[3] == 0x4053);
  std::array<int8_t, 5> fixed{};
  cnrtQuantizedParam_t param = nullptr;
  CHECK(cnrtCreateQuantizedParam(&param, -1, 1.0f, 0) == cnrtSuccess);
  CHECK(cnrtCastDataType(values.data(), CNRT_FLOAT32, fixed.data(), CNRT_INT8, 5, param) ==
        CNRT_RET_SUCCESS);
  CHECK(fixed == std::array<int8_t, 5>{1, -2, 127, 7, -128});
  std::array<float, 5> back{};
  CHECK(cnrtCastDataType(fixed.data(), CNRT_INT8, back.data(), CNRT_FLOAT32, 5, param) ==
        CNRT_RET_SUCCESS);
  CHECK(back[3] == 3.5f);
  CHECK(cnrtDestroyQuantizedParam(param) == cnrtSuccess);
  CHECK(cnrtCreateQuantizedParam(&param, 0, 0.0f, 0) == cnrtErrorArgsInvalid);
  CHECK(cnrtDataTypeSize(CNRT_FLOAT16) == 2);
  void* device = allocate(64);
  CHECK(cnrtCastDataType(device, CNRT_FLOAT32, back.data(), CNRT_FLOAT32, 5, nullptr) ==
        cnrtErrorArgsInvalid);
  CHECK(cnrtFree(device) == cnrtSuccess);
}
