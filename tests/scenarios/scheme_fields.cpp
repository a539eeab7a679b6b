#include "scenarios/scheme_fields.h"

#include <algorithm>
#include <array>

namespace abate::scenarios {
namespace {

struct OwnAccount {
    const char* name;
    scheme::AccountId number;
};
constexpr std::array kOwn{OwnAccount{"issuance", scheme::kIssuance},
                          OwnAccount{"bank", scheme::kBank},
                          OwnAccount{"auction", scheme::kAuction},
                          OwnAccount{"entrant_reserve", scheme::kEntrantReserve},
                          OwnAccount{"containment_reserve", scheme::kContainmentReserve},
                          OwnAccount{"retirement", scheme::kRetirement},
                          OwnAccount{"auction_proceeds", scheme::kProceeds},
                          OwnAccount{"penalties", scheme::kPenalties},
                          OwnAccount{"fees", scheme::kFees},
                          OwnAccount{"free_allocation", scheme::kFreePot},
                          OwnAccount{"stability_reserve", scheme::kStabilityReserve},
                          OwnAccount{"consignment", scheme::kConsignment}};

}  // namespace

std::uint64_t Names::Numbers::number(const std::string& name) {
    if (name == "none") return 0;
    const std::size_t sharp = name.find('#');
    const std::string plain = name.substr(0, sharp);
    const auto found = known_.find(plain);
    if (found != known_.end()) return found->second;
    const std::uint64_t number =
        sharp == std::string::npos ? next_ : std::stoull(name.substr(sharp + 1));
    next_ = std::max(next_, number + 1);
    return known_.emplace(plain, number).first->second;
}

scheme::AccountId Names::account(const std::string& name) {
    const std::string own = "scheme/";
    if (name.rfind(own, 0) != 0) return scheme::AccountId{accounts_.number(name)};
    for (const OwnAccount& each : kOwn)
        if (name.substr(own.size()) == each.name) return scheme::AccountId{each.number};
    throw TableError("the scheme has no account " + name);
}

const scheme::KeyPair& Names::key(const std::string& person) {
    const auto found = keys_.find(person);
    if (found != keys_.end()) return found->second;
    scheme::KeySeed seed{};
    for (std::size_t i = 0; i < person.size() && i < seed.size(); ++i)
        seed[i] = static_cast<std::uint8_t>(person[i]);
    return keys_.emplace(person, scheme::key_pair_of(seed)).first->second;
}

Timestamp Names::moment(const std::string& text) const {
    if (!text.empty() && text.back() == 'Z') return value_of(parse_rfc3339(text));
    const std::size_t space = text.find(' ');
    const scheme::Zone zone =
        value_of(scheme::Zone::find(space == std::string::npos ? zone_ : text.substr(space + 1)));
    const std::string civil = text.substr(0, space);
    const auto date = scheme::parse_date(civil.substr(0, 10));
    if (!date) throw TableError("no moment: " + text);
    const auto part = [&](std::size_t at) {
        return civil.size() < at + 2 ? 0 : std::stoi(civil.substr(at, 2));
    };
    return value_of(
        zone.deadline({.date = *date, .hour = part(11), .minute = part(14), .second = part(17)}));
}

Int128 parse_decimal(const std::string& text, Scale scale) {
    Int128 out = 0;
    int decimals = -1;  // seen after the point
    const bool negative = !text.empty() && text.front() == '-';
    for (const char c : text.substr(negative ? 1 : 0)) {
        if (c == '_') continue;
        if (c == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9') throw TableError("no number: " + text);
        if (decimals >= 0) ++decimals;
        out = out * 10 + (c - '0');
    }
    for (int i = std::max(decimals, 0); i < scale.decimals; ++i) out *= 10;
    if (text.size() == (negative ? 1U : 0U) || decimals > scale.decimals)
        throw TableError("no number, or too many decimals: " + text);
    return negative ? -out : out;
}

Microjoules parse_energy(const std::string& text) {
    std::string plain = text;
    plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
    return value_of(input::parse_kwh(plain));
}

std::string parse_text(const std::string& text) {
    const std::string letters = "letters:";
    if (text.rfind(letters, 0) == 0)
        return std::string(std::stoul(text.substr(letters.size())), 'x');
    std::string out = text;
    for (std::size_t at = out.find("\\u"); at != std::string::npos; at = out.find("\\u", at + 1)) {
        const unsigned code = static_cast<unsigned>(std::stoul(out.substr(at + 2, 4), nullptr, 16));
        if (code < 0x800) throw TableError("\\u is for letters of three bytes: " + text);
        const char bytes[] = {static_cast<char>(0xe0 | (code >> 12)),
                              static_cast<char>(0x80 | ((code >> 6) & 0x3f)),
                              static_cast<char>(0x80 | (code & 0x3f))};
        out.replace(at, 6, bytes, sizeof bytes);
    }
    return out;
}

std::string read_input(const std::string& name) {
    return value_of(read_regular_file(table_folder() + name));
}

std::vector<scheme::BaselineRow> read_baseline(const std::string& file, Names& names) {
    // A participant with several classes has a line each, all with the same energy.
    std::vector<scheme::BaselineRow> out;
    for (const input::BaselineLine& line :
         value_of(input::parse_baseline(read_input(file), file))) {
        const scheme::ParticipantId whose = names.participant(line.participant);
        auto row = std::find_if(out.begin(), out.end(), [&](const scheme::BaselineRow& each) {
            return each.participant == whose && each.year == line.year;
        });
        if (row == out.end())
            row = out.insert(out.end(),
                             {.participant = whose,
                              .year = line.year,
                              .energy = line.energy,
                              .output = {},
                              .sample_eligible = line.sample_eligible});
        row->output.push_back(
            {.service_class = line.service_class, .output_gflop = line.output_gflop});
    }
    return out;
}

std::vector<scheme::ActivityRow> read_activity(const std::string& file, Names& names) {
    std::vector<scheme::ActivityRow> out;
    for (const input::ActivityLine& line :
         value_of(input::parse_activity_levels(read_input(file), file)))
        out.push_back({.participant = names.participant(line.participant),
                       .service_class = line.service_class,
                       .first_year = line.first_year,
                       .last_year = line.last_year});
    return out;
}

}  // namespace abate::scenarios
