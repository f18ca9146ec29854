// A record's fields, read.
#include <algorithm>
#include <host/events/record_parser.hpp>
#include <host/io/printable.hpp>
#include <prorata/windows.hpp>

namespace prorata::events {

void add_record(row_schema const& schema, std::vector<text_ref> const& fields, std::string_view line,
                index_t number, std::vector<double>& values, row_batch& to) {
  auto const wrong = [&](std::string reason) { to.malformed.push_back({number, std::move(reason)}); };
  auto const quoted = [&](std::uint32_t column) {
    return std::string("'").append(io::printable(fields[column].view(), 40)) + "' in column " +
           io::printable(schema.names[column], 40);
  };
  std::int64_t t;
  if (!parse_integer(fields[schema.time], t))
    return wrong("a time is a whole number, not " + quoted(schema.time));
  if (t < -largest_event_time || t > largest_event_time)
    return wrong("times are within 2^61, not " + quoted(schema.time));
  values.resize(schema.numbers.size());
  for (std::size_t c = 0; c < values.size(); ++c)
    if (!parse_number(fields[schema.numbers[c]], values[c]))
      return wrong("no number: " + quoted(schema.numbers[c]));
  if (to.times.empty()) to.first = to.least = to.largest = t;
  to.least = std::min(to.least, t), to.largest = std::max(to.largest, t);
  to.times.push_back(t);
  if (schema.key >= 0) to.keys.push_back(fields[static_cast<std::uint32_t>(schema.key)]);
  for (std::size_t c = 0; c < values.size(); ++c) to.numbers[c].push_back(values[c]);
  for (std::size_t c = 0; c < schema.texts.size(); ++c) to.texts[c].push_back(fields[schema.texts[c]]);
  to.lines.push_back({line.data(), static_cast<std::uint32_t>(line.size())});
}

}  // namespace prorata::events
