// The command line read: a fault in it gets a hint.
#include "lastgood/cli/cli.h"

#include "cli/command_line.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 tried and failed, 2 wrong usage or config, 3 no daemon reached, "
    "4 refused.";

// What stands where a verb should; empty: nothing.
std::string unknown_verb(const CLI::App& program, const CLI::App& level) {
    if (level.get_require_subcommand_min() == 0 || !level.get_subcommands().empty()) return {};
    for (const std::string& word : program.remaining(true)) {
        if (!word.starts_with('-')) return word;
    }
    return {};
}

std::string nearest_verb(const std::string& word, const CLI::App& program) {
    std::vector<std::string> names;
    for (const CLI::App* verb : program.get_subcommands(
             [](const CLI::App* candidate) { return !candidate->get_group().empty(); })) {
        names.push_back(verb->get_name());
    }
    return nearest(word, names).value_or("");
}

int usage_fault(const CLI::ParseError& fault, const CLI::App& program) {
    // Help is no fault.
    if (fault.get_exit_code() == 0) return program.exit(fault);
    // `webhook` has verbs of its own; the last one that was named tells what may follow.
    const CLI::App* level = &program;
    std::string before;
    while (!level->get_subcommands().empty()) {
        before += level->get_name() + " ";
        level = level->get_subcommands().front();
    }
    const std::string named = before + level->get_name();
    std::string what = fault.what();
    std::string hint = "see: " + named + " --help";
    const std::string word = unknown_verb(program, *level);
    if (!word.empty()) {
        what = "there is no command" + named.substr(program.get_name().size()) + " " + word;
        const std::string meant = nearest_verb(word, *level);
        if (!meant.empty()) hint = "did you mean: " + named + " " + meant;
    } else if (level->get_require_subcommand_min() > 0 && program.remaining(true).empty() &&
               fault.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
        complain(std::string(trim(level->help(std::string(trim(before))))));
        return kUsage;
    }
    complain("lastgood: " + printable(what));
    complain(hint);
    return kUsage;
}

}  // namespace

int run(int argc, char** argv, const Daemon& daemon) {
    Line line;
    line.daemon = daemon;
    line.context.style = Style::of_stdout();
    CLI::App program("Puts the commit you pushed live, and keeps the last good one.", "lastgood");
    program.footer(kExitCodes);
    program
        .add_option("--config", line.context.config_option,
                    "The config file (default: $LASTGOOD_CONFIG, else "
                    "/etc/lastgood/lastgood.yaml)")
        ->type_name("FILE");
    program.set_version_flag("--version", std::string("lastgood ") + own_version());
    program.require_subcommand(1);
    Verbs verbs(program, line);  // what it adds refers to it
    verbs.add_all();
    if (argc > 2 && std::string_view(argv[1]) == kCompleteWords) {
        return complete_words(tree_of(program), {argv + 3, argv + argc});  // behind the "--"
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& fault) {
        return usage_fault(fault, program);
    }
    return line.chosen ? line.chosen() : kUsage;
}

}  // namespace lastgood::cli
