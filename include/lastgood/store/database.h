// SQLite, thinly: one connection, prepared statements, transactions. Errors come back, nothing
// throws.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lastgood::store {

class Database;

// Compiled once for each text: when it is done with, the next one of the same text uses it again.
class Statement {
  public:
    Statement(Database& database, sqlite3_stmt* statement)
        : database_(&database), statement_(statement) {}
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    // Parameters in order of calling.
    Statement& bind(std::string_view text);
    Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
    Statement& bind(std::int64_t number);
    Statement& bind(const std::optional<std::string>& text);
    Statement& bind(std::nullopt_t);

    // True: a row is there. False: done. Errors of binding come out here too.
    Expected<bool> next();
    // For statements without rows.
    Expected<void> run();

    // Columns from 0; NULL is "" and 0.
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    Database* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
    int failure_ = 0;
};

class Database {
  public:
    // WAL, synchronous=FULL; made with mode 0600 where missing.
    static Expected<std::unique_ptr<Database>> open(const std::string& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Is there a file that is no database, or one whose pages contradict each other? Reads all of
    // it.
    static bool is_damaged(const std::string& path);

    Expected<void> execute(const std::string& sql);  // one or more statements without parameters
    // The Statement must not outlive the database.
    Expected<Statement> prepare(std::string_view sql);

    // Nested calls join the outer transaction; only the outermost commit reaches the disk. A nested
    // roll_back() undoes all of it, and everything until the outermost end is an Error then.
    Expected<void> begin();
    Expected<void> commit();
    void roll_back();

  private:
    friend class Statement;
    Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
    void give_back(sqlite3_stmt* statement);
    Error error(const std::string& doing) const;
    bool lost() const;
    Error lost_error() const;

    sqlite3* db_;
    std::string path_;
    int depth_ = 0;
    // By their text; a text that is in use more than once at a time has several.
    std::map<std::string, std::vector<sqlite3_stmt*>, std::less<>> idle_;
};

}  // namespace lastgood::store
