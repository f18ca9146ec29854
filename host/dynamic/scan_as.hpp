// A scan of elements that are read as T, whatever the file holds and the output takes.
#pragma once

#include <functional>
#include <host/algorithms/scan_column.hpp>
#include <host/dynamic/scans.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/run/scan_forms.hpp>
#include <host/run/store.hpp>
#include <memory>
#include <prorata/groups.hpp>

namespace prorata::dynamic {

/// Writes results as elements of the output's type. One scan serves all types of outputs.
template <class T>
std::function<void(piece, T const*)> writer_of(io::array_sink const& out) {
  return io::visit(out.type(), [&](auto tag) -> std::function<void(piece, T const*)> {
    using Stored = typename decltype(tag)::type;
    return [&out](piece p, T const* results) {
      auto const n = static_cast<std::size_t>(p.end - p.begin);
      auto const elements = std::make_unique_for_overwrite<Stored[]>(n);
      for (std::size_t i = 0; i < n; ++i) elements[i] = host::stored<Stored>(results[i]);
      out.write(p.begin, std::as_bytes(std::span(elements.get(), n)));
    };
  });
}

template <class T>
void scan_as(scan_job const& job) {
  auto const& column = *job.scan.source;
  io::decoded<T> const source(column.array());
  auto const load = [&](piece p, T* to) {
    if (source.as_stored()) return column.read_stored(p.begin, p.end, reinterpret_cast<std::byte*>(to));
    io::each_window(column, p.begin, p.end, [&](std::byte const* stored, index_t first, index_t n) {
      source.decode(stored, n, to + (first - p.begin));
    });
  };
  auto const store = writer_of<T>(job.out);
  auto const by = [&]<class Op>(Op) {
    host::scan_column(job.run, host::scan_form_of<Op>(job.scan.exclusive), load, store, &job.scan, &job.out);
  };
  switch (job.scan.op) {
    case scan_operation::sum:
      return by(plus<T>{});
    case scan_operation::product:
      return by(multiplies<T>{});
    case scan_operation::least:
      return by(minimum<T>{});
    case scan_operation::greatest:
      return by(maximum<T>{});
  }
}

}  // namespace prorata::dynamic
