// What commands know of GPUs, whether the CUDA half was built or not.
#pragma once

#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace prorata::jobs {

/// One GPU as `prorata devices` lists it.
struct gpu_info {
  int number;
  std::string name;
  index_t memory_bytes, free_bytes;
  int multiprocessors;
  std::string capability, bus;
};

/// GPUs this process can use; 0 without a driver or without the CUDA half.
int gpu_count();

/// Why there is none, and what to do about it: the end of an error message.
std::string gpu_absence();

std::vector<gpu_info> gpu_list();

/// Bytes of a GPU's memory that nobody has taken.
///   throws  device_error
index_t gpu_free_bytes(int number);

/// A weight for a GPU beside measured CPUs: elements of 4 bytes that reach it in a second. Files are what it
/// works on, and the link is slower than its memory.
double gpu_speed(int number);

}  // namespace prorata::jobs
