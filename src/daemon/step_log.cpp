#include "daemon/step_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::daemon {
namespace {

constexpr std::size_t kCharacterBytesMax = 4;

// How many bytes at the end may be the beginning of a character of UTF-8 that isn't whole.
std::size_t half_character(std::string_view text) {
    for (std::size_t back = 1; back < kCharacterBytesMax && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xc0) == 0x80) continue;
        const std::size_t length = byte >= 0xf0 && byte <= 0xf4  ? 4
                                   : byte >= 0xe0 && byte < 0xf0 ? 3
                                   : byte >= 0xc0 && byte < 0xe0 ? 2
                                                                 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

}  // namespace

Expected<control::StepOutput> read_step_log(const std::string& path, std::uint64_t from) {
    control::StepOutput piece;
    const sys::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno == ENOENT) return piece;
    if (!file) return system_error("can't read " + path, errno);
    struct stat about {};
    if (fstat(file.get(), &about) != 0) return system_error("can't read " + path, errno);
    piece.size = static_cast<std::uint64_t>(about.st_size);
    piece.next = from;
    if (from >= piece.size) return piece;
    piece.text.resize(limits::kStepOutputPieceBytes);
    const ssize_t got =
        pread(file.get(), piece.text.data(), piece.text.size(), static_cast<off_t>(from));
    if (got < 0) return system_error("can't read " + path, errno);
    piece.text.resize(static_cast<std::size_t>(got));
    const std::size_t half = half_character(piece.text);
    if (half < piece.text.size()) piece.text.resize(piece.text.size() - half);
    piece.next = from + piece.text.size();
    return piece;
}

}  // namespace lastgood::daemon
