// Records by the rows of tables.
#include <algorithm>
#include <charconv>
#include <host/events/table_join.hpp>
#include <prorata/error.hpp>

namespace prorata::events {

namespace {

std::uint64_t checksum_of_rows(std::vector<std::uint64_t> const& keys,
                               std::vector<std::string> const& values) {
  byte_writer to;
  to.put_list(keys);
  for (auto const& v : values) to.put_text(v);
  return checksum_of(to.bytes);
}

}  // namespace

lookup_table::lookup_table(std::vector<std::uint64_t> const& keys, bool are_signed,
                           std::vector<std::string> const& values, int threads)
    : are_signed_(are_signed),
      checksum_(checksum_of_rows(keys, values)),
      rows_(hash_map_options{.threads = threads}) {
  std::size_t bytes = 2 * text_margin;
  for (auto const& v : values) bytes += v.size();
  pool_.reserve(bytes);
  pool_.append(text_margin, '\0');
  for (auto const& v : values) {
    texts_.push_back({pool_.data() + pool_.size(), static_cast<std::uint32_t>(v.size())});
    pool_ += v;
  }
  pool_.append(text_margin, '\0');
  numbers_.resize(values.size());
  for (std::size_t k = 0; k < values.size(); ++k)
    require(parse_number(texts_[k], numbers_[k]), "lookup_table: a value is no number");
  std::vector<std::uint64_t> places(keys.size());
  for (std::size_t k = 0; k < places.size(); ++k) places[k] = k;
  rows_.reserve(std::ssize(keys));
  rows_.insert_or_assign(keys, places);
}

void lookup_table::find(std::vector<text_ref> const& texts, std::vector<std::uint64_t>& rows) const {
  auto const table = rows_.ref();
  rows.assign(texts.size(), nowhere);
  for (std::size_t k = 0; k < texts.size(); ++k) {
    std::int64_t number;
    std::uint64_t key;
    if (parse_integer(texts[k], number)) {
      if (number < 0 && !are_signed_) continue;
      key = static_cast<std::uint64_t>(number);
    } else {  // beyond 2^63, where keys may be that
      char const* const end = texts[k].data + texts[k].size;
      auto const [at, error] = std::from_chars(texts[k].data, end, key);
      if (are_signed_ || error != std::errc{} || at != end) continue;
    }
    if (auto const* row = table.find(key)) rows[k] = *row;
  }
}

namespace {

class parser : public record_parser {
 public:
  parser(make_parser const& of, row_schema const& schema, std::uint32_t columns,
         std::vector<joined_column> const& joined)
      : schema_(schema), columns_(columns), joined_(joined), rows_(joined.size()) {
    row_schema inner = schema;
    inner.columns = columns;
    auto const is_joined = [&](std::uint32_t column) { return column >= columns; };
    if (schema.key >= 0 && is_joined(static_cast<std::uint32_t>(schema.key))) inner.key = -1;
    std::erase_if(inner.numbers, is_joined);
    std::erase_if(inner.texts, is_joined);
    own_texts_ = inner.texts.size();
    for (auto const& j : joined) inner.texts.push_back(j.by);
    of_ = of(inner);
  }

  bool parse(std::string_view text, row_batch& to) override {
    if (!of_->parse(text, to)) return false;
    auto const count = static_cast<std::size_t>(to.size());
    kept_.clear();
    for (std::size_t j = 0; j < joined_.size(); ++j)
      joined_[j].table->find(to.texts[own_texts_ + j], rows_[j]);
    for (std::size_t r = 0; r < count; ++r)
      if (std::all_of(rows_.begin(), rows_.end(),
                      [r](auto const& of_table) { return of_table[r] != lookup_table::nowhere; }))
        kept_.push_back(static_cast<std::uint32_t>(r));
    to.unmatched = static_cast<index_t>(count - kept_.size());
    if (to.unmatched > 0) leave_out(to);
    add_columns(to);
    return true;
  }

  std::string_view line(row_batch const& rows, index_t r) const override { return of_->line(rows, r); }

 private:
  template <class T>
  void keep(std::vector<T>& column) const {
    for (std::size_t k = 0; k < kept_.size(); ++k) column[k] = column[kept_[k]];
    column.resize(kept_.size());
  }

  void leave_out(row_batch& to) {
    if (to.lines.empty())  // they are no longer where their numbers say
      for (index_t r = 0; r < to.size(); ++r) {
        auto const line = of_->line(to, r);
        lines_.push_back({line.data(), static_cast<std::uint32_t>(line.size())});
      }
    if (to.lines.empty()) to.lines.swap(lines_);
    lines_.clear();
    keep(to.times), keep(to.lines);
    if (!to.keys.empty()) keep(to.keys);
    for (auto& column : to.numbers) keep(column);
    for (auto& column : to.texts) keep(column);
    for (auto& column : rows_) keep(column);
    to.first = to.least = to.largest = 0;
    if (to.times.empty()) return;
    auto const [least, largest] = std::minmax_element(to.times.begin(), to.times.end());
    to.first = to.times.front(), to.least = *least, to.largest = *largest;
  }

  /// Columns in the order of the schema.
  void add_columns(row_batch& to) const {
    auto const count = static_cast<std::size_t>(to.size());
    to.texts.resize(own_texts_);
    std::vector<std::vector<double>> numbers;
    std::vector<std::vector<text_ref>> texts;
    for (auto own = to.numbers.begin(); std::uint32_t const column : schema_.numbers) {
      if (column < columns_) {
        numbers.push_back(std::move(*own++));
        continue;
      }
      auto& values = numbers.emplace_back(count);
      auto const& rows = rows_[column - columns_];
      auto const& table = *joined_[column - columns_].table;
      for (std::size_t r = 0; r < count; ++r) values[r] = table.number(rows[r]);
    }
    for (auto own = to.texts.begin(); std::uint32_t const column : schema_.texts) {
      texts.push_back(column < columns_ ? std::move(*own++) : texts_of(column, count));
    }
    to.numbers.swap(numbers), to.texts.swap(texts);
    if (schema_.key >= 0 && static_cast<std::uint32_t>(schema_.key) >= columns_)
      to.keys = texts_of(static_cast<std::uint32_t>(schema_.key), count);
  }

  std::vector<text_ref> texts_of(std::uint32_t column, std::size_t count) const {
    std::vector<text_ref> texts(count);
    auto const& rows = rows_[column - columns_];
    auto const& table = *joined_[column - columns_].table;
    for (std::size_t r = 0; r < count; ++r) texts[r] = table.text(rows[r]);
    return texts;
  }

  row_schema schema_;
  std::uint32_t columns_;
  std::vector<joined_column> joined_;
  std::unique_ptr<record_parser> of_;
  std::size_t own_texts_;
  std::vector<std::vector<std::uint64_t>> rows_;  // of each table
  std::vector<std::uint32_t> kept_;
  std::vector<text_ref> lines_;
};

}  // namespace

make_parser joining_parser(make_parser of, std::uint32_t columns, std::vector<joined_column> joined) {
  return [of = std::move(of), columns, joined = std::move(joined)](row_schema const& schema) {
    return std::make_unique<parser>(of, schema, columns, joined);
  };
}

}  // namespace prorata::events
