// Models of time, and the search for shares that end together.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <prorata/balance.hpp>
#include <prorata/error.hpp>
#include <string>

namespace prorata {

namespace {

constexpr std::size_t most_samples = 16;
constexpr index_t most_runs = 16;    // of which a sample is the average
constexpr double same_size = 1.25;   // up to this ratio, sizes are one sample
constexpr double surprising = 1.25;  // and times are as expected
constexpr int idle_rounds = 30;      // after which a rank without elements is tried again
constexpr double noise = 1.1;        // by which a larger run may have been shorter

bool is_positive(double x) { return x > 0 && x <= std::numeric_limits<double>::max(); }

double ratio_of(double a, double b) { return a > b ? a / b : b / a; }

}  // namespace

time_model::time_model(std::vector<sample> samples) : samples_(std::move(samples)) {
  require(samples_.size() <= most_samples, "a model of time has 16 sizes at most");
  double before = 0;
  for (auto const& s : samples_) {
    require(is_positive(s.elements) && is_positive(s.seconds) && s.runs > 0 && s.elements > before,
            "a model of time has sizes in ascending order, and positive times");
    before = s.elements;
  }
}

void time_model::learn(index_t n, double seconds) {
  require(n >= 1 && is_positive(seconds), "a run has at least one element, and takes a positive time");
  sample const now{static_cast<double>(n), seconds, 1};
  auto const near = std::min_element(samples_.begin(), samples_.end(), [&](sample const& a, sample const& b) {
    return ratio_of(a.elements, now.elements) < ratio_of(b.elements, now.elements);
  });
  if (near == samples_.end() || ratio_of(near->elements, now.elements) > same_size) {
    surprised_ = 0;
    forget_what_contradicts(now);
    samples_.insert(
        std::upper_bound(samples_.begin(), samples_.end(), now,
                         [](sample const& a, sample const& b) { return a.elements < b.elements; }),
        now);
    if (samples_.size() > most_samples) {  // the one whose neighbours say most about it
      auto least = samples_.begin() + 1;
      for (auto s = least; s + 1 != samples_.end(); ++s)
        if ((s + 1)->elements / (s - 1)->elements < (least + 1)->elements / (least - 1)->elements) least = s;
      samples_.erase(least);
    }
    return;
  }
  double const expected = this->seconds(now.elements);
  if (ratio_of(seconds, expected) > surprising) {
    int const side = seconds > expected ? 1 : -1;
    if (surprised_ != side) {
      surprised_ = side;
      surprise_ = now;
      return;
    }
    samples_ = {{(now.elements + surprise_.elements) / 2, (now.seconds + surprise_.seconds) / 2, 2}};
    surprised_ = 0;
    return;
  }
  surprised_ = 0;
  near->runs = std::min(near->runs + 1, most_runs);
  double const part = 1.0 / static_cast<double>(near->runs);
  near->elements += part * (now.elements - near->elements);
  near->seconds += part * (now.seconds - near->seconds);
}

/// Smaller runs are not longer, and larger ones not shorter: where they seem to be, the older ones are out of date.
void time_model::forget_what_contradicts(sample const& now) {
  std::erase_if(samples_, [&](sample const& s) {
    return s.elements < now.elements ? s.seconds > now.seconds * noise : s.seconds * noise < now.seconds;
  });
}

double time_model::seconds(double n) const {
  require(!samples_.empty(), "a model of time that has seen nothing expects nothing");
  if (!(n > 0)) return 0;
  auto const& first = samples_.front();
  if (samples_.size() == 1) return first.seconds * (n / first.elements);
  double longest = first.seconds;  // up to the sample before: noise must not make more elements shorter
  auto const& second = samples_[1];
  double const slope =
      std::max(0.0, (std::max(second.seconds, longest) - longest) / (second.elements - first.elements));
  if (n <= first.elements) {
    double const overhead = std::max(0.0, first.seconds - slope * first.elements);
    return overhead + (first.seconds - overhead) * (n / first.elements);
  }
  for (std::size_t k = 1; k < samples_.size(); ++k) {
    auto const &a = samples_[k - 1], &b = samples_[k];
    double const end = std::max(b.seconds, longest);
    if (n <= b.elements) return longest + (end - longest) * ((n - a.elements) / (b.elements - a.elements));
    longest = end;
  }
  // behind the last one as it was before it, but at most twice as fast as all elements were on average
  auto const &a = samples_[samples_.size() - 2], &b = samples_.back();
  double const last = std::max(0.0, (longest - a.seconds) / (b.elements - a.elements));
  double const average = longest / b.elements;
  return longest + std::max(last, average / 2) * (n - b.elements);
}

void time_model::forget_overhead() {
  if (samples_.empty()) return;
  samples_ = {*std::min_element(samples_.begin(), samples_.end(), [](sample const& a, sample const& b) {
    return a.seconds * b.elements < b.seconds * a.elements;
  })};
}

std::vector<index_t> equal_finish(index_t n, std::span<time_model const> models,
                                  std::span<index_t const> caps, index_t granularity) {
  require(n >= 0 && granularity >= 1, "elements are cut in whole grains of at least one");
  require(caps.empty() || caps.size() == models.size(), "equal_finish: a cap for every device, or none");
  std::vector<time_model const*> known;
  for (auto const& m : models)
    if (!m.empty()) known.push_back(&m);
  require(!known.empty(), "equal_finish: nothing is known of any device");
  auto const seconds_of = [&](std::size_t device, double elements) {
    if (!models[device].empty()) return models[device].seconds(elements);
    double all = 0;
    for (auto const* m : known) all += m->seconds(elements);
    return all / static_cast<double>(known.size());
  };

  index_t const grains = n / granularity + (n % granularity != 0);
  std::vector<index_t> most(models.size(), grains);  // grains that a device can hold
  if (!caps.empty()) {
    index_t all = 0;
    for (std::size_t d = 0; d < models.size(); ++d) {
      most[d] = std::min(grains, std::max<index_t>(0, caps[d]) / granularity);
      all += std::min(most[d], grains - std::min(all, grains));
    }
    if (all < grains)
      throw infeasible("the caps hold " + std::to_string(all * granularity) + " of " + std::to_string(n) +
                       " elements in whole grains of " + std::to_string(granularity) + "; raise them");
  }
  /// The most grains that a device does within so many seconds.
  auto const within = [&](std::size_t device, double seconds) {
    index_t low = 0, high = most[device];
    while (low < high) {
      index_t const middle = high - (high - low) / 2;
      if (seconds_of(device, static_cast<double>(middle) * static_cast<double>(granularity)) <= seconds) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  };
  auto const enough = [&](double seconds) {
    index_t left = grains;
    for (std::size_t d = 0; d < models.size() && left > 0; ++d) left -= std::min(left, within(d, seconds));
    return left == 0;
  };
  double high = 1e-9, low = 0;
  while (!enough(high)) low = high, high *= 2;
  for (int step = 0; step < 60; ++step) {
    double const middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  std::vector<index_t> shares(models.size());
  index_t left = grains;
  for (std::size_t d = 0; d < models.size(); ++d) left -= shares[d] = within(d, low);
  for (std::size_t d = 0; d < models.size(); ++d) {  // what rounding left over ends at `high`, whoever has it
    index_t const more = std::min(left, within(d, high) - shares[d]);
    shares[d] += more;
    left -= more;
  }
  for (auto& s : shares) s *= granularity;
  for (std::size_t d = models.size(); d-- > 0;) {  // the last grain may be ragged
    if (shares[d] == 0) continue;
    shares[d] -= grains * granularity - n;
    break;
  }
  return shares;
}

balancer::balancer(int ranks, balance_options options)
    : options_(std::move(options)),
      models_(static_cast<std::size_t>(std::max(ranks, 0))),
      idle_(models_.size()) {
  require(ranks >= 1, "a balancer needs at least one rank");
  require(options_.gain >= 0 && options_.gain < 1,
          "balance_options: gain is a part of the time, from 0 to below 1");
  require(options_.rounds >= 0, "balance_options: rounds is a count");
}

void balancer::learn(std::span<index_t const> elements, std::span<double const> seconds) {
  require(elements.size() == models_.size() && seconds.size() == models_.size(),
          "a round has elements and seconds for every rank");
  for (std::size_t r = 0; r < models_.size(); ++r) {
    idle_[r] = elements[r] > 0 ? 0 : idle_[r] + 1;
    if (elements[r] > 0) models_[r].learn(elements[r], seconds[r]);
    if (idle_[r] % idle_rounds == idle_rounds - 1) models_[r].forget_overhead();
  }
}

bool balancer::empty() const {
  return std::all_of(models_.begin(), models_.end(), [](auto const& m) { return m.empty(); });
}

balance_plan balancer::plan(partition const& now) const {
  require(now.ranks() == static_cast<int>(models_.size()), "a plan is for as many ranks as the balancer has");
  auto const slowest = [&](partition const& cuts) {
    double longest = 0;
    for (std::size_t r = 0; r < models_.size(); ++r)
      if (!models_[r].empty())
        longest = std::max(longest, models_[r].seconds(static_cast<double>(cuts.size(static_cast<int>(r)))));
    return longest;
  };
  balance_plan found;
  found.cuts = partition_by_sizes(equal_finish(now.n, models_, options_.caps, options_.granularity));
  found.seconds_now = slowest(now);
  found.seconds_then = slowest(found.cuts);
  found.moved = now.n;
  for (int r = 0; r < now.ranks(); ++r)
    found.moved -= std::max<index_t>(
        0, std::min(now.end(r), found.cuts.end(r)) - std::max(now.begin(r), found.cuts.begin(r)));
  if (found.moved == 0) return found;
  found.seconds_to_move = moving_.empty() ? 0 : moving_.seconds(static_cast<double>(found.moved));
  double const saved = found.seconds_now - found.seconds_then;
  auto const elsewhere = [&](partition const& a, partition const& b) {  // elements, about
    index_t apart = 0;
    for (std::size_t k = 0; k < a.cuts.size(); ++k) apart += std::abs(a.cuts[k] - b.cuts[k]);
    return apart;
  };
  bool const back = left_.n == now.n && left_.ranks() == now.ranks() &&
                    elsewhere(left_, found.cuts) < elsewhere(left_, now);
  found.worthwhile = saved > options_.gain * (back ? 2 : 1) * found.seconds_now &&
                     saved * options_.rounds >= found.seconds_to_move;
  return found;
}

}  // namespace prorata
