// Rows without values take half the place: only their keys are written.
#include <host/run/spilled_groups.hpp>
#include <vector>

namespace prorata::host {

shared_spill& spilled_groups::file() {
  std::lock_guard const lock(mutex_);
  if (!file_) file_.emplace(folder_, static_cast<int>(2 * ranges_), 0, of_);
  return *file_;
}

void spilled_groups::share() {
  of_.together([&] { static_cast<void>(file()); });
  file().share();
}

void spilled_groups::rows(index_t range, std::span<group_row const> rows) {
  if (row_bytes_ == sizeof(group_row)) return file().append(place_of_rows(range), std::as_bytes(rows));
  std::vector<std::uint64_t> keys;
  keys.reserve(rows.size());
  for (auto const& r : rows) keys.push_back(r.key);
  file().append(place_of_rows(range), std::as_bytes(std::span<std::uint64_t const>(keys)));
}

void spilled_groups::records(index_t range, std::span<std::byte const> records) {
  file().append(place_of_records(range), records);
}

void spilled_groups::read_rows(index_t range, index_t first, std::span<group_row> to) const {
  int const place = place_of_rows(range);
  if (row_bytes_ == sizeof(group_row))
    return file_->read(place, first * row_bytes_, std::as_writable_bytes(to));
  std::vector<std::uint64_t> keys(to.size());
  file_->read(place, first * row_bytes_, std::as_writable_bytes(std::span(keys)));
  for (std::size_t i = 0; i < keys.size(); ++i) to[i] = {keys[i], 0};
}

index_t spilled_groups::bytes_on_disk() const {
  index_t total = 0;
  for (int place = 0; used() && place < file_->ranges(); ++place) total += file_->bytes(place);
  return total;
}

}  // namespace prorata::host
