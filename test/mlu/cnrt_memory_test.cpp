// The C API of the MLU simulator: device memory, copies, and who may touch it.

#include <array>
#include <cnrt.h>
#include <cstring>
#include <numeric>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/cnrt_state.h>

#include "cnrt_support.h"

using Catch::Matchers::ContainsSubstring;
using namespace test::mlu;

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
