#include "abate/cli/footprint_pipeline.h"

#include "abate/core/assert.h"

#include <fmt/format.h>

#include <execinfo.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace abate::cli {
namespace {

using footprint::BatchFigures;
using footprint::BatchRow;
using input::JobFormat;

// 256 KiB of rows with what becomes of them stay in a core's second cache.
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr std::size_t kChunkRows = 4096;
constexpr std::size_t kManyThreads = 16;
constexpr std::size_t kErrorsShown = 10;

struct BadRow {
    std::uint32_t line = 0;  // in the chunk
    Error error;
};

// One chunk on its way. Owned by the caller's thread, save between hand_over and done.
struct Chunk {
    std::string text;  // whole rows
    std::string out;
    std::vector<BatchRow> rows;
    std::vector<BatchFigures> figures;
    std::vector<BadRow> bad;  // the first, in order of lines
    std::size_t bad_rows = 0;
    bool broken = false;
    std::uint32_t lines = 0;
    std::exception_ptr thrown;
    bool done = false;
};

// What one thread needs for itself.
class Worker {
  public:
    Worker(const PipelineOptions& options, const input::JobTable& table, footprint::BatchBook& book)
        : options_(options), table_(table), resolver_(book) {}

    void work(Chunk& chunk) {
        chunk.out.clear();
        chunk.rows.clear();
        chunk.bad.clear();
        chunk.thrown = nullptr;
        const bool stop = !options_.skip_bad;
        input::parse_jobs(table_, chunk.text, stop, batch_);
        kept_.clear();
        std::size_t unresolved = 0;
        for (const input::JobRow& job : batch_.rows) {
            Result<BatchRow> row = resolver_.row(job.job);
            Result<void> cells =
                row && options_.from != options_.to ? take_cells(job) : Result<void>{};
            if (row && cells) {
                chunk.rows.push_back(*row);
                kept_.push_back(&job);
                continue;
            }
            ++unresolved;
            if (chunk.bad.size() < input::kFirstBad)
                chunk.bad.push_back({.line = job.line, .error = row ? cells.error() : row.error()});
            if (stop) break;
        }
        chunk.bad_rows = batch_.bad_rows + unresolved;
        chunk.broken = batch_.broken;
        chunk.lines = batch_.lines;
        for (input::BadJob& bad : batch_.bad)
            chunk.bad.push_back({.line = bad.line, .error = std::move(bad.error)});
        std::stable_sort(chunk.bad.begin(), chunk.bad.end(), [](const BadRow& a, const BadRow& b) {
            return a.line < b.line;
        });
        chunk.figures.resize(chunk.rows.size());
        resolver_.reckon(chunk.rows, chunk.figures);
        print(chunk);
        cells_.clear();
    }

  private:
    Result<void> take_cells(const input::JobRow& job) {
        Result<std::vector<input::JobCell>> cells = input::job_cells(table_, job.text);
        if (!cells) return cells.error();
        cells_.push_back(*std::move(cells));
        return {};
    }

    void print(Chunk& chunk) {
        for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
            const report::FootprintRow row{.figures = chunk.figures[i],
                                           .quality = footprint::quality_of(chunk.rows[i].basis),
                                           .crlf = kept_[i]->crlf && options_.from == options_.to};
            if (options_.from != options_.to) {
                shown_.clear();
                for (std::size_t c = 0; c < table_.names.size(); ++c) {
                    const input::JobCell& cell = cells_[i][c];
                    shown_.push_back({.name = table_.names[c],
                                      .text = cell.text,
                                      .number = cell.number,
                                      .raw = cell.raw});
                }
                if (options_.to == JobFormat::csv) {
                    report::append_csv(chunk.out, shown_, row);
                } else {
                    report::append_json(chunk.out, shown_, row);
                }
            } else if (options_.to == JobFormat::csv) {
                report::append_csv(chunk.out, kept_[i]->text, row);
            } else {
                report::append_json(chunk.out, kept_[i]->text, row);
            }
        }
    }

    const PipelineOptions& options_;
    const input::JobTable& table_;
    footprint::BatchResolver resolver_;
    input::JobBatch batch_;
    std::vector<const input::JobRow*> kept_;
    std::vector<std::vector<input::JobCell>> cells_;
    std::vector<report::JobCell> shown_;
};

// Threads that take chunks in the order in which they are handed over. With none, hand_over does the work.
class Pool {
  public:
    // A thread that the system refuses (limits of processes or memory) is done without; with none at all the caller's works.
    Pool(const PipelineOptions& options, const input::JobTable& table, footprint::BatchBook& book) {
        // Each thread has its own before it starts: nothing in `serve` allocates outside of a chunk's work.
        for (unsigned i = 0; i < std::max(1U, options.threads); ++i)
            workers_.push_back(std::make_unique<Worker>(options, table, book));
        // The C library loads its unwinder when a thread first needs it, and aborts if there is no memory then. Now there is.
        void* frame = nullptr;
        [[maybe_unused]] const int frames = ::backtrace(&frame, 1);
        threads_.reserve(options.threads);
        for (unsigned i = 0; i < options.threads; ++i) {
            try {
                threads_.emplace_back([this, i] { serve(*workers_[i]); });
            } catch (const std::exception&) {  // std::system_error, std::bad_alloc
                break;
            }
        }
    }
    ~Pool() {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
        }
        work_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    void hand_over(Chunk& chunk) {
        if (threads_.empty()) {
            workers_.front()->work(chunk);
            chunk.done = true;
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            chunk.done = false;
            waiting_.push_back(&chunk);
        }
        work_.notify_one();
    }

    void wait_for(const Chunk& chunk) {
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [&chunk] { return chunk.done; });
    }

  private:
    void serve(Worker& worker) {
        std::unique_lock lock(mutex_);
        while (true) {
            work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
            if (closing_) return;
            Chunk& chunk = *waiting_.front();
            waiting_.pop_front();
            lock.unlock();
            std::exception_ptr thrown;
            try {
                worker.work(chunk);
            } catch (...) {
                // Thrown again by the caller's thread when this chunk's turn comes.
                thrown = std::current_exception();
            }
            lock.lock();
            chunk.thrown = thrown;
            chunk.done = true;
            finished_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable finished_;
    std::deque<Chunk*> waiting_;
    bool closing_ = false;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;  // may be fewer than asked for
};

// Cuts what is read at rows' ends.
class Source {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one call, below
    Source(const ReadBytes& read, std::size_t chunk_bytes, std::size_t chunk_rows, JobFormat format)
        : read_(read), chunk_bytes_(chunk_bytes), chunk_rows_(chunk_rows), format_(format) {}

    // Until a chunk is there, or the end.
    void fill(std::size_t bytes) {
        while (!ended_ && rest_.size() < bytes) {
            const std::size_t before = rest_.size();
            rest_.resize(bytes);
            const std::size_t n = read_({rest_.data() + before, bytes - before});
            rest_.resize(before + n);
            bytes_ += n;
            ended_ = n == 0;
        }
    }
    [[nodiscard]] std::string_view peek() const { return rest_; }
    void drop(std::size_t bytes) { rest_.erase(0, bytes); }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

    // False at the end. Errors: a row that is too long.
    [[nodiscard]] Result<bool> next(std::string& chunk) {
        std::size_t want = chunk_bytes_;
        while (true) {
            fill(want);
            if (rest_.empty()) return false;
            const std::size_t size =
                input::whole_rows(rest_, format_, {.most_rows = chunk_rows_, .last = ended_});
            if (size > 0) {
                chunk.assign(rest_, 0, size);
                rest_.erase(0, size);
                return true;
            }
            if (rest_.size() > input::kLongestRow) return too_long();
            want = std::max(2 * want, rest_.size() + 1);
        }
    }

    static Error too_long() {
        return {ErrorCode::parse_error,
                "a row goes on for more than 1 MiB",
                "",
                "A quote may be left open there"};
    }

  private:
    const ReadBytes& read_;
    std::size_t chunk_bytes_;
    std::size_t chunk_rows_;
    JobFormat format_;
    std::string rest_;
    bool ended_ = false;
    std::uint64_t bytes_ = 0;
};

Error at_line(const PipelineOptions& options, std::uint64_t line, Error error) {
    error.where = fmt::format(
        "{}:{}{}{}", options.name, line, error.where.empty() ? "" : ", column ", error.where);
    return error;
}

// The chunks' results in their order.
class Sink {
  public:
    // The header waits for the first rows: a table that is refused at once leaves nothing behind, in a pipe neither.
    Sink(const PipelineOptions& options,
         const WriteBytes& write,
         std::string header,
         std::uint64_t first_line)
        : options_(options), write_(write), header_(std::move(header)), line_(first_line) {}

    Result<void> take(Chunk& chunk) {
        if (chunk.thrown) std::rethrow_exception(chunk.thrown);
        if (chunk.bad_rows > 0 && (!options_.skip_bad || chunk.broken)) {
            BadRow& bad = options_.skip_bad ? chunk.bad.back() : chunk.bad.front();
            return at_line(options_, line_ + bad.line, std::move(bad.error));
        }
        for (BadRow& bad : chunk.bad) {
            if (errors_.size() == kErrorsShown) break;
            errors_.push_back({.line = line_ + bad.line, .error = std::move(bad.error)});
        }
        skipped_ += chunk.bad_rows;
        line_ += chunk.lines;
        rows_ += chunk.rows.size();
        totals_.add(chunk.rows, chunk.figures);
        if (chunk.out.empty()) return {};
        if (!header_.empty()) write_(header_);
        header_.clear();
        write_(chunk.out);
        return {};
    }
    [[nodiscard]] std::uint64_t rows() const { return rows_; }
    [[nodiscard]] std::uint64_t line() const { return line_; }
    [[nodiscard]] PipelineOutcome outcome(const footprint::BatchBook& book) {
        return {.summary = totals_.summary(book),
                .skipped_rows = skipped_,
                .errors = std::move(errors_)};
    }

  private:
    const PipelineOptions& options_;
    const WriteBytes& write_;
    std::string header_;
    footprint::BatchTotals totals_;
    std::uint64_t line_;
    std::uint64_t rows_ = 0;
    std::uint64_t skipped_ = 0;
    std::vector<report::FootprintError> errors_;
};

// What the first bytes say; the source is left at the first row.
struct Header {
    input::JobTable table;
    std::string out;  // with the new columns
    std::uint64_t first_line = 1;
};
Result<Header> take_header(const PipelineOptions& options, Source& source) {
    std::size_t bytes = std::size_t{4} << 10;
    source.fill(bytes);
    const auto complete = [&] {
        return input::whole_rows(
                   source.peek(), options.from, {.most_rows = 1, .last = source.ended()}) > 0;
    };
    while (!complete() && !source.ended() && bytes <= input::kLongestRow) {
        bytes *= 2;
        source.fill(bytes);
    }
    if (source.peek().empty())
        return Error{ErrorCode::parse_error,
                     "there is nothing in it",
                     options.name,
                     "The first line holds the names of the columns"};
    if (!complete() && !source.ended()) return at_line(options, 1, Source::too_long());
    Result<input::JobTable> table = input::parse_job_header(source.peek(), options.from);
    if (!table) return at_line(options, 1, table.error());
    const std::size_t size = input::header_size(source.peek(), options.from);
    std::string_view header = source.peek().substr(0, size);
    Header taken;
    taken.first_line =
        1 + static_cast<std::uint64_t>(std::count(header.begin(), header.end(), '\n'));
    if (options.from == JobFormat::csv && taken.first_line == 1) taken.first_line = 2;
    if (options.to == JobFormat::csv) {
        const bool crlf = header.size() >= 2 && header.substr(header.size() - 2) == "\r\n";
        while (!header.empty() && (header.back() == '\n' || header.back() == '\r'))
            header.remove_suffix(1);
        if (options.from == JobFormat::csv) {
            report::append_csv_header(taken.out, header, crlf);
        } else {
            report::append_csv_header(taken.out, table->names);
        }
    }
    source.drop(size);
    taken.table = *std::move(table);
    return taken;
}

}  // namespace

Result<PipelineOutcome> run_pipeline(const PipelineOptions& options,
                                     footprint::BatchBook& book,
                                     const ReadBytes& read,
                                     const WriteBytes& write,
                                     const TellProgress& tell) {
    // Many threads take smaller chunks, so that all together stay within the same memory.
    const std::size_t share = std::max<std::size_t>(1, options.threads / kManyThreads);
    Source source(read,
                  options.chunk_bytes != 0 ? options.chunk_bytes : kChunkBytes / share,
                  options.chunk_rows != 0 ? options.chunk_rows : kChunkRows / share,
                  options.from);
    Result<Header> header = take_header(options, source);
    if (!header) return header.error();
    const input::JobTable& table = header->table;

    std::vector<Chunk> chunks(options.threads == 0 ? 1 : 2 * std::size_t{options.threads} + 1);
    Sink sink(options, write, header->out, header->first_line);
    // Behind the chunks: its threads are joined before these go.
    Pool pool(options, table, book);
    std::size_t begun = 0;
    std::size_t ended = 0;
    std::optional<Error> too_long;
    bool more = true;
    while (more || ended < begun) {
        if (more && begun - ended < chunks.size()) {
            Chunk& chunk = chunks[begun % chunks.size()];
            const Result<bool> got = source.next(chunk.text);
            if (!got) too_long = got.error();
            more = got && *got;
            if (!more) continue;
            pool.hand_over(chunk);
            ++begun;
            continue;
        }
        Chunk& chunk = chunks[ended % chunks.size()];
        pool.wait_for(chunk);
        if (const Result<void> taken = sink.take(chunk); !taken) return taken.error();
        ++ended;
        if (tell) tell({.bytes = source.bytes(), .rows = sink.rows()});
    }
    if (too_long) return at_line(options, sink.line(), *std::move(too_long));
    // A table without a good row is none, so it has no header either.
    return sink.outcome(book);
}

}  // namespace abate::cli
