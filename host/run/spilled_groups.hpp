// spilled_groups: rows and records of a group-by on disk, by range of keys.
#pragma once

#include <host/group_by.hpp>
#include <host/run/shared_spill.hpp>
#include <mutex>
#include <optional>
#include <string>

namespace prorata::host {

/// Made when the first ones arrive: a job that fits memory needs no folder.
class spilled_groups final : public group_overflow {
 public:
  /// with_values: else the values of rows are not kept, and come back as 0.
  ///   of  who spills to it, and reads what all have spilled when it is shared
  spilled_groups(std::string folder, bool with_values, index_t record_bytes, processes const& of)
      : folder_(std::move(folder)),
        of_(of),
        row_bytes_(with_values ? sizeof(group_row) : sizeof(std::uint64_t)),
        record_bytes_(record_bytes) {}

  /// Before the first arrive: how many ranges there will be.
  void open(index_t ranges) { ranges_ = ranges; }
  /// When this process's have all arrived, and those of all the others.
  void share();

  void rows(index_t range, std::span<group_row const> rows) override;
  void records(index_t range, std::span<std::byte const> records) override;

  bool used() const { return file_.has_value(); }
  index_t bytes_on_disk() const;
  index_t bytes_on_disk(index_t range) const {
    return file_->bytes(place_of_rows(range)) + file_->bytes(place_of_records(range));
  }
  index_t rows_in(index_t range) const { return file_->bytes(place_of_rows(range)) / row_bytes_; }
  index_t records_in(index_t range) const { return file_->bytes(place_of_records(range)) / record_bytes_; }

  /// Rows, or records, from `first` on. From any thread, when all have arrived.
  void read_rows(index_t range, index_t first, std::span<group_row> to) const;
  void read_records(index_t range, index_t first, std::span<std::byte> to) const {
    file_->read(place_of_records(range), first * record_bytes_, to);
  }

  void forget(index_t range) noexcept {
    file_->forget(place_of_rows(range));
    file_->forget(place_of_records(range));
  }

 private:
  static int place_of_rows(index_t range) { return static_cast<int>(2 * range); }
  static int place_of_records(index_t range) { return static_cast<int>(2 * range + 1); }
  shared_spill& file();

  std::string folder_;
  processes const& of_;
  index_t ranges_ = 0, row_bytes_, record_bytes_;
  std::mutex mutex_;  // of making the file
  std::optional<shared_spill> file_;
};

}  // namespace prorata::host
