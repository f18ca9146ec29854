// One range of a spill a column.
#include <host/run/held_results.hpp>

namespace prorata::host {

void held_results::hold(index_t place, columns const& some) {
  std::lock_guard const lock(mutex_);  // each range gets its bytes in the order of the entries
  auto& bytes = entries_.emplace_back(entry{place, {}}).bytes;
  for (int c = 0; c < file_.ranges(); ++c) {
    auto const& column = some[static_cast<std::size_t>(c)];
    file_.append(c, column);
    bytes.push_back(std::ssize(column));
  }
}

void held_results::release(std::function<void(index_t, columns const&)> const& take) const {
  auto const count = static_cast<std::size_t>(file_.ranges());
  std::vector<index_t> at(count, 0);
  std::vector<std::vector<std::byte>> room(count);
  for (auto const& e : entries_) {
    columns some;
    for (std::size_t c = 0; c < count; ++c) {
      room[c].resize(static_cast<std::size_t>(e.bytes[c]));
      file_.read(static_cast<int>(c), at[c], room[c]);
      at[c] += e.bytes[c];
      some.emplace_back(room[c]);
    }
    take(e.place, some);
  }
}

}  // namespace prorata::host
