// `abate registry cease`: a firm that operates no more.
#include "abate/cli/registry_parts.h"
#include "abate/report/report.h"

#include <fmt/format.h>

namespace abate::cli {
namespace {

struct CeaseOptions {
    std::string participant;
    std::string last_day;
    std::string reason;
    bool dry_run = false;
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

// What the firm asks for: the operator accepts the day that is printed, or the one that --last-day says it has read.
void accept_cease(Office& office, const CeaseOptions& options) {
    scheme::AcceptCease command{.participant = office.participant(options.participant)};
    const auto request = office.state().cessations.find(command.participant);
    const bool asked = request != office.state().cessations.end() && request->second.year == 0;
    if (asked) command.ceased = request->second.ceased;
    if (!options.last_day.empty()) command.ceased = day_after(office, options.last_day);
    if (const auto before = office.sent<scheme::AcceptCease>()) command.ceased = before->ceased;
    if (asked && !office.context().json) {
        const Result<scheme::CivilTime> last = office.zone().civil({request->second.ceased.us - 1});
        fmt::print("{} asks to have ceased: last day {}, until {}\n  {}\n",
                   plain_line(office.name_of(command.participant)),
                   last ? day_text(last->date) : "unknown",
                   moment_text(office, request->second.ceased),
                   plain_line(request->second.reason));
    }
    if (!options.dry_run) return office.act(command);
    if (!asked)
        throw Failure(
            {ErrorCode::not_found,
             fmt::format("no request of {} waits", plain_line(office.name_of(command.participant))),
             "PARTICIPANT",
             "Two operators may order it: `abate registry cease order`"});
    if (office.context().json) fmt::print("{}\n", report::command_json(command, 2));
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
    CeaseOptions& accept =
        add_act<CeaseOptions>(*cease,
                              context,
                              made,
                              "accept",
                              "Print what a firm asks for, and accept it (an operator)",
                              accept_cease);
    made->add_option("PARTICIPANT", accept.participant, "Whose request")->required();
    made->add_option(
            "--last-day", accept.last_day, "That you have read: refused where it is another now")
        ->type_name("DATE");
    made->add_flag("--dry-run", accept.dry_run, "Print it, accept nothing");
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
