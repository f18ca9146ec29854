// Normalising: exact sum, then one correctly rounded division each.
#include <host/exact.hpp>
#include <prorata/apportion.hpp>
#include <prorata/normalize.hpp>

namespace prorata {
namespace {

__extension__ typedef unsigned __int128 u128;

// Divides doubles by an exact sum. The sum lies in [head, head + 1)·2^exponent; if both ends of that give
// the same double, so does everything between them, and one quotient in hundreds needs the long division.
class exact_divider {
 public:
  explicit exact_divider(exact_sum<double> const& sum) : sum_(sum) {
    head_ = leading(sum.finite_part().magnitude);
    int const shift = 64 - bit_length(head_.bits);
    head_.bits <<= shift;
    head_.exponent += sum.unit - shift;
  }

  double operator()(double value) const {
    dissected const part = dissect(value);
    if (part.significand == 0) return 0;
    int const shift = 64 - bit_length(part.significand);
    u128 const dividend = static_cast<u128>(part.significand << shift) << 63;
    int const exponent = part.exponent - shift - head_.exponent - 63;
    auto const rounded = [&](u128 divisor, bool more) {
      auto const bits = static_cast<std::uint64_t>(dividend / divisor);
      return nearest<double>({bits, exponent, more || dividend % divisor != 0}, false);
    };
    double const above = rounded(head_.bits, false);
    if (!head_.more || above == rounded(static_cast<u128>(head_.bits) + 1, true)) return above;
    exact_sum<double> numerator;
    numerator.deposit(value);
    return quotient<double>(numerator, sum_);
  }

 private:
  exact_sum<double> sum_;
  leading_bits head_;
};

}  // namespace

std::vector<double> normalize(std::span<double const> values) {
  require_weights(values, !values.empty());
  exact_sum<double> sum;
  host::deposit_block(sum, values.data(), static_cast<index_t>(values.size()));
  std::vector<double> result;
  result.reserve(values.size());
  if (values.empty()) return result;
  exact_divider const divide(sum);
  for (double const value : values) result.push_back(divide(value));
  return result;
}

}  // namespace prorata
