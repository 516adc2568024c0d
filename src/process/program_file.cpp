#include "process/program_file.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include "lastgood/base/strings.h"

namespace lastgood::process {
namespace {

template <typename T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
    return (size + alignment - 1) / alignment * alignment;
}

// Go's linker leaves the build's id as a note (its name "Go", its type 4).
bool has_go_note(std::string_view notes, std::uint64_t alignment) {
    constexpr Elf64_Word kGoBuildId = 4;
    constexpr std::string_view kGo("Go\0\0", 4);
    alignment = alignment == 8 ? 8 : 4;
    std::uint64_t offset = 0;
    while (const auto note = at<Elf64_Nhdr>(notes, offset)) {
        const std::string_view name = notes.substr(offset + sizeof *note);
        if (note->n_type == kGoBuildId && note->n_namesz == kGo.size() && name.starts_with(kGo)) {
            return true;
        }
        offset += sizeof *note + padded(note->n_namesz, 4) + padded(note->n_descsz, alignment);
        offset = padded(offset, alignment);
    }
    return false;
}

ProgramFile::Kind read_elf(std::string_view head, Elf64_Half machine) {
    using Kind = ProgramFile::Kind;
    constexpr unsigned char kOrder =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    const auto elf = at<Elf64_Ehdr>(head, 0);
    if (!elf) return Kind::unknown;
    if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_ident[EI_DATA] != kOrder ||
        elf->e_machine != machine) {
        return Kind::foreign;
    }
    if (elf->e_phentsize != sizeof(Elf64_Phdr)) return Kind::unknown;
    bool linked = false;
    for (std::uint64_t i = 0; i < elf->e_phnum; ++i) {
        const auto part = at<Elf64_Phdr>(head, elf->e_phoff + i * sizeof(Elf64_Phdr));
        if (!part) return Kind::unknown;
        if (part->p_type == PT_INTERP) linked = true;
        if (part->p_type != PT_NOTE || part->p_offset >= head.size()) continue;
        if (has_go_note(head.substr(part->p_offset, part->p_filesz), part->p_align)) {
            return Kind::go;
        }
    }
    return linked ? Kind::dynamic : Kind::static_linked;
}

// As the kernel reads it: the program, and all that follows as one argument.
std::vector<std::string> read_script_line(std::string_view line) {
    line = trim(line.substr(0, line.find('\n')));
    const auto space = line.find_first_of(" \t");
    std::vector<std::string> words{std::string(line.substr(0, space))};
    if (space != std::string_view::npos) words.emplace_back(trim(line.substr(space)));
    return words;
}

}  // namespace

ProgramFile read_program_head(std::string_view head, Elf64_Half machine) {
    if (head.starts_with(ELFMAG)) return {read_elf(head, machine)};
    if (!head.starts_with("#!")) return {};
    auto interpreter = read_script_line(head.substr(2));
    if (interpreter.front().empty()) return {};
    return {ProgramFile::Kind::script, std::move(interpreter)};
}

std::string program_of_env(const std::vector<std::string>& interpreter) {
    if (interpreter.size() != 2 || !interpreter.front().ends_with("/env")) return "";
    std::string_view rest = interpreter[1];
    if (rest.starts_with("-S ")) rest = trim(rest.substr(3));
    const std::string_view name = rest.substr(0, rest.find(' '));
    const bool plain = !name.starts_with('-') && name.find('=') == std::string_view::npos;
    return plain ? std::string(name) : "";
}

std::string program_of_line(std::string_view line) {
    if (line.find_first_of(";&|()<>`\n") != std::string_view::npos) return "";
    for (const std::string& word : split(line, ' ')) {
        if (word.empty() || word == "exec") continue;
        const auto equals = word.find('=');
        const bool is_variable = equals != std::string::npos && equals < word.find('/');
        if (is_variable) {
            // A value in quotes may go on in the next word.
            if (word.find_first_of("'\"\\") != std::string::npos) return "";
            continue;
        }
        const bool by_path = word.find('/') != std::string::npos;
        return by_path && word.find_first_of("'\"\\$*?[~") == std::string::npos ? word : "";
    }
    return "";
}

}  // namespace lastgood::process
