// The memory of the simulated devices. The host cannot touch it: it is open only while a device works, and a
// device sees others' only where they are its peers. Addresses are never given twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace simulated {

/// The device whose memory an address lies in; -1 for the host's.
int device_of(void const* address);

/// Memory of a device, aligned to 256 bytes, with room around it that nobody may write to. Nothing of it can be
/// touched before `begin_life` has run, in the order of a stream, nor after `end_life`; both spoil it.
///   faults   end_life: written to beyond its ends, not allocated, or freed twice
void* reserve(int device, std::size_t bytes);
void begin_life(void* memory);
void end_life(void* memory);
std::size_t size_of(void const* memory);

/// Whether a block of memory of a device holds [address, address + bytes) at this point of a stream.
///   faults   where none does
void require_alive(void const* address, std::size_t bytes, std::string const& what);

/// Whether something was written to each 8 bytes of [address, address + bytes) since they were given out.
///   faults   where nothing was (or exactly the bytes that fresh memory is spoilt with)
void require_written(void const* address, std::size_t bytes);

/// Opens the memory of all devices for as long as the scope lasts; within it, of those alone whose bits are set.
/// (A change costs a call of the system, and more where much memory is in use.)
class opened {
 public:
  opened();
  ~opened();
  opened(opened const&) = delete;
};
void open_only(std::uint64_t devices);

}  // namespace simulated
