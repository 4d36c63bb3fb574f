#pragma once

// Indices on the host: checked there, and turned into the places of rows that kernels move.

#include <optional>
#include <vector>

#include <reel/backends/mlu/kernels/layout.h>

namespace reel::mlu {

/// Row i of a source goes to a row of a destination. Places are in elements from the start.
struct Transfers {
  std::vector<int64_t> from, to;
  int64_t row = 1;  ///< elements of a row
  int64_t count() const { return static_cast<int64_t>(to.size()); }
};

/// The indices of input 1. Waits for the device: an index outside of `size` is an Error at the
/// call, before anything is written. `words` come before "index 5 is out of bounds".
std::vector<int64_t> read_indices(const Call& call, int64_t dim, int64_t size,
                                  const char* words = "");

/// Transfers for each element of the index: `table` is the row-major view whose position along
/// `dim` the index gives, `other` the one that is walked along with the index. From the table to
/// the other one if it is a gather.
Transfers element_transfers(const std::vector<int64_t>& index, const View& index_view,
                            const View& table, const View& other, int64_t dim, bool gathers);
/// The same for slices along `dim` of row-major views; the index has one dimension.
Transfers slice_transfers(const std::vector<int64_t>& index, const View& table, int64_t dim,
                          bool gathers);

/// Of transfers to the same place the last one stays.
Transfers without_overwritten(const Transfers& all);
/// In order of the places they go to; those to the same place in the order they had. `begins` gets
/// the first transfer of each place, and their number.
Transfers by_destination(const Transfers& all, std::vector<int64_t>& begins);

/// Numbers of the host as memory of the device, until the end of the call.
Temporary upload(Device device, const std::vector<int64_t>& numbers);

}  // namespace reel::mlu
