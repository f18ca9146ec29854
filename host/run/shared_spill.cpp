// Names and places of extents travel; the bytes stay where they are.
#include <algorithm>
#include <host/run/shared_spill.hpp>

namespace prorata::host {

shared_spill::shared_spill(std::string folder, int ranges, index_t expected, processes const& of)
    : folder_(std::move(folder)),
      of_(of),
      mine_(folder_, ranges, expected, io::temporary_kind::unnamed, !of.alone()) {}

void shared_spill::share() {
  if (of_.alone()) return;
  io::spill::shared mine;
  of_.together([&] { mine = mine_.share(); });
  auto const names = of_.gather_apart(std::vector<char>(mine.name.begin(), mine.name.end()));
  auto const extents = of_.gather_apart(mine.extents);
  of_.together([&] {
    for (int p = 0; p < of_.count(); ++p) {
      auto const& name = names[static_cast<std::size_t>(p)];
      others_.push_back(p == of_.number() ? nullptr
                                          : std::make_unique<io::spill>(
                                                folder_, ranges(),
                                                io::spill::shared{{name.begin(), name.end()},
                                                                  extents[static_cast<std::size_t>(p)]}));
    }
  });
  mine_.take_name();  // all have it open
}

template <class F>
void shared_spill::each(F const& f) const {
  if (others_.empty()) f(mine_);
  for (auto const& other : others_) f(other ? *other : mine_);
}

index_t shared_spill::bytes(int range) const {
  index_t all = 0;
  each([&](io::spill const& one) { all += one.bytes(range); });
  return all;
}

void shared_spill::read(int range, index_t offset, std::span<std::byte> into) const {
  each([&](io::spill const& one) {
    index_t const has = one.bytes(range);
    if (into.empty()) return;
    if (offset < has) {
      auto const some = std::min(into.size(), static_cast<std::size_t>(has - offset));
      one.read(range, offset, into.first(some));
      into = into.subspan(some);
      offset = 0;
    } else {
      offset -= has;
    }
  });
}

void shared_spill::forget(int range) noexcept {
  mine_.forget(range);
  for (auto const& other : others_)
    if (other) other->forget(range);
}

}  // namespace prorata::host
