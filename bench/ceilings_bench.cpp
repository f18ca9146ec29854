// The ceilings themselves, for the header of the report.
#include <bench/ceilings.hpp>
#include <bench/settings.hpp>

namespace prorata::bench {

void add_ceilings(hall& h) {
  auto const alone = [&h](std::string const& name, index_t streams, auto make) {
    h.add("ceiling/" + name, [&h, streams, make] {
      h.memory.fill<double>();
      h.memory.forget();
      return contest{streams * h.memory.bytes(), {make()}, {}};
    });
  };
  alone("read", 1, [&h] { return read_ceiling(h.memory, 1); });
  alone("copy", 2, [&h] { return copy_ceiling(h.memory); });
  alone("triad", 3, [&h] { return triad_ceiling(h.memory); });
}

}  // namespace prorata::bench
