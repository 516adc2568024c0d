// What each query of the journal needs again: a transaction that rolls back by itself, a statement
// run with its values, and rows gathered into a list.
#pragma once

#include <vector>

#include "lastgood/store/database.h"

namespace lastgood::store {

class Transaction {
  public:
    explicit Transaction(Database& db) : db_(db), begun_(db.begin()), open_(begun_.ok()) {}
    ~Transaction() {
        if (open_) db_.roll_back();
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    [[nodiscard]] const Expected<void>& begun() const { return begun_; }
    Expected<void> commit() {
        open_ = false;
        return db_.commit();
    }

  private:
    Database& db_;
    Expected<void> begun_;
    bool open_;
};

template <typename... Values>
Expected<void> run(Database& db, std::string_view sql, const Values&... values) {
    auto statement = db.prepare(sql);
    if (!statement) return statement.error();
    (statement->bind(values), ...);
    return statement->run();
}

template <typename Row, typename Read>
Expected<std::vector<Row>> collect(Statement& statement, Read read) {
    std::vector<Row> rows;
    while (true) {
        auto more = statement.next();
        if (!more) return more.error();
        if (!*more) return rows;
        rows.push_back(read(statement));
    }
}

}  // namespace lastgood::store
