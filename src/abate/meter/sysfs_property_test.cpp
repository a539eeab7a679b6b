#include "abate/meter/sensors/powercap.h"
#include "abate/meter/sysfs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace abate::meter {
namespace {

RC_GTEST_PROP(ParseSysfsUnsignedProperty, ReadsBackEveryNumber, (std::uint64_t value)) {
    RC_ASSERT(parse_sysfs_unsigned(std::to_string(value) + "\n") == value);
}

RC_GTEST_PROP(ParseSysfsUnsignedProperty,
              NeverReadsMoreThanWhatIsWritten,
              (const std::string& text)) {
    const auto value = parse_sysfs_unsigned(text);
    if (!value) return;
    // Whatever was read is spelled by the digits of the text.
    std::string digits = text.substr(0, text.find_first_not_of("0123456789"));
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    RC_ASSERT(std::to_string(*value) == digits);
}

RC_GTEST_PROP(ParseDecimalFractionProperty, IsTheNumberOverItsPowerOfTen, ()) {
    const auto whole = *rc::gen::inRange<std::uint32_t>(0, 1'000'000);
    const auto cents = *rc::gen::inRange<std::uint32_t>(1, 100);
    const auto exponent = *rc::gen::inRange(-6, 7);
    const std::string text = std::to_string(whole) + "." + (cents < 10 ? "0" : "") +
                             std::to_string(cents) + "e" + std::to_string(exponent);
    const auto fraction = parse_decimal_fraction(text);
    RC_ASSERT(fraction.has_value());
    // num / den == (whole * 100 + cents) * 10^(exponent - 2), by cross multiplication.
    __extension__ using Wide = unsigned __int128;
    Wide left = fraction->num;
    Wide right = Wide{whole} * 100 + cents;
    for (int i = exponent - 2; i < 0; ++i) left *= 10;
    for (int i = 0; i < exponent - 2; ++i) right *= 10;
    RC_ASSERT(left == right * fraction->den);
}

RC_GTEST_PROP(ParseCpuListProperty, ReadsBackEveryAscendingList, ()) {
    const auto steps =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 50)));
    std::vector<int> cpus;
    std::string text;
    int cpu = -1;
    for (const int step : steps) {
        cpu += step;
        cpus.push_back(cpu);
        text += (text.empty() ? "" : ",") + std::to_string(cpu);
    }
    RC_ASSERT(parse_cpu_list(text) == cpus);
}

// Whatever the unit of the counter (whole nanojoules, as the kernel keeps it), the modulus is 2^32
// units to within the rounding of one unit to a microjoule and of the range to a microjoule.
RC_GTEST_PROP(PowercapModulusProperty, IsTwoToThe32Units, ()) {
    const auto unit_nj = *rc::gen::inRange<std::uint64_t>(1'000, 1'000'000);
    const std::uint64_t range_uj = 0xffffffffULL * unit_nj / 1000;
    const double exact_uj = 4294967296.0 * static_cast<double>(unit_nj) / 1000.0;
    const double modulus = static_cast<double>(powercap_modulus(range_uj));
    RC_ASSERT(std::abs(modulus - exact_uj) <= 1.5);
}

}  // namespace
}  // namespace abate::meter
