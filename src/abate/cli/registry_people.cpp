// `abate registry key | participant | account | trusted | mandate | approve | withdraw | proposals`.
#include "abate/cli/registry_next.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace abate::cli {
namespace {

using scheme::AccountKind;
using scheme::Role;

std::uint8_t roles_of(const std::vector<std::string>& words) {
    std::uint8_t roles = 0;
    for (const std::string& word : words) {
        const Role role = scheme::parse_role(word);
        if (role == Role::none)
            throw Failure({ErrorCode::invalid_argument,
                           fmt::format("there is no role '{}'", short_text(word)),
                           "--role",
                           "Use operator, verifier, initiator, approver, auditor or market"});
        roles |= static_cast<std::uint8_t>(role);
    }
    return roles;
}

struct NameOption {
    std::string name;
};
struct ProposalOptions {
    std::string name;
    std::string who;
};
struct KeyAdd {
    std::string key;
    std::string holder;
    std::vector<std::string> roles;
    std::string participant;
};
struct KeyRevoke {
    std::string key;
    std::string reason;
};
struct ParticipantAdd {
    std::string title;
    std::string sort = "obligated";
    std::string group;
};
struct AccountOpen {
    std::string participant;
    std::vector<std::string> kinds;
    std::string title;
};
struct AccountAct {
    std::string account;
    std::string reason;
};
struct TrustedAct {
    std::string account;
    std::string participant;
};
struct MandateAct {
    std::string key;
    std::string quantity = "0";
    std::string value = "0";
};

// The names of the key files that lie here and can be read.
std::map<scheme::PublicKey, std::string> own_key_files(const Context& context) {
    std::map<scheme::PublicKey, std::string> out;
    for (const std::string& name : key_names(context)) {
        try {
            out.emplace(read_key(context, name).open, name);
        } catch (
            const Failure&) {  // no key, or one that others may read: whoever signs with it is told
        }
    }
    return out;
}

void add_keys(CLI::App& registry, Context& context) {
    CLI::App* key = registry.add_subcommand("key", "Keys: who signs");
    key->require_subcommand(1);
    {
        auto name = std::make_shared<std::string>();
        CLI::App* fresh = key->add_subcommand(
            "new",
            "Make a key on this machine; its file is its owner's alone, and there is no copy");
        fresh->add_option("NAME", *name, "How its file is called")->required();
        fresh->add_flag("--json", context.json, "Print one JSON document");
        fresh->callback([name, &context] {
            const scheme::KeyPair made = make_key(context, *name);
            if (context.json) {
                nlohmann::ordered_json out{{"name", *name},
                                           {"public_key", scheme::to_string(made.open)},
                                           {"file", key_path(context, *name)}};
                fmt::print(
                    "{}\n",
                    out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
            } else {
                fmt::print("{}\n  public key {}\n",
                           key_path(context, *name),
                           scheme::to_string(made.open));
            }
        });
    }
    CLI::App* made = nullptr;
    KeyAdd& add = add_act<KeyAdd>(
        *key,
        context,
        made,
        "add",
        "Let a key act in the scheme (two operators)",
        [](Office& office, const KeyAdd& options) {
            office.act(scheme::AddKey{
                .grant = {.key = public_key(office.context(), options.key),
                          .holder = options.holder.empty() ? options.key : options.holder,
                          .roles = roles_of(options.roles),
                          .participant = options.participant.empty()
                                             ? scheme::ParticipantId{}
                                             : office.participant(options.participant)}});
        });
    made->add_option("KEY", add.key, "A name in $ABATE_HOME/keys, or 64 hexadecimal digits")
        ->required();
    made->add_option("--holder", add.holder, "The person [the key's name]")->type_name("PERSON");
    made->add_option("--role",
                     add.roles,
                     "operator, verifier, initiator, approver, auditor or market; several of one "
                     "participant's")
        ->required()
        ->type_name("ROLE");
    made->add_option("--participant", add.participant, "Whose, unless an operator's or auditor's")
        ->type_name("NAME");

    KeyRevoke& revoke = add_act<KeyRevoke>(
        *key,
        context,
        made,
        "revoke",
        "Take a key's rights at once, and what it asked for and nobody approved yet",
        [](Office& office, const KeyRevoke& options) {
            const scheme::PublicKey open = office.key(options.key);
            const auto found = office.state().keys.find(open);
            office.act(scheme::RevokeKey{.participant = found == office.state().keys.end()
                                                            ? scheme::ParticipantId{}
                                                            : found->second.grant.participant,
                                         .key = open,
                                         .reason = options.reason});
        });
    made->add_option("KEY",
                     revoke.key,
                     "A name in $ABATE_HOME/keys, or its digits as `key list` prints them: the "
                     "first 12 at least")
        ->required();
    made->add_option("--reason", revoke.reason, "Why");

    add_view<NameOption>(
        *key,
        context,
        made,
        "list",
        "The keys of the scheme",
        [](Office& office, const NameOption&) {
            nlohmann::ordered_json rows = nlohmann::ordered_json::array();
            const std::map<scheme::PublicKey, std::string> files = own_key_files(office.context());
            if (!office.context().json)
                fmt::print("{:16}  {:20}  {:22}  {:16}  {:29}  {}\n",
                           "KEY",
                           "PERSON",
                           "ROLES",
                           "OF",
                           "STATE",
                           "FILE HERE");
            for (const auto& [open, key_entry] : office.state().keys) {
                const bool of_one = key_entry.grant.participant != scheme::ParticipantId{};
                const std::string owner =
                    of_one ? office.name_of(key_entry.grant.participant) : "the scheme";
                const std::string held = key_entry.revoked ? "revoked"
                                         : key_entry.active_from > office.now()
                                             ? "from " + to_rfc3339(key_entry.active_from)
                                             : "active";
                const auto file = files.find(open);
                if (office.context().json) {
                    rows.push_back(
                        {{"public_key", scheme::to_string(open)},
                         {"holder", key_entry.grant.holder},
                         {"roles", scheme::roles_text(key_entry.grant.roles)},
                         {"participant", of_one ? nlohmann::ordered_json(owner) : nullptr},
                         {"active_from", to_rfc3339(key_entry.active_from)},
                         {"revoked", key_entry.revoked.has_value()},
                         {"file",
                          file == files.end() ? nullptr : nlohmann::ordered_json(file->second)}});
                } else {
                    fmt::print("{:16}  {:20}  {:22}  {:16}  {:29}  {}\n",
                               scheme::to_string(open).substr(0, 16),
                               plain_line(key_entry.grant.holder),
                               scheme::roles_text(key_entry.grant.roles),
                               plain_line(owner),
                               held,
                               file == files.end() ? "" : file->second);
                }
            }
            if (office.context().json) print_document({{"keys", rows}});
        });
}

void add_participants(CLI::App& registry, Context& context) {
    CLI::App* participant = registry.add_subcommand("participant", "Who takes part");
    participant->require_subcommand(1);
    CLI::App* made = nullptr;
    ParticipantAdd& add = add_act<ParticipantAdd>(
        *participant,
        context,
        made,
        "add",
        "Admit a participant (two operators)",
        [](Office& office, const ParticipantAdd& options) {
            const std::string group = options.group.empty() ? options.title : options.group;
            const scheme::GroupId known =
                options.group.empty() ? scheme::GroupId{} : office.group(group);
            office.act(scheme::AddParticipant{
                .participant = office.next_participant(),
                .title = options.title,
                .sort = enum_option<scheme::ParticipantSort>(options.sort, "--sort"),
                .group = known == scheme::GroupId{} ? office.next_group() : known,
                .group_title = !group.empty() && group.front() == '#' ? "" : group});
        });
    made->add_option("NAME", add.title, "How it is called")->required();
    made->add_option("--sort", add.sort, "obligated, opted-in, trader or verifier")
        ->type_name("SORT")
        ->capture_default_str();
    made->add_option("--group", add.group, "Whose ownership it is under [its own]")
        ->type_name("NAME");

    ParticipantAdd& regroup = add_act<ParticipantAdd>(
        *participant,
        context,
        made,
        "regroup",
        "Record a change of control (two operators)",
        [](Office& office, const ParticipantAdd& options) {
            const scheme::GroupId known = office.group(options.group);
            office.act(
                scheme::Regroup{.participant = office.participant(options.title),
                                .group = known == scheme::GroupId{} ? office.next_group() : known,
                                .group_title = options.group.front() == '#' ? "" : options.group});
        });
    made->add_option("NAME", regroup.title, "Which")->required();
    made->add_option("--group", regroup.group, "The new owner")->required()->type_name("NAME");
}

void add_accounts(CLI::App& registry, Context& context) {
    CLI::App* account = registry.add_subcommand("account", "Accounts");
    account->require_subcommand(1);
    CLI::App* made = nullptr;
    AccountOpen& open = add_act<AccountOpen>(
        *account,
        context,
        made,
        "open",
        "Open accounts: holding, compliance and cash, or those of --kind (an operator)",
        [](Office& office, const AccountOpen& options) {
            std::vector<std::string> kinds = options.kinds;
            if (kinds.empty()) kinds = {"holding", "compliance", "cash"};
            const scheme::ParticipantId owner = options.participant == "-"
                                                    ? scheme::ParticipantId{}
                                                    : office.participant(options.participant);
            std::vector<scheme::Command> commands;
            auto number = static_cast<std::uint64_t>(office.next_account());
            for (const std::string& kind : kinds)
                commands.emplace_back(
                    scheme::OpenAccount{.account = scheme::AccountId{number++},
                                        .kind = enum_option<AccountKind>(kind, "--kind"),
                                        .participant = owner,
                                        .title = options.title.empty() ? kind : options.title});
            office.act(commands);
        });
    made->add_option("PARTICIPANT", open.participant, "Whose; '-' for the scheme's own")
        ->required();
    made->add_option("--kind",
                     open.kinds,
                     "holding, compliance, cash, deficit; of the scheme: auction, reserve, escrow, "
                     "retirement, auction_proceeds, penalties, fees")
        ->type_name("KIND");
    made->add_option("--title", open.title, "How it is called [its kind]");

    const auto restrict =
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as CLI11 has them
        [&](const char* name, const char* description, scheme::AccountStatus status) {
            AccountAct& act = add_act<AccountAct>(
                *account,
                context,
                made,
                name,
                description,
                [status](Office& office, const AccountAct& options) {
                    const scheme::AccountId id = office.account(options.account);
                    office.act(scheme::RestrictAccount{
                        .participant = office.state().accounts.at(id).participant,
                        .account = id,
                        .status = status,
                        .reason = options.reason});
                });
            made->add_option("ACCOUNT", act.account, "\"lab/holding\", or a number")->required();
            made->add_option("--reason", act.reason, "Why");
        };
    restrict("freeze",
             "Nothing enters or leaves it, at once (an operator, or the participant itself)",
             scheme::AccountStatus::frozen);
    restrict("block",
             "Nothing leaves it but by surrender, at once (an operator, or the participant itself)",
             scheme::AccountStatus::blocked);
    AccountAct& release = add_act<AccountAct>(
        *account,
        context,
        made,
        "release",
        "Open it again (two operators)",
        [](Office& office, const AccountAct& options) {
            office.act(scheme::ReleaseAccount{.account = office.account(options.account),
                                              .reason = options.reason});
        });
    made->add_option("ACCOUNT", release.account, "\"lab/holding\", or a number")->required();
    made->add_option("--reason", release.reason, "Why");
    AccountAct& close = add_act<AccountAct>(
        *account,
        context,
        made,
        "close",
        "Close it for ever: empty, and without obligation (two operators)",
        [](Office& office, const AccountAct& options) {
            office.act(scheme::CloseAccount{.account = office.account(options.account)});
        });
    made->add_option("ACCOUNT", close.account, "\"lab/holding\", or a number")->required();
}

void add_trust(CLI::App& registry, Context& context) {
    CLI::App* trusted = registry.add_subcommand(
        "trusted", "Accounts that a participant trusts: transfers to them are done at once");
    trusted->require_subcommand(1);
    CLI::App* made = nullptr;
    TrustedAct& add = add_act<TrustedAct>(
        *trusted,
        context,
        made,
        "add",
        "Trust an account, after the delay of the rules (two of the participant)",
        [](Office& office, const TrustedAct& options) {
            office.act(
                scheme::AddTrusted{.participant = options.participant.empty()
                                                      ? office.own_participant()
                                                      : office.participant(options.participant),
                                   .account = office.account(options.account)});
        });
    made->add_option("ACCOUNT", add.account, "Which")->required();
    TrustedAct& remove =
        add_act<TrustedAct>(*trusted,
                            context,
                            made,
                            "remove",
                            "Trust it no longer, at once (one of the participant, or an operator)",
                            [](Office& office, const TrustedAct& options) {
                                office.act(scheme::RemoveTrusted{
                                    .participant = options.participant.empty()
                                                       ? office.own_participant()
                                                       : office.participant(options.participant),
                                    .account = office.account(options.account)});
                            });
    made->add_option("ACCOUNT", remove.account, "Which")->required();
    made->add_option("--participant", remove.participant, "Whose list [the signer's]");
    add_view<NameOption>(
        *trusted, context, made, "list", "Who trusts which", [](Office& office, const NameOption&) {
            nlohmann::ordered_json rows = nlohmann::ordered_json::array();
            if (office.state().trusted.empty() && !office.context().json)
                fmt::print("Nobody trusts an account.\n");
            for (const auto& [key, from] : office.state().trusted) {
                if (office.context().json) {
                    rows.push_back({{"participant", office.name_of(key.participant)},
                                    {"account", office.name_of(key.account)},
                                    {"from", to_rfc3339(from)}});
                } else {
                    fmt::print("{} trusts {} from {}\n",
                               plain_line(office.name_of(key.participant)),
                               plain_line(office.name_of(key.account)),
                               to_rfc3339(from));
                }
            }
            if (office.context().json) print_document({{"trusted", rows}});
        });

    MandateAct& mandate = add_act<MandateAct>(
        registry,
        context,
        made,
        "mandate",
        "What a market key may trade on its own, net, in a day (two of the participant)",
        [](Office& office, const MandateAct& options) {
            office.act(scheme::SetMandate{
                .participant = office.own_participant(),
                .key = office.key(options.key),
                .daily_net_quantity =
                    options.quantity == "0"
                        ? 0
                        : for_option(input::parse_allowances(options.quantity), "--quantity"),
                .daily_net_value_micro =
                    for_option(input::parse_money_micro(options.value), "--value")});
        });
    made->add_option("KEY", mandate.key, "Of which key")->required();
    made->add_option("--quantity", mandate.quantity, "Allowances a day")->capture_default_str();
    made->add_option("--value", mandate.value, "Money a day")->capture_default_str();
}

void add_second(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    NameOption& approve = add_act<NameOption>(
        registry,
        context,
        made,
        "approve",
        "Approve what another person proposed",
        [](Office& office, const NameOption& options) {
            office.act(scheme::Approve{.proposal = office.known_id(options.name)});
        });
    made->add_option("ID", approve.name, "Of the proposal")->required();
    NameOption& withdraw = add_act<NameOption>(
        registry,
        context,
        made,
        "withdraw",
        "Take a proposal away",
        [](Office& office, const NameOption& options) {
            office.act(scheme::Withdraw{.proposal = office.known_id(options.name)});
        });
    made->add_option("ID", withdraw.name, "Of the proposal")->required();
    ProposalOptions& shown = add_view<ProposalOptions>(
        registry,
        context,
        made,
        "proposals",
        "What waits: for a second person, its time, the bank, an operator or a verifier; --show "
        "prints a proposal in full",
        [](Office& office, const ProposalOptions& options) {
            if (!options.name.empty()) {
                const scheme::TransferId wanted = office.known_id(options.name);
                const auto found = office.state().proposals.find(wanted);
                if (found == office.state().proposals.end())
                    throw Failure({ErrorCode::not_found,
                                   "there is no proposal of this id",
                                   short_text(options.name),
                                   "See `abate registry proposals`"});
                fmt::print("{}\n", report::command_json(found->second.command, 2));
                return;
            }
            const auto who = office.any_participant(options.who);
            const std::vector<WaitingMatter> waits = what_waits(office, who);
            if (office.context().json) {
                print_document(waits_json(waits));
                return;
            }
            if (waits.empty())
                fmt::print("Nothing waits{}.\n",
                           who ? " that is a matter of " + plain_line(office.name_of(*who)) : "");
            print_waits(waits);
        });
    made->add_option("PARTICIPANT", shown.who, "Whose matters [everybody's]");
    made->add_option("--show", shown.name, "The whole command of this one, as JSON; done ones too")
        ->type_name("ID");
}

}  // namespace

void add_registry_people(CLI::App& registry, Context& context) {
    add_keys(registry, context);
    add_participants(registry, context);
    add_accounts(registry, context);
    add_trust(registry, context);
    add_second(registry, context);
}

}  // namespace abate::cli
