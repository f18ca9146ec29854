// Boxes of an array: read along its first dimension, written along its last.
#include <algorithm>
#include <cstring>
#include <host/io/directory.hpp>
#include <host/io/temporary_file.hpp>
#include <host/parallel.hpp>
#include <host/run/c_order.hpp>
#include <thread>

namespace prorata::host {

namespace {

using extents = std::vector<index_t>;

index_t product(extents const& x, std::size_t from, std::size_t to) {
  index_t all = 1;
  for (std::size_t d = from; d < to; ++d) all *= x[d];
  return all;
}

/// The largest boxes of at most `most` elements: first the dimensions between are cut, then the longer of the
/// first, along which is read, and the last, along which is written.
extents box_of(extents const& shape, index_t most) {
  extents box = shape;
  while (product(box, 0, box.size()) > most) {
    auto longest = box.size() > 2 ? std::max_element(box.begin() + 1, box.end() - 1) : box.end();
    if (longest == box.end() || *longest == 1)
      longest = box.front() > box.back() ? box.begin() : box.end() - 1;
    if (*longest == 1) break;
    *longest = (*longest + 1) / 2;
  }
  return box;
}

/// Steps through all places of a box but for its first and last dimension: f(offset in `a`, offset in `b`).
template <class F>
void each_between(extents const& box, extents const& a, extents const& b, F const& f) {
  extents at(box.size(), 0);
  for (index_t in_a = 0, in_b = 0;;) {
    f(in_a, in_b);
    std::size_t d = 1;
    for (; d + 1 < box.size(); ++d) {
      in_a += a[d], in_b += b[d];
      if (++at[d] < box[d]) break;
      in_a -= at[d] * a[d], in_b -= at[d] * b[d];
      at[d] = 0;
    }
    if (d + 1 >= box.size()) return;
  }
}

/// The elements of one box, in C order. `from` is where its first element lies, `stored` how far its neighbours are.
template <class Word>
void gather(std::byte const* from, extents const& box, extents const& stored, extents const& local,
            Word* to) {
  constexpr index_t square = 32;  // both sides of a square stay in cache
  std::size_t const last = box.size() - 1;
  each_between(box, stored, local, [&](index_t source, index_t target) {
    for (index_t i = 0; i < box[0]; i += square)
      for (index_t j = 0; j < box[last]; j += square)
        for (index_t v = j; v < std::min(j + square, box[last]); ++v)
          for (index_t u = i; u < std::min(i + square, box[0]); ++u)
            std::memcpy(&to[target + u * local[0] + v],
                        from + (source + v * stored[last] + u) * index_t{sizeof(Word)}, sizeof(Word));
  });
}

/// The elements of one box, one after another as they are stored; `first` is the first of them.
std::unique_ptr<std::byte[]> read_box(io::file_column const& from, index_t first, extents const& shape,
                                      extents const& box, extents const& stored) {
  std::size_t const dimensions = box.size();
  std::size_t whole = 0;  // the box has all of the dimensions before this one, so that they lie together
  while (whole + 1 < dimensions && box[whole] == shape[whole]) ++whole;
  index_t const size = io::size_of(from.array().type), run = product(box, 0, whole + 1),
                runs = product(box, whole + 1, dimensions);
  auto elements = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(run * runs * size));
  for (index_t k = 0; k < runs; ++k) {
    index_t at = first, rest = k;
    for (std::size_t d = whole + 1; d < dimensions; rest /= box[d++]) at += rest % box[d] * stored[d];
    from.read_stored(at, at + run, elements.get() + k * run * size);
  }
  return elements;
}

}  // namespace

void for_each_in_c_order(io::file_column const& from, index_t room, write_at const& write,
                         std::function<void(index_t)> const& done) {
  extents shape;  // dimensions of one element are no dimensions
  for (index_t const n : from.array().shape)
    if (n != 1) shape.push_back(n);
  while (shape.size() < 2) shape.insert(shape.begin(), 1);
  std::size_t const dimensions = shape.size(), last = dimensions - 1;
  if (product(shape, 0, dimensions) == 0) return;
  index_t const size = io::size_of(from.array().type), threads = std::thread::hardware_concurrency();
  extents const box = box_of(shape, std::max<index_t>(room / 2 / size / std::max<index_t>(threads, 1), 1024));
  extents stored(dimensions, 1), in_c(dimensions, 1), boxes(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    stored[d] = product(shape, 0, d);
    in_c[d] = product(shape, d + 1, dimensions);
    boxes[d] = (shape[d] + box[d] - 1) / box[d];
  }
  host::for_each_block(product(boxes, 0, dimensions), [&](index_t number) {
    extents begin(dimensions), mine(dimensions), local(dimensions, 1);
    index_t first = 0, first_in_c = 0;
    for (std::size_t d = dimensions; d-- > 0; number /= boxes[d]) {
      begin[d] = number % boxes[d] * box[d];
      mine[d] = std::min(box[d], shape[d] - begin[d]);
      first += begin[d] * stored[d];
      first_in_c += begin[d] * in_c[d];
    }
    for (std::size_t d = 0; d < dimensions; ++d) local[d] = product(mine, d + 1, dimensions);
    index_t const count = product(mine, 0, dimensions);
    auto const elements = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(count * size));
    auto const source = read_box(from, first, shape, mine, stored);
    extents in_box(dimensions, 1);
    for (std::size_t d = 1; d < dimensions; ++d) in_box[d] = in_box[d - 1] * mine[d - 1];
    auto const gather_as = [&]<class Word>(Word) {
      gather(source.get(), mine, in_box, local, reinterpret_cast<Word*>(elements.get()));
    };
    switch (size) {
      case 1:
        gather_as(std::uint8_t{});
        break;
      case 2:
        gather_as(std::uint16_t{});
        break;
      case 4:
        gather_as(std::uint32_t{});
        break;
      default:
        gather_as(std::uint64_t{});
    }
    // Rows of the box follow each other where they are whole rows of the array.
    index_t run = mine[last];
    std::size_t whole = last;
    while (whole > 0 && mine[whole] == shape[whole]) run *= mine[--whole];
    for (index_t at = 0; at < count; at += run) {
      index_t place = first_in_c, rest = at;
      for (std::size_t d = 0; d < dimensions; ++d) {
        place += rest / local[d] * in_c[d];
        rest %= local[d];
      }
      write(place * size, {elements.get() + at * size, static_cast<std::size_t>(run * size)});
    }
    done(count * size);
  });
}

void store_in_c_order(io::file_column& array, std::string const& folder, index_t memory,
                      std::function<void(index_t)> const& done) {
  constexpr index_t least_room = index_t{4} << 20, most_room = index_t{64} << 20;
  if (!array.reordered()) return;
  std::string const name = folder + "/temporary file";
  io::directory const in(folder, name);
  io::temporary_file copy(in, "order", name, io::temporary_kind::unnamed);
  copy.take_name();
  copy.require_room(array.array().data_bytes);
  for_each_in_c_order(
      array, std::clamp(memory / 2, least_room, most_room),
      [&](index_t place, std::span<std::byte const> piece) { copy.write(place, piece); }, done);
  array.file().check_unchanged();
  array.use_copy_in_c_order({copy.descriptor(), array.array().path});
}

}  // namespace prorata::host
