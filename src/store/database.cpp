#include "lastgood/store/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

#include "lastgood/base/assert.h"

namespace lastgood::store {

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_),
      failure_(other.failure_) {}

Statement::~Statement() {
    if (statement_ != nullptr) database_->give_back(statement_);
}

Statement& Statement::bind(std::string_view text) {
    const char* bytes = text.data() != nullptr ? text.data() : "";  // SQLite takes nullptr for NULL
    const int result = sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(),
                                           SQLITE_TRANSIENT, SQLITE_UTF8);  // NOLINT
    if (result != SQLITE_OK) failure_ = result;
    return *this;
}

Statement& Statement::bind(std::int64_t number) {
    const int result = sqlite3_bind_int64(statement_, ++bound_, number);
    if (result != SQLITE_OK) failure_ = result;
    return *this;
}

Statement& Statement::bind(const std::optional<std::string>& text) {
    return text ? bind(std::string_view(*text)) : bind(std::nullopt);
}

Statement& Statement::bind(std::nullopt_t) {
    const int result = sqlite3_bind_null(statement_, ++bound_);
    if (result != SQLITE_OK) failure_ = result;
    return *this;
}

Expected<bool> Statement::next() {
    if (failure_ != SQLITE_OK) return Error{"database: could not bind a value", {}};
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    return Error{std::string("database: ") + sqlite3_errmsg(database_->db_), {}};
}

Expected<void> Statement::run() {
    auto stepped = next();
    if (!stepped) return stepped.error();
    return {};
}

std::string Statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Expected<std::unique_ptr<Database>> Database::open(const std::string& path) {
    sqlite3* handle = nullptr;
    const mode_t before = umask(0077);
    const int result =
        sqlite3_open_v2(path.c_str(), &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    umask(before);
    std::unique_ptr<Database> database(new Database(handle, path));
    if (result != SQLITE_OK) return database->error("could not open the database");
    // A short wait covers a backup tool; longer would hold up the supervision of every app.
    sqlite3_busy_timeout(handle, 200);
    auto made = database->execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-1024;");
    if (!made) return made.error();
    return database;
}

bool Database::is_damaged(const std::string& path) {
    sqlite3* handle = nullptr;
    int result = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                 nullptr);
    std::string told = "ok";
    if (result == SQLITE_OK) {
        result = sqlite3_exec(
            handle, "PRAGMA quick_check(1)",
            [](void* into, int, char** values, char**) {
                *static_cast<std::string*>(into) = values[0] == nullptr ? "" : values[0];
                return 0;
            },
            &told, nullptr);
    }
    sqlite3_close(handle);
    return result == SQLITE_CORRUPT || result == SQLITE_NOTADB || told != "ok";
}

Database::~Database() {
    for (const auto& [sql, statements] : idle_) {
        for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
    }
    sqlite3_close(db_);
}

Error Database::error(const std::string& doing) const {
    return Error{doing + " " + path_ + ": " + sqlite3_errmsg(db_), {}};
}

// An inner transaction rolled back, or SQLite did so itself. What comes after must not be written
// on its own: whoever opened the outermost one is going to call all of it failed.
bool Database::lost() const {
    return depth_ > 0 && sqlite3_get_autocommit(db_) != 0;
}

Error Database::lost_error() const {
    return Error{"could not write to the database " + path_ + ": the transaction was rolled back",
                 {}};
}

Expected<void> Database::execute(const std::string& sql) {
    if (lost()) return lost_error();
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error("could not write to the database");
    }
    return {};
}

Expected<Statement> Database::prepare(std::string_view sql) {
    if (lost()) return lost_error();
    const auto idle = idle_.find(sql);
    if (idle != idle_.end() && !idle->second.empty()) {
        sqlite3_stmt* again = idle->second.back();
        idle->second.pop_back();
        return Statement(*this, again);
    }
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr) != SQLITE_OK) {
        return error("could not use the database");
    }
    return Statement(*this, statement);
}

void Database::give_back(sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    idle_[sqlite3_sql(statement)].push_back(statement);
}

Expected<void> Database::begin() {
    if (lost()) return lost_error();
    if (depth_ == 0) {
        if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
    }
    ++depth_;
    return {};
}

Expected<void> Database::commit() {
    LG_ASSERT(depth_ > 0);
    if (depth_ > 1) {
        --depth_;
        if (lost()) return lost_error();
        return {};
    }
    auto done = execute("COMMIT");
    if (!done) {
        roll_back();
        return done;
    }
    depth_ = 0;
    return {};
}

void Database::roll_back() {
    if (depth_ == 0) return;
    --depth_;
    // Some failures (a full disk) have rolled back by themselves already.
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace lastgood::store
