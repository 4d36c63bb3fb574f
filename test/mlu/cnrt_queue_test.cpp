// The C API of the MLU simulator: queues and notifiers.

#include <array>
#include <atomic>
#include <chrono>
#include <cnrt.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <reel/backends/mlu/runtime/cnrt_state.h>

#include "cnrt_support.h"

using Catch::Matchers::ContainsSubstring;
using namespace test::mlu;

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
