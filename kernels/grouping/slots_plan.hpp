// How large the tables of a group-by are, and how many blocks fill them: arithmetic, testable anywhere.
#pragma once

#include <algorithm>
#include <kernels/launch_shape.hpp>

namespace prorata::cuda {

/// Threads of a block, which share a near table, and rows that each has under way at once.
inline constexpr int group_threads = 1024, group_items = 4;

/// Slots beside the hashed ones for the one key that marks free slots: far, one for each band there may be.
inline constexpr std::uint32_t near_spare = 2, far_spare = 67;

/// Slots that are looked at before a record is refused. Near, few: a full table should say so quickly. Far,
/// enough for a table half full.
inline constexpr std::uint32_t near_probes = 4, far_probes = 64;

/// What of a GPU the plan needs.
struct group_limits {
  int multiprocessors;
  int shared_bytes;  ///< per block, at most
  int l2_bytes;
};

/// Tables, by their hashed slots, and the kernel that fills them.
struct group_slots_plan {
  std::uint32_t near, far;
  launch_shape shape;
};

/// One block per SM with all its shared memory as near table. The far table keeps to half the second-level
/// cache, and to a slot for every fourth row; more groups than that are left to sorting. (None of these
/// sizes was tuned on a GPU yet.)
///   example  2^28 rows, records of 40 bytes, an H100 (227 KiB, 50 MiB): 5809 near slots, 655 360 far ones
inline group_slots_plan plan_group_slots(index_t rows, index_t record_bytes, group_limits const& device) {
  index_t const near = device.shared_bytes / record_bytes - near_spare;
  index_t const far = std::min(std::max<index_t>(rows / 4, 4096), device.l2_bytes / 2 / record_bytes);
  return {static_cast<std::uint32_t>(near), static_cast<std::uint32_t>(std::max<index_t>(far, far_probes)),
          shape_for(rows, index_t{group_threads} * group_items, group_threads, device.multiprocessors,
                    static_cast<std::size_t>((near + near_spare) * record_bytes))};
}

}  // namespace prorata::cuda
