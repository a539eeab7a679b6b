// `abate registry transfer | cancel | retire | return | cash`.
#include "abate/cli/bank_comparison.h"
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

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
    std::string reason;
    bool refuse = false;
};
struct MoneyOptions {
    std::string account;
    std::string amount;
    std::string reference;
};
struct BankStatement {
    std::string file;
    std::string from;
    std::string to;
    std::string date;
    std::string balance;
    bool dry_run = false;
};

// The owner of an account; the signer's own participant for one of the scheme's, so that the refusal names it.
scheme::ParticipantId owner_of(Office& office, scheme::AccountId account) {
    const auto found = office.state().accounts.find(account);
    if (found != office.state().accounts.end() &&
        found->second.participant != scheme::ParticipantId{})
        return found->second.participant;
    return office.own_participant();
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

// Every deposit, and every withdrawal that was paid. They need no second person, so each is an event of its own.
std::vector<CashEntry> cash_entries(Office& office) {
    std::vector<CashEntry> out;
    const scheme::Zone zone = office.zone();
    office.for_each_command([&](const scheme::Event& event, const scheme::Command& command) {
        if (event.reason != scheme::Reason::ok) return;
        CashEntry entry;
        scheme::AccountId account{};
        if (const auto* in = std::get_if<scheme::Deposit>(&command)) {
            // What was taken back is on no statement, nor is its correction.
            const auto kept = office.state().deposits.find(event.envelope.id);
            if (kept != office.state().deposits.end() && kept->second.corrected_by) return;
            entry.reference = in->bank_reference;
            entry.amount_micro = in->amount_micro;
            account = in->account;
        } else if (const auto* paid = std::get_if<scheme::SettleWithdrawal>(&command)) {
            const auto asked = office.state().withdrawals.find(paid->withdrawal);
            if (!paid->paid || asked == office.state().withdrawals.end()) return;
            entry.reference = paid->bank_reference;
            entry.amount_micro = -asked->second.asked.amount_micro;
            account = asked->second.asked.account;
        } else {
            return;
        }
        entry.date = day_text(value_or_fail(zone.civil(event.at)).date);
        entry.account = office.name_of(account);
        out.push_back(std::move(entry));
    });
    return out;
}

struct Reconciled {
    scheme::Reconcile command;
    std::optional<BankComparison> comparison;  // with a file only
    StatementPeriod period;
    std::size_t lines = 0;
};

// As many as a command may have; of more only the number is said, and of a long one what a person reads of it.
std::vector<std::string> unknown_lines(const BankComparison& found) {
    constexpr std::size_t kMostBytes = 1000;
    std::vector<std::string> out;
    const auto add = [&](std::string text) {
        if (text.size() > kMostBytes) text = plain_line(text.substr(0, kMostBytes));
        out.push_back(std::move(text));
    };
    for (const input::BankLine& line : found.not_in_books) add(line.text);
    for (const BankComparison::Pair& pair : found.amounts_differ)
        add(fmt::format(
            "{} (the books have {})", pair.line.text, money_text(pair.entry.amount_micro)));
    if (out.size() > scheme::kMostUnknownLines) {
        const std::size_t more = out.size() - (scheme::kMostUnknownLines - 1);
        out.resize(scheme::kMostUnknownLines - 1);
        out.push_back(fmt::format("{} more lines", more));
    }
    return out;
}

void check_day(const std::string& day, const char* option) {
    if (!scheme::parse_date(day))
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no day", short_text(day)),
                       option,
                       "Write 2027-03-31"});
}

// What the bank says: the last balance counts. A line that the books lack, or have with another amount, is unknown.
Reconciled read_statement(Office& office, const BankStatement& options) {
    Reconciled out;
    if (options.file.empty()) {
        out.command.statement_date = options.date;
        if (!scheme::parse_date(options.date) || options.balance.empty())
            throw Failure({ErrorCode::invalid_argument,
                           "a statement has a date and a balance",
                           "--date",
                           "Write --date 2027-03-31 --balance 1250.50, or name a file"});
        out.command.balance_micro =
            for_option(input::parse_money_micro(options.balance), "--balance");
        return out;
    }
    const input::BankStatement bank = value_or_fail(
        input::parse_bank_statement(value_or_fail(read_regular_file(options.file)), options.file));
    const std::string& currency = office.state().rules.currency;
    for (const input::BankLine& line : bank.lines)
        if (!line.currency.empty() && ascii_lower(line.currency) != ascii_lower(currency))
            throw Failure({ErrorCode::parse_error,
                           fmt::format("the scheme's money is {}, this line's is {}",
                                       plain_line(currency),
                                       short_text(line.currency)),
                           fmt::format("{}:{}", options.file, line.number),
                           "Take the statement of the account in that currency"});
    out.lines = bank.lines.size();
    out.period = {.from = options.from.empty() ? bank.lines.front().date : options.from,
                  .to = options.to.empty() ? bank.lines.back().date : options.to};
    check_day(out.period.from, "--from");
    check_day(out.period.to, "--to");
    out.comparison = compare_with_bank(bank.lines, cash_entries(office), out.period);
    out.command.statement_date = bank.lines.back().date;
    out.command.balance_micro = bank.lines.back().balance_micro;
    out.command.unknown_lines = unknown_lines(*out.comparison);
    return out;
}

nlohmann::ordered_json line_json(const input::BankLine& line) {
    return {{"line", line.number},
            {"date", line.date},
            {"reference", line.reference},
            {"amount_micro", line.amount_micro}};
}

nlohmann::ordered_json comparison_json(const Reconciled& said) {
    const BankComparison& found = *said.comparison;
    const auto lines = [](const std::vector<input::BankLine>& all) {
        nlohmann::ordered_json out = nlohmann::ordered_json::array();
        for (const input::BankLine& line : all) out.push_back(line_json(line));
        return out;
    };
    const auto pairs = [](const std::vector<BankComparison::Pair>& all) {
        nlohmann::ordered_json out = nlohmann::ordered_json::array();
        for (const BankComparison::Pair& pair : all) {
            nlohmann::ordered_json row = line_json(pair.line);
            row["books_amount_micro"] = pair.entry.amount_micro;
            row["books_date"] = pair.entry.date;
            row["account"] = pair.entry.account;
            out.push_back(std::move(row));
        }
        return out;
    };
    nlohmann::ordered_json missing = nlohmann::ordered_json::array();
    for (const CashEntry& entry : found.not_on_statement)
        missing.push_back({{"date", entry.date},
                           {"reference", entry.reference},
                           {"amount_micro", entry.amount_micro},
                           {"account", entry.account}});
    return {{"from", said.period.from},
            {"to", said.period.to},
            {"lines", said.lines},
            {"agreed", found.agreed},
            {"not_in_books", lines(found.not_in_books)},
            {"amounts_differ", pairs(found.amounts_differ)},
            {"outside_period", lines(found.outside_period)},
            {"recorded_before", pairs(found.recorded_before)},
            {"not_on_statement", missing}};
}

void print_comparison(const Reconciled& said) {
    const BankComparison& found = *said.comparison;
    fmt::print("Statement {} to {}: {} {}, {} as in the books\n",
               said.period.from,
               said.period.to,
               said.lines,
               said.lines == 1 ? "line" : "lines",
               found.agreed);
    const auto row = [](const char* what, const input::BankLine& line, const std::string& more) {
        fmt::print("  {:20}  line {:>4}  {}  {:>18}  {}{}\n",
                   what,
                   line.number,
                   line.date,
                   money_text(line.amount_micro),
                   line.reference.empty() ? "(no reference)" : plain_line(line.reference),
                   more);
    };
    for (const input::BankLine& line : found.not_in_books) row("not in the books", line, "");
    for (const BankComparison::Pair& pair : found.amounts_differ)
        row("amount differs",
            pair.line,
            fmt::format(": the books have {} ({})",
                        money_text(pair.entry.amount_micro),
                        plain_line(pair.entry.account)));
    for (const input::BankLine& line : found.outside_period) row("outside the period", line, "");
    for (const BankComparison::Pair& pair : found.recorded_before)
        row("recorded before", pair.line, fmt::format(": in the books {}", pair.entry.date));
    for (const CashEntry& entry : found.not_on_statement)
        fmt::print("  {:20}  {:9}  {}  {:>18}  {} ({})\n",
                   "not on the statement",
                   "",
                   entry.date,
                   money_text(entry.amount_micro),
                   plain_line(entry.reference),
                   plain_line(entry.account));
}

void reconcile_bank(Office& office, const BankStatement& options) {
    if (!options.file.empty() && (!options.date.empty() || !options.balance.empty()))
        throw Failure({ErrorCode::invalid_argument,
                       "a statement is a file, or --date and --balance",
                       "--balance",
                       "Leave one away"});
    if (options.file.empty() && (!options.from.empty() || !options.to.empty()))
        throw Failure({ErrorCode::invalid_argument,
                       "a period is that of a file",
                       options.from.empty() ? "--to" : "--from",
                       "Name the file"});
    const Reconciled said = read_statement(office, options);
    const bool json = office.context().json;
    if (said.comparison && !json) print_comparison(said);
    const std::int64_t bank = said.command.balance_micro;
    std::int64_t books = -office.books().balance(scheme::kBank, registry::Asset::cash).posted;
    bool halted = books != bank || !said.command.unknown_lines.empty();
    if (!options.dry_run) {
        if (said.comparison && json) office.annex("comparison", comparison_json(said).dump());
        office.act(said.command);
        books = office.state().statements.back().books_micro;
        halted = office.state().halted;
    } else if (json) {
        nlohmann::ordered_json out{
            {"books_micro", books}, {"bank_micro", bank}, {"agree", !halted}};
        if (said.comparison) out["comparison"] = comparison_json(said);
        print_document(out);
    }
    if (!json) {
        fmt::print("Books {}, bank {}: {}\n",
                   money_text(books),
                   money_text(bank),
                   !halted           ? "they agree"
                   : options.dry_run ? "sales and withdrawals would be halted"
                                     : "sales and withdrawals are halted");
        const Int128 rest =
            said.comparison ? Int128{bank} - books - said.comparison->explained_micro : Int128{0};
        if (halted && said.comparison && rest != 0)
            fmt::print("What is named here explains all but {} of the difference\n",
                       money_text(rest));
    }
    if (halted) office.context().exit_status = 1;
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

    IdOptions& correct = add_act<IdOptions>(
        *cash,
        context,
        made,
        "correct",
        "Take back a deposit that was recorded wrongly, in full, also while trading is halted; its "
        "reference is free for the right one (two operators)",
        [](Office& office, const IdOptions& options) {
            office.act(
                scheme::CorrectDeposit{.deposit = office.id(options.id), .reason = options.reason});
        });
    made->add_option("DEPOSIT", correct.id, "The deposit's id")->required();
    made->add_option("--reason", correct.reason, "What was wrong")->required();

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
            office.act(scheme::SettleWithdrawal{.withdrawal = office.known_id(options.id),
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
        reconcile_bank);
    made->add_option("STATEMENT", reconcile.file, "CSV: date,reference,amount,balance");
    made->add_option("--from", reconcile.from, "The statement's first day [its first line's]")
        ->type_name("DATE");
    made->add_option("--to", reconcile.to, "Its last day [its last line's]")->type_name("DATE");
    made->add_flag("--dry-run", reconcile.dry_run, "Print what differs, record nothing");
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
            office.act(scheme::Transfer{
                .participant = owner_of(office, from),
                .from = from,
                .to = office.account(options.to),
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .price_micro =
                    options.price.empty() ? 0 : price_per_thousand(options.price, "--price"),
                .comment = options.comment,
                .tax_category = options.tax_category,
                .tax_rate_ppm = rate_of(options.tax_rate),
                .tax_micro = options.tax.empty()
                                 ? 0
                                 : for_option(input::parse_money_micro(options.tax), "--tax")});
        });
    add_move_options(*made, transfer, "\"firm/holding\", or a number");
    made->add_option("--price", transfer.price, "For 1,000 allowances, where it was a sale")
        ->type_name("MONEY");
    made->add_option("--tax-category",
                     transfer.tax_category,
                     "Of a sale: S, Z, E, AE, K, G, O, L or M of EN 16931 [as the rules say]")
        ->type_name("CODE");
    made->add_option("--tax-rate", transfer.tax_rate, "Per cent")->type_name("PERCENT");
    made->add_option("--tax", transfer.tax, "The amount, as it is invoiced")->type_name("MONEY");

    IdOptions& cancel =
        add_act<IdOptions>(registry,
                           context,
                           made,
                           "cancel",
                           "Stop a transfer that waits (one of the participant, or an operator)",
                           [](Office& office, const IdOptions& options) {
                               const scheme::TransferId id = office.known_id(options.id);
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
