#include "lastgood/config/load.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::config {
namespace {

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Expected<std::string> read_secret(const std::string& path) {
    auto content = sys::read_file(path, limits::kSecretFileBytesMax);
    if (content || !sys::exists(path)) return content;  // how to write one is said by the reader
    return Error{content.error().what, "check who may read it, and that it is a small file"};
}

Loaded failed(const std::string& path, const std::string& message) {
    return {std::nullopt, {{path, 1, 1, message}}};
}

}  // namespace

Loaded load(const std::string& path) {
    std::error_code error;
    const auto folder = std::filesystem::current_path(error);
    if (error) return failed(path, "the current folder can't be found: " + error.message());
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        const int why = errno;
        const char* mend = why == ENOENT ? "name the file with --config FILE, or make one with: "
                                           "lastgood init"
                                         : "check its permissions and those of its folders";
        return failed(path, Error{system_error("can't read the config", why).what, mend}.text());
    }
    if (!S_ISREG(about.st_mode)) return failed(path, "is no file; name the config file itself");
    const auto text = sys::read_file(path, limits::kConfigBytesMax);
    if (!text) {
        const std::string mend = text.error().mend.empty()
                                     ? "check who may read it, and that it is under 1 MB"
                                     : text.error().mend;
        return failed(path, Error{text.error().what, mend}.text());
    }
    Environment environment;
    environment.variable = own_variable;
    environment.read_secret_file = read_secret;
    environment.file_is_private = (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    environment.current_folder = folder.string();
    return parse(path, *text, environment);
}

}  // namespace lastgood::config
