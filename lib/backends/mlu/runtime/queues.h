#pragma once

// What the C API asks of queues beyond device.h.

namespace bang {

/// True in work of a queue, which must not wait for queues.
bool in_queue_thread();

/// The host knows that a device has come to this simulated time: what it sends later starts later.
void host_saw(int device, double time_us);

/// Waits for all queues of a device and leaves their failures where they are.
void finish_device(int device);

}  // namespace bang
