// What the checks found, shown as it comes, a line for each.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "lastgood/base/finding.h"

namespace lastgood::cli::diagnosis {

struct Check {
    std::string app;  // empty: of the whole
    Finding finding;
};

// "FAIL  backend remote       WHAT; MEND" and its newline. `label_width`: of app and check.
std::string line_of(const Check& check, std::size_t label_width, const Style& style);

class Report {
  public:
    // `longest_app`: of the names that will come.
    Report(const Context& context, std::size_t longest_app);

    void add(Finding finding) { add({}, std::move(finding)); }
    void add(const std::string& app, Finding finding);
    // The sum, or the JSON; the exit code.
    int end() const;

  private:
    const Context& context_;
    std::size_t label_width_;
    std::vector<Check> checks_;
};

}  // namespace lastgood::cli::diagnosis
