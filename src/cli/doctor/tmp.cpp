// The unit gives the daemon a /tmp of its own: what we see in ours isn't there.
#include "cli/doctor/checks.h"

namespace lastgood::cli::diagnosis {
namespace {

bool is_in_tmp(const std::string& path) {
    return path.starts_with("/tmp/") || path.starts_with("/var/tmp/");
}

void tell(const std::string& app, const std::string& key, const std::string& path, Report& report) {
    report.add(app, {"tmp", Verdict::warn,
                     key + " is " + path + ", and the daemon has a " +
                         (path.starts_with("/tmp/") ? "/tmp" : "/var/tmp") +
                         " of its own (PrivateTmp), without it",
                     "put it elsewhere, a repository into /srv/git for instance"});
}

}  // namespace

void check_tmp(const Patient& patient, Report& report) {
    if (!patient.own_tmp) return;
    for (const config::NamedFile& file : patient.config.files) {
        if (is_in_tmp(file.path)) tell({}, file.key, file.path, report);
    }
    constexpr std::string_view kFile = "file://";
    for (const config::App& app : patient.apps) {
        std::string path = app.repo;
        if (path.starts_with(kFile)) path.erase(0, kFile.size());
        if (is_in_tmp(path)) tell(app.name.str(), "repo", path, report);
    }
}

}  // namespace lastgood::cli::diagnosis
