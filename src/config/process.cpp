#include "config/process.h"

#include <charconv>

#include "config/source.h"

namespace lastgood::config {
namespace {

constexpr int kNofileMax = 1 << 20;
constexpr int kUmaskMax = 0777;
constexpr int kCpuMax = 100'000;
constexpr std::uint64_t kMemoryMin = 1ULL << 20;
constexpr std::uint64_t kMemoryMax = 1ULL << 50;

void read_umask(const Section& section, std::optional<int>& into) {
    const auto text = section.text("umask");
    if (!text) return;
    int mask = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, mask, 8);
    if (error == std::errc{} && stop == end && mask >= 0 && mask <= kUmaskMax) {
        into = mask;
        return;
    }
    section.fault("umask", section.value("umask")->mark,
                  "expected an octal mask such as 027, not " + in_quotes(*text));
}

void read_cpu(const Section& section, std::optional<int>& into) {
    const auto text = section.text("cpu_max");
    if (!text) return;
    int percent = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, percent);
    if (error == std::errc{} && stop + 1 == end && *stop == '%' && percent >= 1 &&
        percent <= kCpuMax) {
        into = percent;
        return;
    }
    section.fault("cpu_max", section.value("cpu_max")->mark,
                  "expected percents of one CPU such as 150%, not " + in_quotes(*text));
}

void read_number(const Section& section, std::string_view key, std::optional<int>& into, int min,
                 int max) {
    if (section.value(key) == nullptr) return;
    section.number(key, into.emplace(), min, max);
}

void read_read_only_paths(const Section& section, std::vector<std::string>& into) {
    for (const auto& [path, mark] : read_texts(section, "read_only_paths")) {
        if (!path.starts_with('/')) {
            section.fault("read_only_paths", mark,
                          in_quotes(path) +
                              " must be an absolute path: a release is another "
                              "folder each time");
        } else {
            into.push_back(path);
        }
    }
}

}  // namespace

void read_process(const Section& section, App& app) {
    section.text("user", app.account.user);
    section.text("group", app.account.group);
    app.user_line = section.mark_of("user").line;
    app.user_column = section.mark_of("user").column;
    if (section.has("group") && !section.has("user")) {
        section.fault("group", section.mark_of("group"), "needs user beside it");
    }
    read_number(section, "nofile", app.limits.nofile, 3, kNofileMax);
    read_number(section, "nice", app.limits.nice, -20, 19);
    read_umask(section, app.limits.umask);
    if (section.value("memory_max") != nullptr) {
        section.size("memory_max", app.memory_max.emplace(), kMemoryMin, kMemoryMax);
    }
    read_cpu(section, app.cpu_max);
    section.flag("exit_with_app", app.exit_with_app);
    section.flag("no_new_privileges", app.limits.no_new_privileges);
    read_read_only_paths(section, app.limits.read_only_paths);
    if (app.materialise == Materialise::link && app.account.user.empty()) {
        section.fault("materialise", section.mark_of("materialise"),
                      "link needs `user`, so that the app can't write what its releases share");
    }
}

}  // namespace lastgood::config
