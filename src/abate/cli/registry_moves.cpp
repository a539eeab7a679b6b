// `abate registry transfer | cancel | retire | return | cash`.
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace abate::cli {
namespace {

struct MoveOptions {
    std::string from;
    std::string to;
    std::int32_t vintage = 0;
    std::string quantity;
    std::string price;
    std::string comment;
    std::string tax_category;
    std::string tax_rate;
    std::string tax;
};
struct IdOptions {
    std::string id;
    std::string reference;
    bool refuse = false;
};
struct MoneyOptions {
    std::string account;
    std::string amount;
    std::string reference;
};
struct BankStatement {
    std::string file;
    std::string date;
    std::string balance;
};

// The owner of an account; the signer's own participant for one of the scheme's, so that the refusal names it.
scheme::ParticipantId owner_of(Office& office, scheme::AccountId account) {
    const auto found = office.state().accounts.find(account);
    if (found != office.state().accounts.end() &&
        found->second.participant != scheme::ParticipantId{})
        return found->second.participant;
    return office.own_participant();
}

// People deal per MWh; the books per allowance.
std::int64_t price_of(const std::string& text) {
    if (text.empty()) return 0;
    const std::int64_t micro_per_mwh = for_option(input::parse_money_micro(text), "--price");
    if (micro_per_mwh <= 0 || micro_per_mwh % 1000 != 0)
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no price per MWh", short_text(text)),
                       "--price",
                       "Write a number above 0 with at most three decimals: 41.25"});
    return micro_per_mwh / 1000;
}

// Per cent as people write it, in millionths.
std::int64_t rate_of(const std::string& text) {
    if (text.empty()) return 0;
    // 19 % are 190,000 millionths; money has a millionth too.
    const std::int64_t micro = for_option(input::parse_money_micro(text), "--tax-rate");
    if (micro < 0 || micro > 100'000'000 || micro % 100 != 0)
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no rate", short_text(text)),
                       "--tax-rate",
                       "Write per cent with at most four decimals: 19 or 8.1"});
    return micro / 100;
}

void add_move_options(CLI::App& command, MoveOptions& own, const char* to) {
    command.add_option("--from", own.from, "\"lab/holding\", or a number")
        ->required()
        ->type_name("ACCOUNT");
    if (to != nullptr) command.add_option("--to", own.to, to)->required()->type_name("ACCOUNT");
    command.add_option("--vintage", own.vintage, "The year of the allowances")
        ->required()
        ->type_name("YEAR");
    command.add_option("--quantity", own.quantity, "How many: 250000, 250_000, 250K")->required();
    command.add_option("--comment", own.comment, "What for");
}

// What the bank says. The last balance counts; a line whose reference no command of the books has is unknown.
scheme::Reconcile read_statement(const Office& office, const BankStatement& options) {
    scheme::Reconcile out;
    if (options.file.empty()) {
        out.statement_date = options.date;
        if (options.date.size() != 10 || options.balance.empty())
            throw Failure({ErrorCode::invalid_argument,
                           "a statement has a date and a balance",
                           "--date",
                           "Write --date 2027-03-31 --balance 1250.50, or name a file"});
        out.balance_micro = for_option(input::parse_money_micro(options.balance), "--balance");
        return out;
    }
    const input::BankStatement bank = value_or_fail(
        input::parse_bank_statement(value_or_fail(read_regular_file(options.file)), options.file));
    out.statement_date = bank.lines.back().date;
    out.balance_micro = bank.lines.back().balance_micro;
    for (const input::BankLine& line : bank.lines)
        if (office.state().bank_references.count(line.reference) == 0)
            out.unknown_lines.push_back(line.text);
    return out;
}

void add_cash(CLI::App& registry, Context& context) {
    CLI::App* cash = registry.add_subcommand("cash", "Money: in, out, and what the bank says");
    cash->require_subcommand(1);
    CLI::App* made = nullptr;
    MoneyOptions& deposit = add_act<MoneyOptions>(
        *cash,
        context,
        made,
        "deposit",
        "Record money that came to the scheme's bank account (an operator)",
        [](Office& office, const MoneyOptions& options) {
            office.act(scheme::Deposit{
                .account = office.account(options.account),
                .amount_micro = for_option(input::parse_money_micro(options.amount), "AMOUNT"),
                .bank_reference = options.reference});
        });
    made->add_option("ACCOUNT", deposit.account, "Whose: \"lab/cash\"")->required();
    made->add_option("AMOUNT", deposit.amount, "How much: 12500.50")->required();
    made->add_option("--reference", deposit.reference, "The bank's, of this payment only")
        ->required();

    MoneyOptions& withdraw = add_act<MoneyOptions>(
        *cash,
        context,
        made,
        "withdraw",
        "Ask for money to be paid out; it is reserved until the bank has paid (two of the "
        "participant)",
        [](Office& office, const MoneyOptions& options) {
            const scheme::AccountId account = office.account(options.account);
            office.act(scheme::WithdrawCash{
                .participant = owner_of(office, account),
                .account = account,
                .amount_micro = for_option(input::parse_money_micro(options.amount), "AMOUNT"),
                .bank_account = options.reference});
        });
    made->add_option("ACCOUNT", withdraw.account, "From: \"lab/cash\"")->required();
    made->add_option("AMOUNT", withdraw.amount, "How much: 12500.50")->required();
    made->add_option("--bank-account", withdraw.reference, "Where to")->required();

    IdOptions& settle = add_act<IdOptions>(
        *cash,
        context,
        made,
        "settle",
        "Record that the bank has paid a withdrawal, or with --refuse that it will not (an "
        "operator)",
        [](Office& office, const IdOptions& options) {
            office.act(scheme::SettleWithdrawal{.withdrawal = office.id(options.id),
                                                .paid = !options.refuse,
                                                .bank_reference = options.reference});
        });
    made->add_option("ID", settle.id, "Of the withdrawal")->required();
    made->add_option("--reference", settle.reference, "The bank's, of this payment only");
    made->add_flag("--refuse", settle.refuse, "The money is the participant's again");

    BankStatement& reconcile = add_act<BankStatement>(
        *cash,
        context,
        made,
        "reconcile",
        "Compare the books with the bank's statement; where they differ, sales and withdrawals "
        "halt (an "
        "operator)",
        [](Office& office, const BankStatement& options) {
            if (!options.file.empty() && (!options.date.empty() || !options.balance.empty()))
                throw Failure({ErrorCode::invalid_argument,
                               "a statement is a file, or --date and --balance",
                               "--balance",
                               "Leave one away"});
            office.act(read_statement(office, options));
            const scheme::Statement& kept = office.state().statements.back();
            if (!office.context().json)
                fmt::print(
                    "Books {}, bank {}: {}\n",
                    money_text(kept.books_micro),
                    money_text(kept.said.balance_micro),
                    office.state().halted ? "sales and withdrawals are halted" : "they agree");
            if (office.state().halted) office.context().exit_status = 1;
        });
    made->add_option("STATEMENT", reconcile.file, "CSV: date,reference,amount,balance");
    made->add_option("--date", reconcile.date, "Of the statement, without a file")
        ->type_name("DATE");
    made->add_option("--balance", reconcile.balance, "What the bank says, without a file");
}

}  // namespace

void add_registry_moves(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    MoveOptions& transfer = add_act<MoveOptions>(
        registry,
        context,
        made,
        "transfer",
        "Give allowances to another account (two of the participant)",
        [](Office& office, const MoveOptions& options) {
            const scheme::AccountId from = office.account(options.from);
            std::set<scheme::TransferId> before;
            for (const auto& [id, waiting] : office.state().transfers) before.insert(id);
            office.act(scheme::Transfer{
                .participant = owner_of(office, from),
                .from = from,
                .to = office.account(options.to),
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .price_micro = price_of(options.price),
                .comment = options.comment,
                .tax_category = options.tax_category,
                .tax_rate_ppm = rate_of(options.tax_rate),
                .tax_micro = options.tax.empty()
                                 ? 0
                                 : for_option(input::parse_money_micro(options.tax), "--tax")});
            if (!office.context().json)
                for (const auto& [id, waiting] : office.state().transfers)
                    if (waiting.state == scheme::WaitState::waiting && before.count(id) == 0)
                        fmt::print(
                            "Waits until {}: the other account is not trusted. To stop it: "
                            "abate registry cancel {}\n",
                            to_rfc3339(waiting.due),
                            report::id_text(id));
        });
    add_move_options(*made, transfer, "\"firm/holding\", or a number");
    made->add_option("--price", transfer.price, "Per MWh (1,000 allowances), where it was a sale")
        ->type_name("MONEY");
    made->add_option("--tax-category",
                     transfer.tax_category,
                     "Of a sale: S, Z, E, AE, K, G, O, L or M of EN 16931 [as the rules say]")
        ->type_name("CODE");
    made->add_option("--tax-rate", transfer.tax_rate, "Per cent")->type_name("PERCENT");
    made->add_option("--tax", transfer.tax, "The amount, as it is invoiced")->type_name("MONEY");
    made->footer(
        "Example:\n  abate registry transfer --from lab/holding --to firm/holding --vintage 2027 "
        "--quantity 250K --price 41.20 --as lee");

    IdOptions& cancel =
        add_act<IdOptions>(registry,
                           context,
                           made,
                           "cancel",
                           "Stop a transfer that waits (one of the participant, or an operator)",
                           [](Office& office, const IdOptions& options) {
                               const scheme::TransferId id = office.id(options.id);
                               const auto found = office.state().transfers.find(id);
                               office.act(scheme::CancelTransfer{
                                   .participant = found == office.state().transfers.end()
                                                      ? office.own_participant()
                                                      : found->second.transfer.participant,
                                   .transfer = id});
                           });
    made->add_option("ID", cancel.id, "Of the transfer")->required();

    MoveOptions& retire = add_act<MoveOptions>(
        registry,
        context,
        made,
        "retire",
        "Cancel allowances for ever, for no obligation (two of the participant)",
        [](Office& office, const MoveOptions& options) {
            const scheme::AccountId from = office.account(options.from);
            office.act(scheme::Retire{
                .participant = owner_of(office, from),
                .from = from,
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .comment = options.comment});
        });
    add_move_options(*made, retire, nullptr);

    MoveOptions& back = add_act<MoveOptions>(
        registry,
        context,
        made,
        "return",
        "Give allowances back to a reserve of the scheme (two of the participant)",
        [](Office& office, const MoveOptions& options) {
            const scheme::AccountId from = office.account(options.from);
            office.act(scheme::ReturnAllowances{
                .participant = owner_of(office, from),
                .from = from,
                .to = office.account(options.to),
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .comment = options.comment});
        });
    add_move_options(*made, back, "A reserve account of the scheme");
    add_cash(registry, context);
}

}  // namespace abate::cli
