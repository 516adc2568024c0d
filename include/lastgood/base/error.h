// What failed and how to mend it, for results of the outside world.
//
// An Error is read by a person: `what` says what happened, to which thing; `mend` says what to do
// next (may be empty). Our own mistakes are not errors but failed asserts (assert.h).
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "lastgood/base/assert.h"

namespace lastgood {

struct Error {
    std::string what;
    std::string mend;

    [[nodiscard]] std::string text() const { return mend.empty() ? what : what + "; " + mend; }
};

// Error from errno: "WHAT: strerror".
Error system_error(const std::string& what, int errno_value);

// A value or an Error. Looking at the wrong side is a bug and ends the program.
template <typename T>
class [[nodiscard]] Expected {
  public:
    Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
    Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& operator*() & {
        LG_ASSERT(ok());
        return *std::get_if<0>(&state_);
    }
    const T& operator*() const& {
        LG_ASSERT(ok());
        return *std::get_if<0>(&state_);
    }
    T&& operator*() && {
        LG_ASSERT(ok());
        return std::move(*std::get_if<0>(&state_));
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }

    [[nodiscard]] const Error& error() const {
        LG_ASSERT(!ok());
        return *std::get_if<1>(&state_);
    }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Expected<void> {
  public:
    Expected() = default;
    Expected(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT

    [[nodiscard]] bool ok() const { return !failed_; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const {
        LG_ASSERT(failed_);
        return error_;
    }

  private:
    bool failed_ = false;
    Error error_;
};

}  // namespace lastgood
