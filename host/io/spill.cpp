// One temporary file, a list of extents for each range, holes where a range was.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <host/io/emergency.hpp>
#include <host/io/spill.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>

namespace prorata::io {

namespace {

std::string path_in(std::string const& folder) { return (folder.empty() ? "." : folder) + "/temporary file"; }

}  // namespace

spill::spill(std::string const& folder, int ranges, index_t expected, temporary_kind kind, bool to_share)
    : folder_(folder.empty() ? "." : folder, path_in(folder)),
      file_(folder_, "spill", path_in(folder), kind),
      extents_(static_cast<std::size_t>(ranges)) {
  if (!to_share) file_.take_name();
  file_.require_room(expected);
}

spill::spill(std::string const& folder, int ranges, shared const& of)
    : folder_(folder.empty() ? "." : folder, path_in(folder)),
      file_(folder_, of.name, path_in(folder)),
      extents_(static_cast<std::size_t>(ranges)) {
  for (auto const& e : of.extents) add(static_cast<int>(e.range), e.place, e.bytes);
}

spill::shared spill::share() {
  {
    emergency::deferral const until_it_is_noted;
    file_.give_name();
  }
  shared all{file_.name(), {}};
  for (int range = 0; range < ranges(); ++range)
    for (auto const& e : extents_[static_cast<std::size_t>(range)])
      all.extents.push_back({range, e.place, e.bytes});
  return all;
}

void spill::add(int range, index_t place, index_t size) {
  auto& list = extents_[static_cast<std::size_t>(range)];
  index_t const before = list.empty() ? 0 : list.back().before + list.back().bytes;
  list.push_back({place, before, size});
}

void spill::append(int range, std::span<std::byte const> data) {
  if (data.empty()) return;
  auto const size = static_cast<index_t>(data.size());
  index_t place;
  {
    std::lock_guard const lock(mutex_);
    place = end_;
    end_ += size;
    add(range, place, size);
  }
  file_.write(place, data);
}

index_t spill::bytes(int range) const {
  auto const& list = extents_[static_cast<std::size_t>(range)];
  return list.empty() ? 0 : list.back().before + list.back().bytes;
}

index_t spill::disk_bytes() const {
  struct stat status;
  if (::fstat(file_.descriptor(), &status) != 0) fail_writing(file_.path(), "look at", errno);
  constexpr index_t block = 512;  // whatever the file system's is
  return status.st_blocks * block;
}

void spill::read(int range, index_t offset, std::span<std::byte> into) const {
  auto const& list = extents_[static_cast<std::size_t>(range)];
  require(offset >= 0 && offset + static_cast<index_t>(into.size()) <= bytes(range),
          "spill: a range is read within its bounds");
  auto e = std::partition_point(list.begin(), list.end(),
                                [&](extent const& x) { return x.before + x.bytes <= offset; });
  while (!into.empty()) {
    index_t const within = offset - e->before;
    auto const wanted = std::min(into.size(), static_cast<std::size_t>(e->bytes - within));
    file_.read(e->place + within, into.first(wanted));
    offset += static_cast<index_t>(wanted);
    into = into.subspan(wanted);
    if (offset == e->before + e->bytes) ++e;
  }
}

void spill::forget(int range) noexcept {
  for (auto const& e :
       extents_[static_cast<std::size_t>(range)])  // where holes cannot be made, the end does it
    ::fallocate(file_.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, e.place, e.bytes);
  extents_[static_cast<std::size_t>(range)].clear();
}

}  // namespace prorata::io
