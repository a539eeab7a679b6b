// `abate registry cease`: a firm that operates no more.
#include "abate/cli/registry_parts.h"

#include <fmt/format.h>

namespace abate::cli {
namespace {

struct CeaseOptions {
    std::string participant;
    std::string last_day;
    std::string reason;
};

// The first moment after the day, in the scheme's time zone.
Timestamp day_after(const Office& office, const std::string& day) {
    const auto date = scheme::parse_date(day);
    if (!date)
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no date", short_text(day)),
                       "--last-day",
                       "Write year, month and day: 2027-06-30"});
    return value_or_fail(
        office.zone().deadline({.date = std::chrono::sys_days(*date) + std::chrono::days(1)}));
}

void add_reasons(CLI::App& made, CeaseOptions& own) {
    made.add_option("--last-day", own.last_day, "On which it still operated")
        ->required()
        ->type_name("DATE");
    made.add_option("--reason", own.reason, "Why")->required();
}

}  // namespace

void add_registry_cease(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    CLI::App* cease = registry.add_subcommand("cease", "A firm operates no more");
    cease->require_subcommand(1);
    CeaseOptions& request = add_act<CeaseOptions>(
        *cease,
        context,
        made,
        "request",
        "Say that one's own firm has ceased (two of the participant)",
        [](Office& office, const CeaseOptions& options) {
            office.act(scheme::RequestCease{.participant = office.own_participant(),
                                            .ceased = day_after(office, options.last_day),
                                            .reason = options.reason});
        });
    add_reasons(*made, request);
    CeaseOptions& accept = add_act<CeaseOptions>(
        *cease,
        context,
        made,
        "accept",
        "Accept what a firm asked for (an operator)",
        [](Office& office, const CeaseOptions& options) {
            office.act(scheme::AcceptCease{.participant = office.participant(options.participant)});
        });
    made->add_option("PARTICIPANT", accept.participant, "Whose request")->required();
    CeaseOptions& order = add_act<CeaseOptions>(
        *cease,
        context,
        made,
        "order",
        "Record that a firm has ceased, without its request (two operators)",
        [](Office& office, const CeaseOptions& options) {
            office.act(scheme::OrderCease{.participant = office.participant(options.participant),
                                          .ceased = day_after(office, options.last_day),
                                          .reason = options.reason});
        });
    made->add_option("PARTICIPANT", order.participant, "Which")->required();
    add_reasons(*made, order);
}

}  // namespace abate::cli
