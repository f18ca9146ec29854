// checkpoint: a folder from which a killed stream goes on, with the results that it had given out.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <prorata/config.hpp>
#include <string>
#include <string_view>

namespace prorata::events {

/// A file that grows, of which a checkpoint says how much counts.
class growing_file {
 public:
  growing_file() = default;
  growing_file(growing_file const&) = delete;
  growing_file& operator=(growing_file const&) = delete;
  ~growing_file();

  void open(int folder, char const* name, std::string path);
  void append(std::string_view bytes);
  void sync() const;
  /// Cuts off what was written after `size` bytes.
  ///   throws  input_error where there are fewer, or others than those of this checksum
  void go_back(index_t size, std::uint64_t checksum);

  index_t size() const { return size_; }
  std::uint64_t checksum() const { return checksum_; }
  /// Its bytes from `offset` on, as many as there are, at most 1 MiB.
  std::string read(index_t offset) const;

 private:
  void add_to_checksum(std::string_view bytes);

  int descriptor_ = -1;
  std::string path_;
  index_t size_ = 0;
  std::uint64_t checksum_ = 0xcbf29ce484222325;
};

/// A checkpoint names a place in the input, holds the state of all windows there, and how much of the results had been
/// given out. It replaces the one before it as a whole: what a kill or a power cut leaves is one or the other.
///   folder   prorata.state, prorata.results, prorata.late; one job at a time
///   refused  a state that is damaged, or of another job (columns, windows, aggregates, lateness …)
///   cost     the whole state each time: a copy of it in memory, and then a thread that writes it and waits for the
///            disk, while the stream goes on
class checkpoint {
 public:
  /// Opens the folder, which is made where there is none.
  ///   job     what decides about results, as text
  ///   throws  usage_error: no such place, or another job is at it; input_error: a state that is refused
  checkpoint(std::string const& folder, std::string job);
  ~checkpoint();
  checkpoint(checkpoint const&) = delete;
  checkpoint& operator=(checkpoint const&) = delete;

  /// Where a stream stood: a place in the input (see block_source), and what was to be saved.
  struct place {
    std::string input, state;
  };
  /// Where to go on; nothing for a new stream. Results and late records are cut to what they were then.
  std::optional<place> const& found() const { return found_; }

  growing_file results, late;
  /// Begins to write what the results are now and a place that belongs to them; waits for the last time to be done.
  ///   throws  what went wrong the last time: out_of_memory (the disk is full, too), device_error
  void save(place now);
  /// Whether it is still being written.
  bool is_saving() const;
  /// Waits until it is written; throws as save().
  void wait();

 private:
  void load(std::string_view bytes);
  void write(std::string const& head, std::string const& state) const;

  std::string folder_, job_;
  int descriptor_ = -1;
  std::optional<place> found_;
  std::future<void> writing_;
};

}  // namespace prorata::events
