#include "abate/store/journal_check.h"

#include "abate/store/journal_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::store {
namespace {

Error damaged(const Db& db, const std::string& what) { return damaged_journal(what, db.path()); }

using RowKey = std::pair<std::int64_t, std::int64_t>;  // tenant, scheme

// What the rows of one scheme add up to.
struct Sums {
    std::int64_t rows = 0;
    std::int64_t first = INT64_MAX;
    std::int64_t last = 0;
    std::uint64_t events = 0;
    std::uint64_t firsts = 0;  // their sum, in 64 bits
};

Result<std::map<RowKey, Sums>> sums_of_table(Db& db) {
    Result<Stmt> rows = Stmt::prepare(
        db, "SELECT tenant_id, scheme_id, first_seq, last_seq FROM journal NOT INDEXED");
    if (!rows) return rows.error();
    std::map<RowKey, Sums> out;
    while (true) {
        const Result<bool> row = rows->step();
        if (!row) return row.error();
        if (!*row) return out;
        const RowKey key{rows->integer(0), rows->integer(1)};
        const std::int64_t first = rows->integer(2);
        const std::int64_t last = rows->integer(3);
        if (key.first < 0 || key.second < 0 || first < 1 || last < first)
            return damaged(db,
                           fmt::format("a batch of tenant {}, scheme {} has the events {} to {}",
                                       key.first,
                                       key.second,
                                       first,
                                       last));
        Sums& sums = out[key];
        ++sums.rows;
        sums.first = std::min(sums.first, first);
        sums.last = std::max(sums.last, last);
        sums.firsts += static_cast<std::uint64_t>(first);
        sums.events += static_cast<std::uint64_t>(last - first) + 1;
    }
}

// One number, with up to two parameters.
Result<std::int64_t> ask(Db& db, const char* sql, const RowKey* key = nullptr) {
    Result<Stmt> number = Stmt::prepare(db, sql);
    if (!number) return number.error();
    if (key != nullptr) number->bind(1, key->first).bind(2, key->second);
    const Result<bool> row = number->step();
    if (!row) return row.error();
    return *row ? number->integer(0) : 0;
}

// The same by the index, which has all that is asked for.
struct Indexed {
    std::int64_t rows = 0;
    std::uint64_t firsts = 0;
};
Result<Indexed> indexed_of(Db& db, const RowKey& key) {
    Result<Stmt> rows = Stmt::prepare(db,
                                      "SELECT tenant_id, scheme_id, first_seq FROM journal WHERE "
                                      "tenant_id = ? AND scheme_id = ? ORDER BY first_seq");
    if (!rows) return rows.error();
    rows->bind(1, key.first).bind(2, key.second);
    Indexed out;
    while (true) {
        const Result<bool> row = rows->step();
        if (!row) return row.error();
        if (!*row) return out;
        // What SQLite finds under a key in an index out of order need not have it.
        if (rows->integer(0) != key.first || rows->integer(1) != key.second) continue;
        ++out.rows;
        out.firsts += static_cast<std::uint64_t>(rows->integer(2));
    }
}

Result<std::vector<std::string>> table_names(Db& db) {
    Result<Stmt> rows = Stmt::prepare(
        db,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('journal', 'lease', "
        "'snapshot') ORDER BY name");
    if (!rows) return rows.error();
    std::vector<std::string> out;
    while (true) {
        const Result<bool> row = rows->step();
        if (!row) return row.error();
        if (!*row) return out;
        out.push_back(rows->text(0));
    }
}

}  // namespace

Result<void> check_rows(Db& db) {
    const Result<std::map<RowKey, Sums>> all = sums_of_table(db);
    if (!all) return all.error();
    std::int64_t rows = 0;
    for (const auto& [key, sums] : *all) {
        rows += sums.rows;
        if (sums.first != 1 || sums.events != static_cast<std::uint64_t>(sums.last))
            return damaged(db,
                           fmt::format("tenant {}, scheme {} has {} events in {} batches, which go "
                                       "from event {} to {}",
                                       key.first,
                                       key.second,
                                       sums.events,
                                       sums.rows,
                                       sums.first,
                                       sums.last));
        const Result<Indexed> indexed = indexed_of(db, key);
        if (!indexed) return indexed.error();
        if (indexed->firsts != sums.firsts)
            return damaged(db, "its index has other events than its table");
        const Result<std::int64_t> last =
            ask(db,
                "SELECT last_seq FROM journal WHERE tenant_id = ? AND scheme_id = ? ORDER BY "
                "first_seq DESC LIMIT 1",
                &key);
        if (!last) return last.error();
        if (indexed->rows != sums.rows || *last != sums.last)
            return damaged(db,
                           fmt::format("its index leads to {} batches up to event {}, and there "
                                       "are {} up to event {}",
                                       indexed->rows,
                                       *last,
                                       sums.rows,
                                       sums.last));
    }
    // Without a condition SQLite counts in the index, which is the smaller.
    const Result<std::int64_t> indexed = ask(db, "SELECT count(*) FROM journal");
    if (!indexed) return indexed.error();
    if (*indexed != rows)
        return damaged(db,
                       fmt::format("its index has {} batches, and there are {}", *indexed, rows));
    return {};
}

namespace {

// That the batch before the last one ends where it begins.
Result<bool> follows(Db& db, const IndexedEnd& end) {
    Result<Stmt> before = Stmt::prepare(db,
                                        "SELECT last_seq FROM journal WHERE tenant_id = ? AND "
                                        "scheme_id = ? AND first_seq < ? ORDER BY first_seq DESC "
                                        "LIMIT 1");
    if (!before) return before.error();
    const auto first = static_cast<std::int64_t>(end.head->first_seq);
    before->bind(1, static_cast<std::int64_t>(end.key.tenant_id))
        .bind(2, static_cast<std::int64_t>(end.key.scheme_id))
        .bind(3, first);
    const Result<bool> row = before->step();
    if (!row) return row.error();
    return (*row ? before->integer(0) : 0) == first - 1;
}

}  // namespace

Result<void> check_end(Db& db, const IndexedEnd& end) {
    Result<Stmt> last = Stmt::prepare(db,
                                      "SELECT tenant_id, scheme_id, first_seq, last_seq, digest "
                                      "FROM journal NOT INDEXED ORDER BY rowid DESC LIMIT 1");
    if (!last) return last.error();
    const Result<bool> row = last->step();
    if (!row) return row.error();
    const std::string_view digest =
        end.head ? std::string_view(reinterpret_cast<const char*>(end.head->digest.bytes.data()),
                                    end.head->digest.bytes.size())
                 : std::string_view();
    const auto is = [&](int column, std::uint64_t number) {
        return last->integer(column) == static_cast<std::int64_t>(number);
    };
    const bool ours = end.head && end.head->tenant_id == end.key.tenant_id &&
                      end.head->scheme_id == end.key.scheme_id;
    if (*row && ours && is(0, end.key.tenant_id) && is(1, end.key.scheme_id) &&
        is(2, end.head->first_seq) && is(3, end.head->last_seq) && last->blob_view(4) == digest) {
        const Result<bool> next = follows(db, end);
        if (!next) return next.error();
        if (*next) return {};
    }
    last->reset();
    return check_rows(db);
}

Result<void> check_file(Db& db) {
    if (Result<void> begun = db.exec("BEGIN"); !begun) return begun;
    const auto look = [&]() -> Result<void> {
        if (Result<void> rows = check_rows(db); !rows) return rows;
        Result<Stmt> check = Stmt::prepare(db, "PRAGMA integrity_check(1)");
        if (!check) return check.error();
        const Result<bool> row = check->step();
        if (!row) return row.error();
        if (*row && check->text(0) == "ok") return {};
        std::string said = *row ? check->text(0) : std::string("no answer");
        std::replace(said.begin(), said.end(), '\n', ' ');
        return damaged(db, said);
    };
    Result<void> looked = look();
    const Result<void> ended = db.exec("COMMIT");
    return looked ? ended : looked;
}

Result<void> check_tables(Db& db, std::int64_t version) {
    const Result<std::vector<std::string>> found = table_names(db);
    if (!found) return found.error();
    std::vector<std::string> wanted{"journal", "lease"};
    if (version > 1) wanted.emplace_back("snapshot");
    if (version >= 1 && *found == wanted) return {};
    return damaged(
        db,
        fmt::format("it says that it has version {}, and has the tables {}",
                    version,
                    found->empty() ? "of none" : fmt::format("{}", fmt::join(*found, ", "))));
}

}  // namespace abate::store
