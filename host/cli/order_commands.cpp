// prorata quantile and prorata topk: exact, in a few reads of a file, whatever fits memory.
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/order_statistics.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

quantile_method method_named(std::string_view name) {
  constexpr std::pair<char const*, quantile_method> known[] = {{"linear", quantile_method::linear},
                                                               {"lower", quantile_method::lower},
                                                               {"higher", quantile_method::higher},
                                                               {"nearest", quantile_method::nearest},
                                                               {"midpoint", quantile_method::midpoint}};
  for (auto const& [text, method] : known)
    if (name == text) return method;
  throw usage_error("--interpolation '" + io::printable(name, 60) +
                    "': expected linear, lower, higher, nearest or midpoint");
}

std::unique_ptr<input> only_input(io::job_files& files, options const& o, char const* name) {
  auto in = std::move(open_inputs(files, o.inputs, o).front());
  if (in->count() == 0)
    throw input_error(io::printable(in->array().path) + ": the array is empty; " + name +
                      " of nothing has no value");
  return in;
}

}  // namespace

void quantile_command(command_line& command, io::job_files& files) {
  options o;
  std::vector<double> q;
  auto method = quantile_method::linear;
  command.required("quantiles", q, [](auto const& text) { return parse_numbers(text, "quantile"); });
  add_input(command, o);
  command.option("--interpolation", method, method_named);
  add_job_options(command, o);
  command.parse();
  for (double const one : q)
    require(one >= 0 && one <= 1, "quantile " + shortest(number(one)) + ": it must be a number from 0 to 1");
  auto const in = only_input(files, o, "quantile");
  session job(files, o, {in.get()}, io::size_of(in->array().type), "quantile");
  auto const values = dynamic::quantiles(job.passes(), *in, q, method, o.memory.bytes);
  dynamic::answer found;
  for (std::size_t k = 0; k < q.size(); ++k) found.push_back({shortest(number(q[k])), values[k]});
  job.finish();
  report(job, o, "quantile", *in, found);
}

void topk_command(command_line& command, io::job_files& files) {
  options o;
  index_t asked = 0;
  bool smallest = false;
  command.required("k", asked, [](auto const& text) { return parse_index(text, "topk: how many", 1); });
  add_input(command, o);
  command.flag("--smallest", smallest);
  add_job_options(command, o);
  command.parse();
  auto const in = only_input(files, o, "topk");
  index_t const budget = o.memory.bytes, k = std::min(asked, in->count());
  if (k > budget / 64)
    throw out_of_memory("topk: " + std::to_string(k) + " elements and their order need " +
                        std::to_string(k * 64) + " bytes, --memory allows " + o.memory.text +
                        "; raise it or ask for fewer");
  session job(files, o, {in.get()}, io::size_of(in->array().type), "topk");
  auto const found = dynamic::first_in_order(
      job.passes(), *in, smallest ? direction::ascending : direction::descending, k, budget);
  job.finish();
  if (is_described(job, o)) {
    auto const result = [&](index_t j) {
      auto const& f = found[static_cast<std::size_t>(j)];
      auto one = json_of(f.value);
      if (auto const where = in->position(f.index); !where.empty()) one["where"] = where;
      one["index"] = f.index;
      return one;
    };
    nlohmann::json const others{
        {"op", "topk"},
        {"n", in->count()},
        {"dtype", io::describe(in->array().type).code},
        {"plan", pictures::plan_json(plan_of(job.devices(), job.weights(), job.cuts()))},
        {"seconds", job.seconds()},
        {"bytes", job.bytes()}};
    job.describe(with_list(others, "result", k, result));
    if (o.json) {
      printed_object const out;
      out.list("result", k, result);
      return out.finish(others);
    }
  }
  print("{} of {} of {}\n", k, count_text(in->count(), "element"), io::name_of(in->array().type));
  for (auto const& f : found)
    print("  {:<25} {:>19} {}\n", shortest(f.value), f.index, in->position(f.index));
}

}  // namespace prorata::cli
